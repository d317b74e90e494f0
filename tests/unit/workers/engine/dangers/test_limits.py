"""Limits by disease and kidney function: what holds, what does not, and what nobody knows."""

from __future__ import annotations

import re

import pytest

from mappers.facts import Facts, Sex, Truth
from tests.unit.workers.engine.patients import facts, measured, month, person, problem, unread
from workers.engine.apply import ENRICHERS
from workers.engine.case import Case
from workers.engine.dangers.limits import BARS, DISEASES, KIDNEY, WORDS, Limit, by_ingredient, holds, limits
from workers.engine.scores.tables import rows
from workers.engine.vocabulary import problems

BY_KEY = {one.key: one for one in limits()}
METFORMIN = BY_KEY["metformin-egfr-below-30"]
NSAID = BY_KEY["nsaid-reduced-ejection-fraction"]


def case(patient: Facts) -> Case:
    found = Case(patient)
    for enricher in ENRICHERS:
        enricher.enrich(found)
    return found


def asked(limit: Limit, *known: object, **more: object) -> Truth:
    return holds(case(facts(*known, **more)), limit).truth


@pytest.mark.parametrize("table", [KIDNEY, DISEASES])
def test_every_row_names_source_version_and_date_and_what_is_unread_says_so(table: str):
    for row in rows(table):
        assert row["source"]
        assert row["version"]
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", row["date"])
        assert row["verdict"] in WORDS
        assert row["severity"] in {"high", "moderate", "low"}
        assert row["confirmed"] in {"yes", "no"}
        assert (row["confirmed"] == "yes") is bool(row["url"])


def test_every_key_is_there_once_and_every_disease_is_known():
    assert len(BY_KEY) == len(limits())
    assert {one.problem for one in limits() if one.problem} <= problems().keys()
    assert all(one.ingredients for one in limits())
    assert WORDS.keys() > BARS
    assert "metformin" in by_ingredient()


@pytest.mark.parametrize(
    ("egfr", "truth"), [("29.9", Truth.TRUE), ("30", Truth.FALSE), ("30.1", Truth.FALSE), ("90", Truth.FALSE)]
)
def test_a_limit_of_the_kidney_is_exact(egfr: str, truth: Truth):
    assert asked(METFORMIN, measured("egfr", egfr)) is truth


def test_a_limit_that_includes_its_number():
    eplerenone = BY_KEY["eplerenone-crcl-30"]
    weight = measured("body_weight", "72")
    # (140 - age) * 72 / (72 * 2) is 30 at an age of 80
    exactly = [weight, measured("creatinine", "2.0")]
    assert asked(eplerenone, *exactly, who=person(born=month(1946, 3))) is Truth.TRUE
    assert asked(eplerenone, *exactly, who=person(born=month(1945, 3))) is Truth.TRUE
    assert asked(eplerenone, *exactly, who=person(born=month(1947, 3))) is Truth.FALSE


@pytest.mark.parametrize(
    ("value", "comparator", "truth"),
    [
        ("20", "<", Truth.TRUE),
        ("60", ">", Truth.FALSE),
        ("60", "<", Truth.UNKNOWN),
        ("15", ">", Truth.UNKNOWN),
    ],
)
def test_law_8_a_range_answers_only_what_both_ends_answer(value: str, comparator: str, truth: Truth):
    assert asked(METFORMIN, measured("egfr", value, comparator=comparator)) is truth


def test_law_8_no_value_is_unknown_and_says_what_is_missing():
    found = holds(case(facts()), METFORMIN)
    assert found.truth is Truth.UNKNOWN
    assert "eGFR not older than 1 year" in found.missing
    crcl = holds(case(facts(measured("creatinine", "1.0"))), BY_KEY["nitrofurantoin-crcl-below-60"])
    assert "Body weight" in " ".join(crcl.missing)


def test_dialysis_is_below_every_limit():
    assert asked(METFORMIN, problem("dialysis")) is Truth.TRUE


def test_no_limit_holds_under_18():
    child = person(born=month(2012, 3))
    assert asked(METFORMIN, measured("egfr", "20"), who=child) is Truth.FALSE
    assert asked(METFORMIN, measured("egfr", "20"), who=person(Sex.MALE, None)) is Truth.UNKNOWN


def test_a_disease_holds_is_absent_or_cannot_be_told():
    epilepsy = BY_KEY["bupropion-epilepsy"]
    assert asked(epilepsy, problem("epilepsy")) is Truth.TRUE
    assert asked(epilepsy) is Truth.FALSE
    assert asked(epilepsy, unread("Condition")) is Truth.UNKNOWN
    assert asked(BY_KEY["triptan-stroke"], problem("ischaemic_stroke")) is Truth.TRUE


def test_a_failing_heart_is_asked_for_its_ejection_fraction():
    failing = problem("heart_failure")
    assert asked(NSAID, failing) is Truth.UNKNOWN
    assert asked(NSAID, failing, measured("lvef", "40")) is Truth.TRUE
    assert asked(NSAID, failing, measured("lvef", "41")) is Truth.FALSE
    assert asked(NSAID, problem("reduced_ejection_fraction")) is Truth.TRUE
    assert asked(NSAID, measured("lvef", "30")) is Truth.FALSE
