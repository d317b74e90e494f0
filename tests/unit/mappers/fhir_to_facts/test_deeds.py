"""Procedures, immunizations and orders: what was done or is on its way."""

from __future__ import annotations

from datetime import date

import pytest

from mappers.codes import CVX, SNOMED
from tests.unit.mappers.fhir_to_facts.chart import code, read, resource, text_only


def procedure(value: str, on: str | None = "2026-05-01", status: str = "completed") -> dict:
    dated = {"performedDateTime": on} if on else {}
    return resource("Procedure", status=status, code=code(SNOMED, value), **dated)


def test_a_procedure_is_a_deed():
    (one,) = read(procedure("395142003")).deeds
    assert (one.kind, one.code, one.when) == ("procedure", "395142003", date(2026, 5, 1))


def test_a_transplant_makes_a_transplant_patient_for_good():
    (one,) = read(procedure("70536003", on="1999")).problems
    assert (one.key, one.active, one.onset) == ("kidney_transplant", True, date(1999, 1, 1))


@pytest.mark.parametrize(("on", "active"), [("2026-04-01", True), ("2025-04-01", False), (None, False)])
def test_dialysis_stands_for_ninety_days(on, active):
    (one,) = read(procedure("302497006", on)).problems
    assert (one.key, one.active) == ("dialysis", active)
    assert one.is_a("ckd")


@pytest.mark.parametrize("status", ["not-done", "entered-in-error", "preparation", "stopped"])
def test_what_was_not_done_is_set_aside(status):
    known = read(procedure("70536003", status=status))
    assert not known.deeds
    assert not known.problems
    assert len(known.set_aside) == 1


def test_an_immunization_is_a_deed():
    body = resource(
        "Immunization", status="completed", vaccineCode=code(CVX, "140"), occurrenceDateTime="2025-10-01"
    )
    assert read(body).deeds[0].kind == "immunization"


def test_an_order_that_stands_is_a_deed():
    order = resource(
        "ServiceRequest", status="active", intent="order", code=code(SNOMED, "1"), authoredOn="2026-05-01"
    )
    assert read(order).deeds[0].kind == "order"
    assert not read(order | {"intent": "proposal"}).deeds
    assert not read(order | {"status": "revoked"}).deeds


@pytest.mark.parametrize(
    "body",
    [
        resource("Procedure", status="completed", code=text_only()),
        resource("Immunization", status="completed", vaccineCode=text_only()),
        resource("ServiceRequest", status="active", intent="order", code=text_only()),
    ],
)
def test_what_is_known_only_as_text_is_unreadable(body):
    assert [one.reason for one in read(body).unreadable] == ["is known only as text"]
