"""Questions as they come, and answers as they are promised."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.engine.calc import IDS, calculate

KEYS = {"id", "result", "band", "missing", "refused"}
SOMEBODY = {"age": 60, "sex": "female", "creatinine": 1.0}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def test_a_score_answers_with_result_and_band():
    assert calculate({"id": "ckd_epi_2021", "input": SOMEBODY}) == {
        "id": "ckd_epi_2021",
        "result": {"egfr": 64.495},
        "band": "G2",
        "missing": [],
        "refused": None,
    }


def test_a_phenotype_answers_with_its_three_names():
    found = calculate({"id": "phenotype", "gene": "CYP2D6", "alleles": ["*1", "*4"]})
    assert found["result"] == {
        "phenotype": "Intermediate Metabolizer",
        "activity_score": "1.0",
        "lookup_key": "1.0",
    }
    inner = calculate({"id": "phenotype", "input": {"gene": "CYP2D6", "alleles": "*1, *4"}})
    assert inner == found


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ({"id": "ckd_epi_2021", "input": {"age": 60}}, ["sex", "creatinine"]),
        ({"id": "ckd_epi_2021"}, ["age", "sex", "creatinine"]),
        ({"id": "phenotype", "gene": "CYP2D6"}, ["alleles"]),
        ({"id": "phenotype"}, ["gene", "alleles"]),
    ],
)
def test_what_was_not_given_is_named(question: dict[str, Any], missing: list[str]):
    found = calculate(question)
    assert (found["missing"], found["result"], found["refused"]) == (missing, {}, None)


@pytest.mark.parametrize(
    "question",
    [
        None,
        [],
        {},
        {"id": "no_such_score", "input": {}},
        {"id": 7},
        {"id": "bmi", "input": [1]},
        {"id": "bmi", "inputs": {"weight_kg": 70, "height_cm": 170}},
        {"id": "phenotype", "gene": "CYP2D6", "alleles": 4},
        {"id": "phenotype", "gene": "CYP2D6", "alleles": [4]},
        {"id": "bmi", "model": "base", "input": {"weight_kg": 70, "height_cm": 170}},
    ],
)
def test_what_is_no_question_is_refused(question: object):
    found = calculate(question)
    assert found["refused"]
    assert (found["result"], found["missing"]) == ({}, [])


@given(
    ANYTHING
    | st.fixed_dictionaries({"id": st.sampled_from(IDS)}, optional={"input": ANYTHING, "alleles": ANYTHING})
)
def test_whatever_comes_exactly_one_of_result_missing_and_refused_has_content(question: Any):
    found = calculate(question)
    assert found.keys() >= KEYS
    assert [bool(found["result"]), bool(found["missing"]), bool(found["refused"])].count(True) == 1
