"""What has been ordered already."""

from __future__ import annotations

from datetime import date

import pytest

from mappers.codes import SNOMED
from tests.unit.mappers.fhir_to_facts.chart import code, read, resource, text_only


def order(**elements) -> dict:
    asked = {
        "status": "active",
        "intent": "order",
        "code": code(SNOMED, "306227003"),
        "authoredOn": "2026-05-01",
    }
    return resource("ServiceRequest", **{**asked, **elements})


@pytest.mark.parametrize("status", ["active", "on-hold", "completed"])
def test_an_order_that_stands_is_a_deed(status):
    (one,) = read(order(status=status)).deeds
    assert (one.kind, one.code, one.when) == ("order", "306227003", date(2026, 5, 1))


@pytest.mark.parametrize(
    "elements", [{"intent": "proposal"}, {"intent": "plan"}, {"status": "revoked"}, {"doNotPerform": True}]
)
def test_what_does_not_stand_is_set_aside(elements):
    known = read(order(**elements))
    assert not known.deeds
    assert [one.reason for one in known.set_aside] == ["is not an order that stands"]


def test_an_order_known_only_as_text_is_unreadable():
    assert [one.reason for one in read(order(code=text_only())).unreadable] == ["is known only as text"]
