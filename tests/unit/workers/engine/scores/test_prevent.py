"""PREVENT: which model is taken, what it needs, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from workers.engine.scores.score import answer
from workers.engine.scores.table import SCORES

PREVENT = SCORES["prevent"]
SOMEBODY: dict[str, Any] = {
    "age": 52,
    "sex": "female",
    "sbp": 128,
    "bp_tx": False,
    "total_c": 201,
    "hdl_c": 51,
    "statin": False,
    "dm": False,
    "smoking": False,
    "egfr": 88,
    "bmi": 27.1,
}


@pytest.mark.parametrize(
    ("known", "model"),
    [
        ({}, "base"),
        ({"hba1c": 5.6}, "hba1c"),
        ({"uacr": 12}, "uacr"),
        ({"sdi": 3}, "sdi"),
        ({"hba1c": 5.6, "uacr": 12}, "full"),
        ({"hba1c": 5.6, "sdi": 3}, "full"),
        ({"uacr": 12, "sdi": 3}, "full"),
        ({"hba1c": 5.6, "uacr": 12, "sdi": 3}, "full"),
    ],
)
def test_the_model_is_the_one_that_fits_what_is_known(known: dict[str, Any], model: str):
    chosen = answer(PREVENT, {**SOMEBODY, **known})
    assert chosen.notes[0] == f"model {model}, 10yr"
    assert chosen == answer(PREVENT, {**SOMEBODY, **known, "model": model, "horizon": "10yr"})


@pytest.mark.parametrize("model", ["hba1c", "uacr", "sdi"])
def test_a_model_is_not_asked_without_its_own_value(model: str):
    found = answer(PREVENT, {**SOMEBODY, "model": model})
    assert found.refused == f"the model {model} needs {model}"


def test_the_full_model_may_lack_one_of_its_three_values_and_not_two():
    assert answer(PREVENT, {**SOMEBODY, "model": "full", "hba1c": 5.6, "sdi": 3}).result
    assert "at least two" in str(answer(PREVENT, {**SOMEBODY, "model": "full", "hba1c": 5.6}).refused)


def test_a_model_looks_at_nothing_that_it_does_not_have():
    plain = answer(PREVENT, {**SOMEBODY, "model": "base"})
    assert answer(PREVENT, {**SOMEBODY, "model": "base", "uacr": 300, "hba1c": 9, "sdi": 9}) == plain


def test_cholesterol_is_more_than_its_part():
    found = answer(PREVENT, {**SOMEBODY, "total_c": 130, "hdl_c": 100})
    assert found.result
    assert answer(PREVENT, {**SOMEBODY, "total_c": 95, "hdl_c": 99}).refused


def test_thirty_years_after_59_bear_a_note():
    late = answer(PREVENT, {**SOMEBODY, "age": 60, "horizon": "30yr"})
    assert late.result
    assert "questionable" in late.notes[1]
    assert len(answer(PREVENT, {**SOMEBODY, "age": 59, "horizon": "30yr"}).notes) == 1
    assert len(answer(PREVENT, {**SOMEBODY, "age": 60}).notes) == 1


def test_whoever_is_older_smokes_or_has_diabetes_is_at_greater_risk():
    plain = answer(PREVENT, SOMEBODY).result
    for worse in ({"age": 62}, {"smoking": True}, {"dm": True}, {"sbp": 150}, {"egfr": 45}):
        found = answer(PREVENT, {**SOMEBODY, **worse}).result
        assert all(found[outcome] > risk for outcome, risk in plain.items() if outcome != "chd" or worse)
        assert all(0 < risk < 1 for risk in found.values())
