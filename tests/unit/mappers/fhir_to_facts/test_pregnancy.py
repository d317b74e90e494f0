"""Pregnant, not pregnant, or not known: fresh evidence only, the newest decides."""

from __future__ import annotations

from datetime import date

import pytest

from mappers.codes import LOINC, SNOMED
from mappers.facts import Truth
from tests.unit.mappers.fhir_to_facts.chart import asked, diagnosis, patient, read, resource, verified

PREGNANT, NOT_PREGNANT, UNKNOWN = "LA15173-0", "LA26683-5", "LA4489-6"


def said(answer: str, on: str) -> dict:
    return asked("82810-3", LOINC, answer, on=on)


@pytest.mark.parametrize(
    ("chart", "truth"),
    [
        ((), Truth.UNKNOWN),
        ((said(PREGNANT, "2026-03-01"),), Truth.TRUE),
        ((said(PREGNANT, "2025-03-01"),), Truth.UNKNOWN),
        ((said(NOT_PREGNANT, "2026-05-15"),), Truth.FALSE),
        ((said(NOT_PREGNANT, "2026-03-15"),), Truth.UNKNOWN),
        ((said(UNKNOWN, "2026-05-15"),), Truth.UNKNOWN),
        ((said(PREGNANT, "2026-03-01"), said(NOT_PREGNANT, "2026-05-15")), Truth.FALSE),
        ((said(NOT_PREGNANT, "2026-05-15"), said(PREGNANT, "2026-05-15")), Truth.UNKNOWN),
        ((diagnosis("77386006", onsetDateTime="2026-02-01"),), Truth.TRUE),
        ((diagnosis("77386006", onsetDateTime="2024-02-01"),), Truth.UNKNOWN),
        ((diagnosis("77386006"),), Truth.UNKNOWN),
        ((diagnosis("77386006"), said(NOT_PREGNANT, "2026-05-15")), Truth.UNKNOWN),
        (
            (diagnosis("77386006", "resolved", onsetDateTime="2025-08-01", abatementDateTime="2026-05-10"),),
            Truth.FALSE,
        ),
        (
            (
                diagnosis("77386006", onsetDateTime="2026-05-16", verificationStatus=verified("provisional")),
                said(NOT_PREGNANT, "2026-05-15"),
            ),
            Truth.UNKNOWN,
        ),
        ((diagnosis("236886002"),), Truth.FALSE),
        ((diagnosis("236886002"), said(PREGNANT, "2026-05-01")), Truth.UNKNOWN),
    ],
)
def test_whether_a_woman_is_pregnant(chart, truth):
    assert read(patient(), *chart).pregnant is truth


def test_a_man_is_not_pregnant_unless_the_chart_says_so():
    assert read(patient(gender="male")).pregnant is Truth.FALSE
    assert read(patient(gender="male"), said(PREGNANT, "2026-05-01")).pregnant is Truth.TRUE
    birth_sex = {"url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex", "valueCode": "F"}
    assert read(patient(gender="male", extension=[birth_sex])).pregnant is Truth.UNKNOWN


def test_a_hysterectomy_as_a_procedure_counts_too():
    done = resource(
        "Procedure",
        status="completed",
        code={"coding": [{"system": SNOMED, "code": "236886002"}]},
        performedDateTime="2010",
    )
    assert read(patient(), done).pregnant is Truth.FALSE


@pytest.mark.parametrize(
    ("answer", "truth"), [("69840006", Truth.TRUE), ("413712001", Truth.TRUE), ("1", Truth.UNKNOWN)]
)
def test_breast_feeding_by_answer(answer, truth):
    assert read(patient(), asked("63895-7", SNOMED, answer, on="2026-05-01")).lactating is truth


def test_breast_feeding_as_yes_or_no():
    body = asked("63895-7", SNOMED, "1", on="2026-05-01")
    del body["valueCodeableConcept"]
    assert read(patient(), body | {"valueBoolean": False}).lactating is Truth.FALSE


def test_law_7_the_day_on_which_the_answer_grows_stale_is_known():
    known = read(patient(), said(NOT_PREGNANT, "2026-05-15"))
    assert known.turns == (date(2026, 6, 13),)
    assert read(patient(), said(NOT_PREGNANT, "2026-05-15"), on=date(2026, 6, 12)).pregnant is Truth.FALSE
    assert read(patient(), said(NOT_PREGNANT, "2026-05-15"), on=date(2026, 6, 13)).pregnant is Truth.UNKNOWN
