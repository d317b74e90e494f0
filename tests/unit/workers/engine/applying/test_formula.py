"""Conditions answer true, false or unknown, and codes are found by an index as by FHIRPath itself."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappers.facts import Truth
from mappers.fhir_to_facts import Opened, facts
from workers.engine.applying.formula import condition
from workers.engine.applying.record import Record, plain
from workers.engine.applying.statement import Confused, compiled
from workers.engine.applying.world import VARIABLES, Variable, World, names_of
from workers.engine.grammar import ExpressionFault

TODAY = date(2026, 11, 22)
LOINC = "http://loinc.org"
PATIENT: dict[str, Any] = {"resourceType": "Patient", "id": "p", "gender": "female", "birthDate": "1961-03"}


def observation(number: int, code: str = "4548-4", value: int = 8, system: str = LOINC) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": f"o{number}",
        "status": "final",
        "code": {"coding": [{"system": system, "code": code}]},
        "subject": {"reference": "Patient/p"},
        "effectiveDateTime": "2026-10-01",
        "valueQuantity": {"value": value, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"},
    }


def world(*resources: dict[str, Any]) -> World:
    opened = [Opened(f"{one['resourceType']}/{one['id']}/_history/1", one) for one in (PATIENT, *resources)]
    return World(Record(opened), names_of(facts(opened, TODAY)), TODAY, {"patient": Variable(plain(PATIENT))})


def truth(text: str, *resources: dict[str, Any]) -> Truth:
    return condition(text, VARIABLES).ask(world(*resources)).truth


T, F, U = "Patient.gender = 'female'", "Patient.gender = 'male'", "Patient.active"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (T, Truth.TRUE),
        (F, Truth.FALSE),
        (U, Truth.UNKNOWN),
        (f"{F} and %hba1c.value > 1", Truth.FALSE),
        (f"{T} and %hba1c.value > 1", Truth.UNKNOWN),
        (f"{T} or %hba1c.value > 1", Truth.TRUE),
        (f"{F} or %hba1c.value > 1", Truth.UNKNOWN),
        (f"{F} implies %hba1c.value > 1", Truth.TRUE),
        (f"{T} implies %hba1c.value > 1", Truth.UNKNOWN),
        (f"{T} xor %sex = 'male'", Truth.TRUE),
        (f"({T} and %hba1c.value > 1).not()", Truth.UNKNOWN),
        (f"({F} and %hba1c.value > 1).not()", Truth.TRUE),
        ("%encounter.status = 'finished'", Truth.UNKNOWN),
        ("Patient.birthDate <= @1961-03-15", Truth.UNKNOWN),
        ("Patient.birthDate <= %today - 60 years", Truth.TRUE),
        ("Condition.exists()", Truth.FALSE),
    ],
)
def test_law_8_statements_are_joined_as_kleene_says(text: str, expected: Truth):
    assert truth(text) is expected


def test_law_8_what_is_missing_is_named_and_a_confused_answer_is_an_error():
    asked = condition(f"{T} and %hba1c.value > 1", VARIABLES).ask(world())
    assert asked.missing == ("HbA1c",)
    with pytest.raises(Confused):
        condition("Patient.active", VARIABLES).ask(world({**PATIENT, "id": "q", "active": "yes"}))


def test_law_7_a_comparison_with_today_holds_until_tomorrow():
    asked = condition("Patient.birthDate <= %today - 60 years", VARIABLES).ask(world())
    assert asked.until == date(2026, 11, 23)
    assert condition(T, VARIABLES).ask(world()).until is None


def test_law_8_what_cannot_be_read_is_not_taken_for_absent():
    hidden = observation(1)
    del hidden["valueQuantity"]
    absent = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
    hidden["_valueString"] = {"extension": [{"url": absent, "valueCode": "masked"}]}
    asked = "Observation.exists(value.ofType(Quantity).value > 7)"
    assert truth(asked, hidden) is Truth.UNKNOWN
    assert truth(asked, hidden, observation(2)) is Truth.TRUE
    assert truth("Observation.exists(status = 'final')", hidden) is Truth.TRUE


@pytest.mark.parametrize(
    "text",
    ["%hba1c.value > Observation.count()", "%sex", "%hba1c.valu > 3", "%has.nothing", "Patient.gender"],
)
def test_facts_and_paths_do_not_meet_in_one_comparison_and_both_are_checked(text: str):
    with pytest.raises(ExpressionFault):
        condition(text, VARIABLES)


def test_evidence_is_what_makes_it_true():
    known = [observation(1, value=5), observation(2, value=9), observation(3, "2160-0", 9)]
    formula = condition(
        f"Observation.where(code.coding.exists(system = '{LOINC}' and code = '4548-4') "
        "and value.ofType(Quantity).value > 8).exists()",
        VARIABLES,
    )
    found = formula.evidence(world(*known))
    assert {one.reference for one in found} == {"Observation/o2/_history/1"}


CODED = st.builds(
    observation,
    st.integers(1, 99),
    st.sampled_from(["4548-4", "2160-0", "1-8"]),
    st.integers(5, 9),
    st.sampled_from([LOINC, "http://snomed.info/sct"]),
)
ASKED = [
    f"Observation.where(code.coding.exists(system = '{LOINC}' and code = '4548-4')).exists()",
    "Observation.where(code.coding.where(code = '2160-0').exists()).count() > 1",
    f"Observation.exists((status = 'final') and code.coding.exists(code = '1-8' and system = '{LOINC}'))",
    "Observation.where(code.coding.exists(code = '4548-4') and value.ofType(Quantity).value > 7).empty()",
    "Observation.where(status = 'final').exists(code.coding.exists(code = '4548-4'))",
    "Observation.where(effective.ofType(dateTime) > @2026-10-01).exists()",
    "Observation.where(effective.ofType(dateTime) >= @2026-10-01 or status = 'amended').count() < 2",
    "Observation.exists(value.ofType(Quantity).unit != '%' and effective.ofType(dateTime) <= @2026-09-30)",
    "Observation.where(value.ofType(Quantity).value = 8.0 and status = 'final').empty()",
    "Observation.count() >= 2",
]
WHEN = st.sampled_from(["2026-10", "2026-10-01", "2026-10-01T23:30:00Z", "2026-11-05T08:00:00+02:00", None])


def dated(one: dict[str, Any], when: str | None) -> dict[str, Any]:
    rest = {name: value for name, value in one.items() if name != "effectiveDateTime"}
    return rest if when is None else {**rest, "effectiveDateTime": when}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.builds(dated, CODED, WHEN), max_size=4, unique_by=lambda one: one["id"]),
    st.sampled_from(ASKED),
)
def test_the_index_answers_as_fhirpath_would(known: list[dict[str, Any]], text: str):
    assert compiled(text)([plain(one) for one in known], {}) == [truth(text, *known) is Truth.TRUE]
