"""What is asked before a medicine is started, and what becomes of the proposal."""

from __future__ import annotations

from datetime import date

import pytest

from mappers.facts import Facts, Person, Setting, Sex, Truth
from mappers.recommendations import Activity, ActKind, Withdrawn
from tests.unit.workers.engine.patients import (
    allergy,
    evidence,
    facts,
    measured,
    medicine,
    month,
    person,
    problem,
    unread,
)
from workers.engine.apply import plan
from workers.engine.definitions import Knowledge

ACT = "start-ras-inhibitor"
DAYS = (date(2026, 1, 10), date(2026, 6, 1))
WOMAN = person(Sex.FEMALE, month(1988, 3))


def nephropathy(
    *more: object, setting: Setting = Setting.AMBULATORY, who: Person | None = None, **told: Truth
) -> Facts:
    values = [measured("urine_acr", "70", day, setting) for day in DAYS]
    known = [problem("type_2_diabetes"), problem("hypertension"), *values, *more]
    return facts(*known, who=who, **told)


POTASSIUM = measured("potassium", "4.4")


def outcome(knowledge: Knowledge, patient: Facts) -> Activity | Withdrawn | None:
    result = plan(patient, knowledge)
    found = [one for one in (*result.activities, *result.withdrawn) if one.act.key == ACT]
    return found[0] if found else None


def activity(knowledge: Knowledge, patient: Facts) -> Activity:
    found = outcome(knowledge, patient)
    assert isinstance(found, Activity)
    return found


def withdrawn(knowledge: Knowledge, patient: Facts) -> Withdrawn:
    found = outcome(knowledge, patient)
    assert isinstance(found, Withdrawn)
    return found


def test_nothing_against_it_makes_a_draft(knowledge: Knowledge):
    found = activity(knowledge, nephropathy(POTASSIUM))
    assert found.act.kind is ActKind.START_MEDICINE
    assert not found.questions


QUESTIONS = [
    ("potassium", nephropathy(), "Potassium"),
    ("pregnancy", nephropathy(POTASSIUM, who=WOMAN, lactating=Truth.FALSE), "whether there is a pregnancy"),
    ("breastfeeding", nephropathy(POTASSIUM, who=WOMAN, pregnant=Truth.FALSE), "breastfeeding"),
    ("allergy", nephropathy(POTASSIUM, allergy()), "allergy"),
    ("allergy resource", nephropathy(POTASSIUM, unread("AllergyIntolerance")), "allergy"),
    ("medicine", nephropathy(POTASSIUM, medicine()), "could not be resolved"),
    ("setting", nephropathy(POTASSIUM, setting=Setting.UNKNOWN), "hospital stay"),
]


@pytest.mark.parametrize(("name", "patient", "question"), QUESTIONS, ids=[name for name, _, _ in QUESTIONS])
def test_law_8_what_nobody_knows_makes_it_a_question(
    knowledge: Knowledge, name: str, patient: Facts, question: str
):
    found = activity(knowledge, patient)
    assert found.act.kind is ActKind.QUESTION
    assert found.act.title.startswith("To decide: Start an ACE inhibitor")
    assert any(question in text for text in found.questions)
    assert any(question in text for text in found.reasons[0].would_change)


FORBIDDEN = [
    ("pregnant", nephropathy(POTASSIUM, who=WOMAN, pregnant=Truth.TRUE), "pregnancy"),
    (
        "breastfeeding",
        nephropathy(POTASSIUM, who=WOMAN, pregnant=Truth.FALSE, lactating=Truth.TRUE),
        "breastfeeding",
    ),
    ("potassium", nephropathy(measured("potassium", "5.6")), "potassium was 5.6 mmol/L on 2026-06-01"),
    ("stenosis", nephropathy(POTASSIUM, problem("renal_artery_stenosis")), "kidney artery"),
    ("both allergies", nephropathy(POTASSIUM, allergy("lisinopril"), allergy("losartan")), "an allergy to"),
]


@pytest.mark.parametrize(("name", "patient", "because"), FORBIDDEN, ids=[name for name, _, _ in FORBIDDEN])
def test_what_another_fact_forbids_is_withdrawn_with_the_reason(
    knowledge: Knowledge, name: str, patient: Facts, because: str
):
    found = withdrawn(knowledge, patient)
    assert because in found.because
    assert "{" not in found.act.title
    assert found.reasons


def test_a_certain_danger_outweighs_what_is_not_known(knowledge: Knowledge):
    withdrawn(knowledge, nephropathy(measured("potassium", "5.6"), allergy(), medicine()))


def test_an_allergy_to_one_class_leaves_the_other(knowledge: Knowledge):
    found = activity(knowledge, nephropathy(POTASSIUM, allergy("lisinopril")))
    assert found.act.title == "Start an angiotensin receptor blocker"
    assert "Left out: an allergy to an ACE inhibitor is recorded." in found.reasons[0].sentence


def test_an_intolerance_is_called_one(knowledge: Knowledge):
    found = activity(knowledge, nephropathy(POTASSIUM, allergy("lisinopril", intolerance=True)))
    assert "an intolerance to an ACE inhibitor" in found.reasons[0].sentence


def test_an_allergy_that_is_over_or_to_something_else_stands_against_nothing(knowledge: Knowledge):
    patient = nephropathy(POTASSIUM, allergy("lisinopril", active=False), allergy("penicillin v"))
    assert activity(knowledge, patient).act.title.startswith("Start an ACE inhibitor or")


@pytest.mark.parametrize("name", ["lisinopril", "losartan", "aliskiren"])
def test_what_is_taken_already_is_not_proposed(knowledge: Knowledge, name: str):
    assert outcome(knowledge, nephropathy(POTASSIUM, medicine(name))) is None


def test_what_was_stopped_is_not_taken(knowledge: Knowledge):
    patient = nephropathy(POTASSIUM, medicine("lisinopril", stopped=date(2026, 6, 1)))
    assert activity(knowledge, patient).act.kind is ActKind.START_MEDICINE


def test_law_9_a_question_rests_on_what_the_guard_read_too(knowledge: Knowledge):
    found = activity(knowledge, nephropathy(POTASSIUM, allergy()))
    assert evidence("AllergyIntolerance", "unread") in found.reasons[0].evidence


def test_law_7_a_guard_that_turns_is_a_day_to_look(knowledge: Knowledge):
    values = [measured("urine_acr", "70", day) for day in (date(2026, 3, 1), date(2026, 6, 10))]
    old = measured("potassium", "4.4", date(2025, 7, 1))
    patient = facts(
        problem("type_2_diabetes"), problem("hypertension"), *values, old, measured("hba1c", "6.0")
    )
    assert plan(patient, knowledge).next_look == date(2026, 7, 2)
