"""Which problem, and whether it is active, decided once."""

from __future__ import annotations

from datetime import date

import pytest

from mappers.codes import SNOMED
from tests.unit.mappers.fhir_to_facts.chart import (
    MASKED,
    code,
    diagnosis,
    icd,
    read,
    resource,
    text_only,
    verified,
)

DIABETES, HEART_ATTACK, UNNAMED = "44054006", "22298006", "444814009"


def test_a_coded_problem_is_named_and_dated():
    (one,) = read(diagnosis(DIABETES, onsetDateTime="2020-03", id="c")).problems
    assert (one.key, one.code, one.active, one.onset) == ("type_2_diabetes", DIABETES, True, date(2020, 3, 1))
    assert one.is_a("diabetes")
    assert one.evidence.reference == "Condition/c/_history/1"


def test_the_day_of_record_serves_for_the_onset():
    assert read(diagnosis(DIABETES, recordedDate="2021-01-05")).problems[0].onset == date(2021, 1, 5)


@pytest.mark.parametrize(
    ("clinical", "active"),
    [("active", True), ("recurrence", True), ("relapse", True), (None, True)]
    + [(status, False) for status in ("inactive", "remission", "resolved")],
)
def test_clinical_status_decides(clinical, active):
    assert read(diagnosis(DIABETES, clinical)).problems[0].active is active


@pytest.mark.parametrize(
    "abatement",
    [
        {"abatementDateTime": "2026-05-19"},
        {"abatementPeriod": {"end": "2026-04"}},
        {"abatementAge": {"value": 50}},
        {"_abatementString": MASKED},
    ],
)
def test_what_has_abated_is_over(abatement):
    assert not read(diagnosis(DIABETES, None, **abatement)).problems[0].active


def test_law_7_an_abatement_to_come_turns_on_the_day_after():
    known = read(diagnosis(DIABETES, abatementDateTime="2026-05-30"))
    assert known.problems[0].active
    assert known.turns == (date(2026, 5, 31),)


def test_a_heart_attack_is_never_over():
    assert read(diagnosis(HEART_ATTACK, "resolved")).problems[0].active


@pytest.mark.parametrize("status", ["refuted", "entered-in-error"])
def test_what_is_refuted_is_no_evidence(status):
    known = read(diagnosis(HEART_ATTACK, verificationStatus=verified(status)))
    assert not known.problems
    assert len(known.set_aside) == 1


@pytest.mark.parametrize("status", ["provisional", "differential", "unconfirmed"])
def test_what_is_not_confirmed_is_shown_and_asserts_nothing(status):
    known = read(diagnosis(HEART_ATTACK, verificationStatus=verified(status)))
    assert not known.problems[0].active
    assert [(one.what, one.reason) for one in known.unreadable] == [("Heart attack", "is not confirmed")]


def test_law_8_a_problem_known_only_as_text_is_unreadable_not_absent():
    known = read(resource("Condition", code=text_only()))
    assert not known.problems
    assert [(one.what, one.reason) for one in known.unreadable] == [("A problem", "is known only as text")]


def test_a_problem_without_a_name_of_ours_keeps_its_code():
    (one,) = read(diagnosis(UNNAMED)).problems
    assert (one.key, one.system, one.code) == (None, SNOMED, UNNAMED)


def test_one_code_may_name_several_problems():
    known = read(icd("E11.22"))
    assert [one.key for one in known.problems] == ["ckd", "diabetic_kidney_disease", "type_2_diabetes"]


def test_two_codings_of_one_problem_are_one_problem():
    both = {
        "coding": code(SNOMED, DIABETES)["coding"]
        + code("http://hl7.org/fhir/sid/icd-10-cm", "E11.9")["coding"]
    }
    assert [one.key for one in read(resource("Condition", code=both)).problems] == ["type_2_diabetes"]


def test_a_system_under_its_oid_is_the_same_system():
    known = read(diagnosis(DIABETES, system="urn:oid:2.16.840.1.113883.6.96"))
    assert known.problems[0].key == "type_2_diabetes"


def test_a_problem_dated_after_today_is_none_yet():
    known = read(diagnosis(DIABETES, onsetDateTime="2026-06-01"))
    assert not known.problems
    assert known.turns == (date(2026, 6, 1),)
