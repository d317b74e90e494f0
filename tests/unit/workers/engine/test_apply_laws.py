"""The engine's laws, on generated patients."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mappers.facts import Facts, Measurement, Setting, Sex, Truth
from mappers.recommendations import ActKind, Plan
from tests.unit.workers.engine.patients import (
    TODAY,
    evidence,
    facts,
    measured,
    medicine,
    month,
    patients,
    person,
    persons,
    problem,
    unread,
)
from workers.engine.apply import plan
from workers.engine.cases import became
from workers.engine.definitions import Knowledge

TERATOGENS = {"start-ras-inhibitor", "start-statin-moderate", "start-statin-high"}
DAY = timedelta(days=1)
slowly = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
briefly = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))

OF_ANY_AGE = ("onc-interaction", "allergy-taken", "duplicate")
"""What is asked of a child too: the dangers between medicines."""


def timeless(result: Plan) -> Plan:
    return replace(result, as_of=TODAY, next_look=None)


@slowly
@given(patients(), st.randoms(use_true_random=False))
def test_law_7_the_order_in_which_facts_came_changes_nothing(
    knowledge: Knowledge, patient: Facts, dice: random.Random
):
    shuffled = replace(
        patient,
        **{
            name: tuple(dice.sample(getattr(patient, name), len(getattr(patient, name))))
            for name in ("measurements", "problems", "medicines", "allergies", "unreadable")
        },
    )
    assert replace(plan(shuffled, knowledge), unreadable=()) == replace(
        plan(patient, knowledge), unreadable=()
    )


@briefly
@given(patients(), st.data())
def test_law_7_no_day_before_the_next_look_changes_the_plan(
    knowledge: Knowledge, patient: Facts, data: st.DataObject
):
    today = plan(patient, knowledge)
    assert today.next_look is None or today.next_look > patient.as_of
    last = (today.next_look or patient.as_of + timedelta(days=2000)) - DAY
    between = st.integers(0, (last - patient.as_of).days)
    for ahead in {0, (last - patient.as_of).days, *data.draw(st.lists(between, max_size=6))}:
        later = plan(replace(patient, as_of=patient.as_of + timedelta(days=ahead)), knowledge)
        assert timeless(later) == timeless(today)
        # A look may turn out to have been early; it is never late, and never moves towards us.
        assert later.next_look is None or today.next_look is None or later.next_look >= today.next_look


DATED = [
    (
        "a derived value is no longer stored",
        facts(measured("creatinine", "1.0", date(2024, 8, 1))),
        date(2026, 8, 2),
    ),
    (
        "a weight too",
        facts(
            measured("body_weight", "80", date(2024, 8, 1)), measured("body_height", "180", date(2024, 8, 1))
        ),
        date(2026, 8, 2),
    ),
    (
        "the older end of a lasting value grows stale",
        facts(
            problem("ckd"),
            *(measured("egfr", "45", day) for day in (date(2024, 7, 1), date(2026, 6, 1))),
            measured("urine_acr", "5", date(2026, 6, 1)),
        ),
        date(2026, 7, 2),
    ),
    (
        "an HbA1c falls due",
        facts(problem("type_2_diabetes"), measured("hba1c", "6.5", date(2026, 6, 1))),
        date(2026, 12, 1),
    ),
    (
        "a bad HbA1c sooner",
        facts(problem("type_2_diabetes"), measured("hba1c", "8.5", date(2026, 6, 1))),
        date(2026, 9, 1),
    ),
    (
        "the fortieth birthday",
        facts(problem("type_1_diabetes"), who=person(born=month(1986, 9))),
        date(2026, 9, 1),
    ),
    (
        "its last possible day",
        facts(problem("type_1_diabetes"), who=person(born=month(1986, 6))),
        date(2026, 6, 30),
    ),
    (
        "a score turns with a birthday",
        facts(problem("atrial_fibrillation"), who=person(born=month(1961, 9))),
        date(2026, 9, 1),
    ),
    (
        "a trend ends",
        facts(*(measured("systolic_bp", "120", date(2025, month, 1)) for month in (1, 4, 8))),
        date(2026, 8, 2),
    ),
    (
        "a value grows stale",
        facts(medicine("metformin"), measured("egfr", "25", date(2026, 6, 1))),
        date(2027, 6, 2),
    ),
    (
        "a medicine ends",
        facts(medicine("metformin", stopped=date(2026, 7, 1)), measured("egfr", "25")),
        date(2026, 7, 2),
    ),
]


@pytest.mark.parametrize(("name", "patient", "day"), DATED, ids=[name for name, _, _ in DATED])
def test_law_7_the_plan_turns_on_the_day_that_it_names(
    knowledge: Knowledge, name: str, patient: Facts, day: date
):
    today = plan(patient, knowledge)
    looked = today
    while looked.next_look is not None and looked.next_look <= day and timeless(looked) == timeless(today):
        assert looked.next_look > looked.as_of
        looked = plan(replace(patient, as_of=looked.next_look), knowledge)
    assert looked.as_of == day
    assert timeless(looked) != timeless(today)


def test_law_7_the_days_on_which_the_facts_turn_are_days_to_look(knowledge: Knowledge):
    patient = replace(facts(), turns=(date(2026, 6, 1), date(2026, 8, 3), date(2026, 9, 1)))
    assert plan(patient, knowledge).next_look == date(2026, 8, 3)


@slowly
@given(patients())
def test_law_7_the_same_facts_give_the_same_plan(knowledge: Knowledge, patient: Facts):
    assert plan(patient, knowledge) == plan(patient, knowledge)


@slowly
@given(patients())
def test_facts_that_no_rule_reads_change_nothing(knowledge: Knowledge, patient: Facts):
    more = replace(
        patient,
        measurements=(*patient.measurements, measured("ferritin", "80"), measured("phq9", "4")),
        problems=(*patient.problems, problem("gout"), problem("hypothyroidism")),
    )
    assert plan(more, knowledge) == plan(patient, knowledge)


@slowly
@given(patients(persons(youngest=2009)))
def test_no_adult_rule_fires_under_18(knowledge: Knowledge, patient: Facts):
    result = plan(patient, knowledge)
    assert replace(result, issues=(), unanswered=()) == Plan(
        TODAY, (), (), (), (), (), (), (), patient.unreadable, result.next_look
    )
    asked = {one.rule.id for one in result.unanswered}
    dangers = {reason.rule.id for issue in result.issues for reason in issue.reasons}
    assert all(id_.startswith(OF_ANY_AGE) for id_ in asked | dangers)


@slowly
@given(patients())
def test_a_pregnancy_that_is_not_excluded_never_meets_a_draft_of_a_teratogen(
    knowledge: Knowledge, patient: Facts
):
    unsure = replace(
        patient, person=replace(patient.person, sex=Sex.FEMALE, born=month(1985, 1)), pregnant=Truth.UNKNOWN
    )
    unsure = replace(unsure, problems=tuple(one for one in unsure.problems if one.key != "menopause"))
    result = plan(unsure, knowledge)
    assert not [one for one in result.activities if one.act.kind is ActKind.START_MEDICINE]
    pregnant = plan(replace(unsure, pregnant=Truth.TRUE), knowledge)
    assert not TERATOGENS & {one.act.key for one in pregnant.activities}


@slowly
@given(patients())
def test_law_8_a_plan_never_grows_surer_by_losing_what_it_read(knowledge: Knowledge, patient: Facts):
    """Whatever numbers an activity of a rule with conditions on numbers rests on: without them, unknown."""
    everything = plan(patient, knowledge)
    for activity in everything.activities:
        if activity.act.kind not in {ActKind.REVIEW_MEDICINE, ActKind.REFER}:
            continue
        kept = tuple(one for one in patient.measurements if not _used(one, activity.reasons))
        if len(kept) == len(patient.measurements):
            continue
        without = plan(replace(patient, measurements=_without(patient, activity.reasons)), knowledge)
        asked = {one.rule.id for one in without.unanswered} | {
            reason.rule.id for one in without.activities for reason in one.reasons
        }
        assert {reason.rule.id for reason in activity.reasons} - {"pregnancy-teratogens"} <= asked


def _used(measurement: Measurement, reasons: tuple) -> bool:
    return any(measurement.evidence in reason.evidence for reason in reasons)


def _without(patient: Facts, reasons: tuple) -> tuple[Measurement, ...]:
    """Without every value of the analytes that the reasons rest on (creatinine gives eGFR)."""
    lost = {one.analyte for one in patient.measurements if _used(one, reasons)}
    lost |= {"creatinine", "egfr"} if lost & {"creatinine", "egfr"} else set()
    return tuple(one for one in patient.measurements if one.analyte not in lost)


OWN = ("the sending hospital", "Careloom")
"""Sources without an address: the chart itself, and what nobody else has published."""


@slowly
@given(patients())
def test_law_9_every_activity_names_its_evidence_its_source_and_what_would_change_it(
    knowledge: Knowledge, patient: Facts
):
    result = plan(patient, knowledge)
    known = {
        patient.person.evidence,
        *(
            one.evidence
            for name in ("measurements", "problems", "medicines", "allergies", "unreadable")
            for one in getattr(patient, name)
        ),
    }
    for reason in [reason for one in (*result.activities, *result.withdrawn) for reason in one.reasons]:
        source = reason.rule.source
        assert all([source.title, source.publisher, source.version, source.date, source.strength])
        assert source.url or source.publisher in OWN
        assert reason.would_change
        assert reason.evidence
        assert set(reason.evidence) <= known
        assert "{" not in reason.sentence
    for activity in result.activities:
        assert "{" not in activity.act.title


@slowly
@given(patients())
def test_no_two_activities_are_the_same_act(knowledge: Knowledge, patient: Facts):
    result = plan(patient, knowledge)
    keys = [one.act.key for one in (*result.activities, *result.withdrawn)]
    assert len(keys) == len(set(keys))


STEPS = [
    (
        "t2d",
        [problem("type_2_diabetes")],
        "hba1c",
        ("6.9", "7.0"),
        "review-glucose-lowering",
        ("absent", "review-medicine"),
    ),
    (
        "metformin",
        [medicine("metformin")],
        "egfr",
        ("45", "44.9"),
        "review-metformin",
        ("absent", "review-medicine"),
    ),
    ("confirm", [], "egfr", ("60", "59.9"), "repeat-creatinine", ("absent", "measure")),
]


@pytest.mark.parametrize(("name", "known", "analyte", "values", "act", "expected"), STEPS)
def test_the_least_step_over_a_threshold_changes_exactly_what_it_should(
    knowledge: Knowledge,
    name: str,
    known: list,
    analyte: str,
    values: tuple[str, str],
    act: str,
    expected: tuple,
):
    before, after = (plan(facts(*known, measured(analyte, value)), knowledge) for value in values)
    assert (became(before, act), became(after, act)) == expected
    changed = {one.act.key for one in before.activities} ^ {one.act.key for one in after.activities}
    assert changed == {act}


def test_values_from_a_hospital_stay_or_an_emergency_start_no_chronic_therapy(knowledge: Knowledge):
    for setting in (Setting.INPATIENT, Setting.EMERGENCY):
        values = [
            measured("urine_acr", "400", when, setting) for when in (date(2026, 1, 1), date(2026, 6, 1))
        ]
        result = plan(facts(problem("type_2_diabetes"), problem("hypertension"), *values), knowledge)
        assert became(result, "start-ras-inhibitor") == "absent"
        assert {"ras-diabetes-albuminuria"} <= {one.rule.id for one in result.unanswered}


def test_a_value_from_a_stay_in_hospital_is_set_aside_and_that_is_said(knowledge: Knowledge):
    value = measured("hba1c", "9.0", date(2026, 5, 1), Setting.INPATIENT)
    result = plan(facts(problem("type_2_diabetes"), value), knowledge)
    missing = [text for one in result.unanswered for text in one.missing]
    said = "that of 2026-05-01, from a stay in hospital or an emergency, was set aside"
    assert any(said in text for text in missing)


def test_a_value_that_no_rule_asks_for_is_counted_and_not_listed(knowledge: Knowledge):
    named = [replace(unread("Observation"), what=f"{name} of 2026-05-01") for name in ("HbA1c", "Digoxin")]
    asked = next(one for one in named if one.what.startswith("HbA1c"))
    result = plan(replace(facts(), unreadable=tuple(named)), knowledge)
    assert (result.unreadable, result.unread) == ((asked,), 1)


def test_a_creatinine_without_a_sex_asks_for_the_sex_and_not_for_a_creatinine(knowledge: Knowledge):
    known = facts(
        problem("type_2_diabetes"),
        measured("creatinine", "1.1", date(2026, 5, 1)),
        who=replace(person(), sex=Sex.UNKNOWN, birth_sex=None),
    )
    result = plan(known, knowledge)
    assert became(result, "measure-creatinine") == "absent"
    assert any("sex" in one.missing for one in result.unanswered)


def test_the_dead_have_an_empty_plan(knowledge: Knowledge):
    result = plan(facts(problem("type_2_diabetes"), who=person(deceased=True)), knowledge)
    assert result == Plan(TODAY, (), (), (), (), (), (), (), (), None)


def test_what_could_not_be_read_stands_in_the_plan(knowledge: Knowledge):
    patient = facts(unread("Observation"))
    assert plan(patient, knowledge).unreadable == patient.unreadable


def test_two_guidelines_that_propose_the_same_act_give_one_activity_with_both_reasons(knowledge: Knowledge):
    values = [measured("urine_acr", "400", when) for when in (date(2026, 1, 1), date(2026, 6, 1))]
    known = [problem("type_2_diabetes"), problem("hypertension"), measured("potassium", "4.2"), *values]
    result = plan(facts(*known), knowledge)
    (activity,) = [one for one in result.activities if one.act.key == "start-ras-inhibitor"]
    assert [reason.rule.id for reason in activity.reasons] == [
        "ras-diabetes-albuminuria",
        "ras-severe-albuminuria",
    ]
    assert activity.act.title == "Start an ACE inhibitor or an angiotensin receptor blocker"
    assert activity.problems == (
        evidence("Condition", "hypertension"),
        evidence("Condition", "type_2_diabetes"),
    )


def test_urgent_acts_come_first(knowledge: Knowledge):
    known = [
        problem("type_2_diabetes"),
        medicine("metformin"),
        measured("egfr", "25"),
        measured("hba1c", "11.0"),
    ]
    result = plan(facts(*known), knowledge)
    assert [one.act.key for one in result.activities][:3] == [
        "review-metformin",
        "review-glucose-lowering",
        "repeat-creatinine",
    ]
    assert [issue.key for issue in result.issues] == ["metformin-egfr-below-30"]
    assert result.issues[0].implicated == (evidence("MedicationRequest", "metformin"),)
