"""Vaccines that were given, by code."""

from __future__ import annotations

from datetime import date

import pytest

from mappers.codes import CVX
from tests.unit.mappers.fhir_to_facts.chart import code, read, resource, text_only


def vaccine(**elements) -> dict:
    given = {"status": "completed", "vaccineCode": code(CVX, "140"), "occurrenceDateTime": "2025-10-01"}
    return resource("Immunization", **{**given, **elements})


def test_an_immunization_is_a_deed():
    (one,) = read(vaccine()).deeds
    assert (one.kind, one.system, one.code, one.when) == ("immunization", CVX, "140", date(2025, 10, 1))


@pytest.mark.parametrize("status", ["not-done", "entered-in-error"])
def test_what_was_not_given_is_set_aside(status):
    known = read(vaccine(status=status))
    assert not known.deeds
    assert len(known.set_aside) == 1


def test_a_vaccine_known_only_as_text_is_unreadable():
    assert [one.reason for one in read(vaccine(vaccineCode=text_only())).unreadable] == [
        "is known only as text"
    ]


def test_law_7_a_vaccine_to_come_becomes_a_deed_on_its_day():
    known = read(vaccine(occurrenceDateTime="2026-06-01"))
    assert not known.deeds
    assert known.turns == (date(2026, 6, 1),)
