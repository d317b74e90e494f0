"""Drugs by ingredient, and whether they are being taken."""

from __future__ import annotations

from datetime import date

import pytest

from mappers.codes import RXNORM
from tests.unit.mappers.fhir_to_facts.chart import MASKED, code, prescription, read, resource, text_only

METFORMIN, LISINOPRIL_10 = "6809", "314076"


def test_a_product_code_is_its_ingredients_and_their_classes():
    (one,) = read(prescription(LISINOPRIL_10, authoredOn="2026-01-01", id="m")).medicines
    assert (one.ingredients, one.classes, one.active) == (
        ("lisinopril",),
        ("ace_inhibitor", "ras_inhibitor"),
        True,
    )
    assert one.started == date(2026, 1, 1)


def test_a_display_that_was_let_through_serves_where_the_code_does_not():
    concept = code("http://example.org", "x", "Metformin hydrochloride 500 MG Oral Tablet")
    (one,) = read(prescription(None, medicationCodeableConcept=concept)).medicines
    assert one.ingredients == ("metformin",)


def test_law_8_a_drug_that_is_not_resolved_is_kept_and_shown():
    known = read(prescription("999999999", authoredOn="2026-01-01"))
    assert known.medicines[0].ingredients is None
    assert not known.medicines[0].text_only
    assert [(one.what, one.reason) for one in known.unreadable] == [
        ("A medicine of 2026-01-01", "has ingredients that are not known")
    ]


def test_a_drug_known_only_as_text_says_so():
    (one,) = read(prescription(None, medicationCodeableConcept=text_only())).medicines
    assert one.ingredients is None
    assert one.text_only


@pytest.mark.parametrize(
    ("status", "active"),
    [("active", True), ("unknown", True), ("on-hold", False), ("completed", False), ("stopped", False)],
)
def test_the_status_of_an_order_decides(status, active):
    assert read(prescription(METFORMIN, status)).medicines[0].active is active


def test_an_order_of_unknown_status_is_shown():
    assert read(prescription(METFORMIN, "unknown")).unreadable[0].reason == "has a status that is not known"


@pytest.mark.parametrize(
    "elements",
    [
        {"status": "entered-in-error"},
        {"status": "draft"},
        {"status": "cancelled"},
        {"intent": "proposal"},
        {"intent": "plan"},
        {"doNotPerform": True},
    ],
)
def test_what_is_no_order_is_set_aside(elements):
    known = read(prescription(METFORMIN, **{"status": "active", **elements}))
    assert not known.medicines
    assert len(known.set_aside) == 1


def test_law_7_a_course_ends_with_the_last_of_its_dosages():
    ends = [{"timing": {"repeat": {"boundsPeriod": {"end": end}}}} for end in ("2026-05-01", "2026-05-25")]
    course = prescription(METFORMIN, dosageInstruction=ends)
    assert read(course).medicines[0].active
    assert read(course).turns == (date(2026, 5, 26),)
    assert not read(course, on=date(2026, 5, 26)).medicines[0].active


def test_an_end_that_never_comes_is_no_day_on_which_anything_turns():
    forever = [{"timing": {"repeat": {"boundsPeriod": {"end": "9999-12-31"}}}}]
    known = read(prescription(METFORMIN, dosageInstruction=forever))
    assert known.medicines[0].active
    assert known.turns == ()


def test_a_dosage_without_an_end_goes_on():
    doses = [{"timing": {"repeat": {"boundsPeriod": {"end": "2026-05-01"}}}}, {"asNeededBoolean": True}]
    assert read(prescription(METFORMIN, dosageInstruction=doses)).medicines[0].active


def test_a_statement_ends_with_its_period():
    body = resource(
        "MedicationStatement",
        status="active",
        medicationCodeableConcept=code(RXNORM, METFORMIN),
        effectivePeriod={"start": "2025-01-01", "end": "2026-04-30"},
    )
    assert not read(body).medicines[0].active
    assert read(body).medicines[0].stopped == date(2026, 4, 30)


def test_an_administration_is_over_when_it_was_given():
    body = resource(
        "MedicationAdministration",
        status="completed",
        medicationCodeableConcept=code(RXNORM, METFORMIN),
        effectiveDateTime="2026-05-19T08:00:00Z",
    )
    (one,) = read(body).medicines
    assert (one.active, one.started, one.stopped) == (False, date(2026, 5, 19), date(2026, 5, 19))


@pytest.mark.parametrize(("days", "active"), [(30, True), (10, False), (None, False)])
def test_a_dispense_lasts_as_long_as_its_supply(days, active):
    supply = {"daysSupply": {"value": days, "code": "d"}} if days else {}
    body = resource(
        "MedicationDispense",
        status="completed",
        medicationCodeableConcept=code(RXNORM, METFORMIN),
        whenHandedOver="2026-05-01",
        **supply,
    )
    assert read(body).medicines[0].active is active


def test_a_drug_named_by_reference_is_found_where_it_lies():
    drug = resource("Medication", id="drug", code=code(RXNORM, METFORMIN))
    named = prescription(None, medicationReference={"reference": "Medication/drug"})
    contained = prescription(
        None,
        contained=[{"resourceType": "Medication", "id": "in", "code": code(RXNORM, LISINOPRIL_10)}],
        medicationReference={"reference": "#in"},
    )
    missing = prescription(None, medicationReference={"reference": "Medication/elsewhere"})
    found = {one.ingredients for one in read(drug, named, contained, missing).medicines}
    assert found == {("metformin",), ("lisinopril",), None}


def test_a_masked_reference_leaves_the_drug_unknown():
    assert read(prescription(None, _medicationReference=MASKED)).medicines[0].ingredients is None
