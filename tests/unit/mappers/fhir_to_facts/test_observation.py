"""Observations become numbers in one unit, answers in our own words, or say why not."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from mappers.codes import LOINC, SNOMED, UCUM
from mappers.facts import Setting
from mappers.fhir_to_facts.observation import ABSENT
from tests.unit.mappers.fhir_to_facts.chart import MASKED, asked, code, lab, pressure, read, resource


def troubles(known):
    return [f"{one.what} {one.reason}" for one in known.unreadable]


def test_a_laboratory_value_is_a_measurement_with_its_evidence():
    known = read(lab("4548-4", "7.20", "%", on="2026-05-01T08:00:00+02:00", id="a"))
    (one,) = known.measurements
    assert (one.analyte, one.value, one.unit, one.when) == ("hba1c", Decimal("7.20"), "%", date(2026, 5, 1))
    assert str(one.value) == "7.20"
    assert one.evidence.reference == "Observation/a/_history/1"
    assert one.code == "4548-4"
    assert one.setting is Setting.UNKNOWN


def test_a_panel_gives_both_pressures_under_one_evidence():
    known = read(pressure(150, 95, on="2026-05-01", id="bp"))
    assert {(one.analyte, one.value) for one in known.measurements} == {
        ("systolic_bp", 150),
        ("diastolic_bp", 95),
    }
    assert {one.evidence.reference for one in known.measurements} == {"Observation/bp/_history/1"}


def test_the_panel_of_2019_is_read_by_its_components_too():
    known = read(pressure(150, 95, on="2026-05-01", code=code(LOINC, "55284-4")))
    assert len(known.measurements) == 2


@pytest.mark.parametrize("status", ["final", "amended", "corrected", "preliminary"])
def test_a_result_that_stands_counts(status):
    assert read(lab("2160-0", "1.1", "mg/dL", on="2026-05-01", status=status)).measurements


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled", "registered", "unknown"])
def test_a_result_that_does_not_stand_is_set_aside(status):
    known = read(lab("2160-0", "1.1", "mg/dL", on="2026-05-01", status=status))
    assert not known.measurements
    assert [one.reason for one in known.set_aside] == ["has a status that makes it no evidence"]


@pytest.mark.parametrize(
    ("observation", "trouble"),
    [
        (lab("4548-4", "7.2", None, on="2026-05-01"), "HbA1c of 2026-05-01 has no unit"),
        (
            lab("4548-4", "7.2", "mg/dL", on="2026-05-01"),
            "HbA1c of 2026-05-01 has a unit that is not known for it",
        ),
        (lab("4548-4", "720", "%", on="2026-05-01"), "HbA1c of 2026-05-01 is outside of what is possible"),
        (lab("4548-4", "7.2", "%", on=None), "HbA1c has no date"),
        (lab("4548-4", "7.2", "%", on="2026-05-21"), "HbA1c of 2026-05-21 is dated after today"),
        (
            lab("4548-4", "7.2", "%", on="2026-05-01", valueQuantity={"unit": "%"}),
            "HbA1c of 2026-05-01 has no value",
        ),
        (
            resource(
                "Observation",
                status="final",
                code=code(LOINC, "4548-4"),
                effectiveDateTime="2026-05",
                dataAbsentReason=code(
                    "http://terminology.hl7.org/CodeSystem/data-absent-reason", "not-performed"
                ),
            ),
            "HbA1c of 2026-05-01 was not done",
        ),
        (
            resource(
                "Observation",
                status="final",
                code=code(LOINC, "4548-4"),
                effectiveDateTime="2026-05-01",
                _valueString=MASKED,
            ),
            "HbA1c of 2026-05-01 has a value that is no number with a unit",
        ),
        (
            asked("72166-2", SNOMED, "1", on="2026-05-01"),
            "Smoking status of 2026-05-01 has an answer that is not known",
        ),
    ],
)
def test_what_cannot_be_read_says_why(observation, trouble):
    known = read(observation)
    assert troubles(known) == [trouble]
    assert not known.measurements


def test_law_7_a_value_dated_after_today_becomes_evidence_on_its_day():
    later = lab("4548-4", "7.2", "%", on="2026-05-21")
    assert read(later).turns == (date(2026, 5, 21),)
    assert read(later, on=date(2026, 5, 21)).measurements


def test_a_comparator_is_kept():
    quantity = {"value": 5, "comparator": "<", "system": UCUM, "code": "mg/g"}
    (one,) = read(lab("9318-7", 5, None, on="2026-05-01", valueQuantity=quantity)).measurements
    assert (one.value, one.comparator) == (5, "<")


def test_a_printed_unit_serves_where_no_code_was_sent():
    quantity = {"value": 88, "unit": " mmHg "}
    (one,) = read(lab("8462-4", 88, None, on="2026-05-01", valueQuantity=quantity)).measurements
    assert one.unit == "mm[Hg]"


def test_a_unit_code_of_a_foreign_system_is_not_taken_for_ucum():
    quantity = {"value": 88, "code": "%", "system": "http://example.org"}
    assert troubles(read(lab("4548-4", 88, None, on="2026-05-01", valueQuantity=quantity))) == [
        "HbA1c of 2026-05-01 has no unit"
    ]


def test_the_end_of_a_period_is_when_a_value_was_known():
    body = lab("9318-7", 5, "mg/g", on=None, effectivePeriod={"start": "2026-04-30", "end": "2026-05-01"})
    assert read(body).measurements[0].when == date(2026, 5, 1)


def test_issued_serves_where_nothing_says_when():
    body = lab("9318-7", 5, "mg/g", on=None, issued="2026-05-02T10:00:00Z")
    assert read(body).measurements[0].when == date(2026, 5, 2)


def test_a_score_may_be_an_integer():
    body = resource(
        "Observation",
        status="final",
        code=code(LOINC, "44261-6"),
        effectiveDateTime="2026-05-01",
        valueInteger=12,
    )
    assert read(body).measurements[0].value == 12


@pytest.mark.parametrize(
    ("kind", "setting"),
    [
        ("AMB", Setting.AMBULATORY),
        ("VR", Setting.AMBULATORY),
        ("IMP", Setting.INPATIENT),
        ("OBSENC", Setting.INPATIENT),
        ("EMER", Setting.EMERGENCY),
        ("PRENC", Setting.UNKNOWN),
    ],
)
def test_the_encounter_gives_the_setting(kind, setting):
    visit = resource("Encounter", id="e", status="finished", **{"class": {"code": kind}})
    body = lab("2160-0", "1.1", "mg/dL", on="2026-05-01", encounter={"reference": "Encounter/e"})
    assert read(visit, body).measurements[0].setting is setting


def test_an_encounter_entered_in_error_tells_nothing():
    visit = resource("Encounter", id="e", status="entered-in-error", **{"class": {"code": "AMB"}})
    body = lab("2160-0", "1.1", "mg/dL", on="2026-05-01", encounter={"reference": "Encounter/e"})
    assert read(visit, body).measurements[0].setting is Setting.UNKNOWN


def test_the_hour_orders_the_values_of_one_day():
    later = lab("2160-0", "1.2", "mg/dL", on="2026-05-01T13:00:00-05:00", id="a")
    earlier = lab("2160-0", "1.1", "mg/dL", on="2026-05-01T18:00:00+02:00", id="b")
    assert [str(one.value) for one in read(later, earlier).history("creatinine")] == ["1.1", "1.2"]


@pytest.mark.parametrize(
    ("system", "answer", "value"),
    [(LOINC, "LA18978-9", "never"), (SNOMED, "8517006", "former"), (SNOMED, "449868002", "current")],
)
def test_smoking_is_an_answer_in_our_own_words(system, answer, value):
    assert read(asked("72166-2", system, answer, on="2026-05-01")).finding("smoking_status").value == value


def test_the_newest_answer_counts():
    known = read(
        asked("72166-2", SNOMED, "8517006", on="2026-05-01"),
        asked("72166-2", SNOMED, "449868002", on="2020-05-01"),
    )
    assert known.finding("smoking_status").value == "former"


def test_a_code_without_use_is_set_aside():
    assert [one.reason for one in read(lab("6273-7", 1, "kU/L", on="2026-05-01")).set_aside] == [
        "has a code that is not used yet"
    ]


@pytest.mark.parametrize("reason", sorted(ABSENT))
def test_each_reason_for_absence_is_told_in_our_own_words(reason: str):
    absent = code("http://terminology.hl7.org/CodeSystem/data-absent-reason", reason)
    body = lab("2160-0", 0, None, on="2026-05-01", dataAbsentReason=absent)
    del body["valueQuantity"]
    (told,) = read(body).unreadable
    assert (told.what, told.reason) == ("Creatinine of 2026-05-01", ABSENT[reason])


def test_every_code_of_r4_for_absence_has_words():
    assert len(ABSENT) == 15
    assert len(set(ABSENT.values())) == 15
