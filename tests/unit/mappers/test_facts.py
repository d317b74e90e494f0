"""The vocabulary itself: three-valued logic, ages as intervals, and what can be asked of facts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappers.facts import Age, Evidence, Facts, Finding, Measurement, Person, Problem, Setting, Sex, Truth

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
SOMEONE = Evidence("Patient/p/_history/1")


def person(born: tuple[date, date] | None) -> Person:
    return Person(SOMEONE, Sex.FEMALE, born, deceased=False)


@pytest.mark.parametrize(
    ("a", "b", "expected"), [(T, T, T), (T, F, F), (F, U, F), (U, F, F), (T, U, U), (U, U, U)]
)
def test_law_8_and(a, b, expected):
    assert a & b is expected
    assert b & a is expected


@given(st.sampled_from(Truth), st.sampled_from(Truth))
def test_law_8_or_and_not_follow_from_and(a, b):
    assert (a | b) is ~(~a & ~b)
    assert ~~a is a


def test_of():
    assert Truth.of(True) is T
    assert Truth.of(False) is F


def test_law_8_an_age_that_straddles_a_threshold_is_unknown():
    assert [Age(17, 18).at_least(years) for years in (17, 18, 19)] == [T, U, F]


@pytest.mark.parametrize(
    ("on", "age"),
    [
        (date(2026, 3, 31), Age(17, 17)),
        (date(2026, 4, 1), Age(17, 18)),
        (date(2026, 4, 29), Age(17, 18)),
        (date(2026, 4, 30), Age(18, 18)),
        (date(2008, 4, 10), Age(0, 0)),
        (date(2008, 3, 31), None),
    ],
)
def test_an_age_follows_from_the_days_on_which_one_may_be_born(on, age):
    assert person((date(2008, 4, 1), date(2008, 4, 30))).age(on) == age


def test_without_a_birth_date_there_is_no_age():
    assert person(None).age(date(2026, 1, 1)) is None


def measured(value: str, on: date) -> Measurement:
    return Measurement("hba1c", Decimal(value), "%", on, Setting.UNKNOWN, SOMEONE)


def test_facts_are_asked_by_name():
    older, newer = measured("8", date(2025, 1, 1)), measured("7", date(2026, 1, 1))
    attack = Problem("myocardial_infarction", "s", "c", True, None, SOMEONE, classes=("ascvd",))
    over = Problem("hypertension", "s", "c", False, None, SOMEONE)
    former = Finding("smoking_status", "former", date(2026, 1, 1), SOMEONE)
    known = Facts(
        date(2026, 5, 1),
        person(None),
        measurements=(older, newer),
        problems=(over, attack),
        findings=(former,),
    )
    assert known.history("hba1c") == (older, newer)
    assert known.latest("hba1c") == newer
    assert known.latest("ldl") is None
    assert known.finding("smoking_status") == former
    assert known.finding("pregnancy_status") is None
    assert known.active_problems("ascvd") == (attack,)
    assert known.active_problems("myocardial_infarction") == (attack,)
    assert known.active_problems("hypertension") == ()
