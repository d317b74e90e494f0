"""What was done, and the problems that it proves."""

from __future__ import annotations

from datetime import date

import pytest

from mappers.codes import SNOMED
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


def test_a_procedure_known_only_as_text_is_unreadable():
    done = resource("Procedure", status="completed", code=text_only())
    assert [one.reason for one in read(done).unreadable] == ["is known only as text"]


def test_law_7_dialysis_stops_counting_on_a_known_day():
    assert read(procedure("302497006", on="2026-04-01")).turns == (date(2026, 7, 1),)
