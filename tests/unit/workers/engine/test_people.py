"""Diagnoses, medicines and pregnancy as rules ask about them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from mappers.facts import Facts, Person, Sex, Truth, Unreadable
from mappers.fhir_to_facts.gathered import FUTURE
from tests.unit.workers.engine.patients import (
    TODAY,
    evidence,
    facts,
    medicine,
    month,
    person,
    problem,
    unread,
)
from workers.engine.case import Case
from workers.engine.people import has, pregnancy, pregnancy_possible, sex, takes
from workers.engine.readings import Lens

LENS = Lens()


def is_(patient: Facts, key: str) -> bool | None:
    return next(iter(has(key)(Case(patient), LENS).values), None)


def taking(patient: Facts, key: str) -> bool | None:
    return next(iter(takes(key)(Case(patient), LENS).values), None)


def test_a_diagnosis_is_what_it_implies():
    patient = facts(problem("myocardial_infarction"))
    assert is_(patient, "myocardial_infarction")
    assert is_(patient, "coronary_heart_disease")
    assert is_(patient, "ascvd")
    assert is_(patient, "stroke") is False


def test_what_is_over_is_not_there():
    assert is_(facts(problem("ckd", active=False)), "ckd") is False


def test_law_8_an_unreadable_diagnosis_makes_every_absence_unknown_and_no_presence():
    patient = facts(problem("ckd"), unread("Condition"))
    assert is_(patient, "ckd") is True
    assert is_(patient, "gout") is None


def test_a_doubtful_diagnosis_is_unknown_for_itself_and_for_nothing_else():
    doubted = Unreadable(evidence("Condition", "ckd"), "Chronic kidney disease", "is not confirmed")
    patient = replace(facts(problem("ckd", active=False)), unreadable=(doubted,))
    assert is_(patient, "ckd") is None
    assert is_(patient, "gout") is False


def test_what_is_still_to_come_is_no_gap():
    coming = Unreadable(evidence("Condition", "x"), "A problem", FUTURE)
    assert is_(replace(facts(), unreadable=(coming,)), "ckd") is False


def test_a_medicine_is_known_by_ingredient_and_class():
    patient = facts(medicine("lisinopril"))
    assert taking(patient, "lisinopril")
    assert taking(patient, "ace_inhibitor")
    assert taking(patient, "ras_inhibitor")
    assert taking(patient, "arb") is False


def test_law_8_a_medicine_that_could_not_be_resolved_may_be_any():
    assert taking(facts(medicine()), "statin") is None
    assert taking(facts(medicine(), medicine("simvastatin")), "statin") is True
    assert taking(facts(medicine(active=False)), "statin") is False
    assert taking(facts(unread("MedicationRequest")), "statin") is None


def test_a_medicine_of_odd_status_that_could_be_read_is_no_gap():
    odd = Unreadable(
        evidence("MedicationRequest", "metformin"), "A medicine", "has a status that is not known"
    )
    assert taking(replace(facts(medicine("metformin")), unreadable=(odd,)), "statin") is False


def test_law_7_a_course_that_ends_says_when():
    known = takes("metformin")(Case(facts(medicine("metformin", stopped=date(2026, 7, 1)))), LENS)
    assert (known.values, known.until) == ((True,), date(2026, 7, 2))
    coming = takes("metformin")(Case(facts(medicine("metformin", started=date(2026, 7, 1)))), LENS)
    assert (coming.values, coming.until) == ((False,), date(2026, 7, 1))


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (person(Sex.MALE), Truth.FALSE),
        (person(Sex.FEMALE, month(1990, 3)), Truth.TRUE),
        (person(Sex.UNKNOWN, month(1990, 3)), Truth.TRUE),
        (person(Sex.OTHER, month(1990, 3)), Truth.TRUE),
        (person(Sex.MALE, month(1990, 3), birth_sex=Sex.FEMALE), Truth.TRUE),
        (person(Sex.FEMALE, month(1990, 3), birth_sex=Sex.MALE), Truth.TRUE),
        (person(Sex.FEMALE, None), Truth.TRUE),
        (person(Sex.FEMALE, month(2014, 7)), Truth.FALSE),
        (person(Sex.FEMALE, month(2014, 6)), Truth.UNKNOWN),
        (person(Sex.FEMALE, month(1970, 7)), Truth.TRUE),
        (person(Sex.FEMALE, month(1970, 6)), Truth.UNKNOWN),
        (person(Sex.FEMALE, month(1970, 5)), Truth.FALSE),
    ],
)
def test_where_a_pregnancy_must_be_thought_of(who: Person, expected: Truth):
    assert pregnancy_possible(facts(who=who), TODAY).truth is expected


@pytest.mark.parametrize("key", ["menopause", "hysterectomy"])
def test_menopause_and_hysterectomy_rule_it_out(key: str):
    who = person(Sex.FEMALE, month(1980, 3))
    assert pregnancy_possible(facts(problem(key), who=who), TODAY).truth is Truth.FALSE


def test_law_8_pregnancy_is_unknown_wherever_it_may_be():
    woman = person(Sex.FEMALE, month(1990, 3))
    assert pregnancy(Case(facts(who=woman))).truth is Truth.UNKNOWN
    assert pregnancy(Case(facts(who=woman, pregnant=Truth.TRUE))).truth is Truth.TRUE
    assert pregnancy(Case(facts(who=person(Sex.FEMALE, month(1970, 6))))).truth is Truth.UNKNOWN


def test_sex_is_known_where_the_record_is_of_one_mind():
    assert sex(Case(facts()), LENS).values == ("male",)
    assert sex(Case(facts(who=person(Sex.MALE, birth_sex=Sex.FEMALE))), LENS).gap == "sex"
