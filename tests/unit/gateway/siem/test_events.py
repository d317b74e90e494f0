"""What a SIEM is told of an event: what an officer reads of it, in one line, and nothing besides."""

from __future__ import annotations

import json

import msgspec
import pytest

from gateway.custody import audit
from gateway.custody.ids import StoredId, Tenant, pseudonym
from gateway.fhir import audit_event as mapping
from gateway.siem.events import KIND, message
from tests.unit.gateway.custody.trails import event

BASE, ORIGIN = "https://careloom.example.org/fhir", "careloom.log/0011223344556677/7"
LOG = Tenant(7)


def show(log: Tenant):
    return lambda type_, stored: f"{log}-{type_}-{pseudonym(stored)}"


def row(one: audit.Event, seq: int = 3) -> tuple:
    return (LOG, seq, *msgspec.structs.astuple(one))


def told(**more: object):
    return message(row(msgspec.structs.replace(event(1), **more)), ORIGIN, show, BASE)  # type: ignore[arg-type]


def test_the_body_is_the_audit_event_that_officers_see():
    one = event(1)
    shown = mapping.audit_event(mapping.Row(LOG, 3, one), show(LOG), BASE)
    assert json.loads(message(row(one), ORIGIN, show, BASE).body) == json.loads(json.dumps(shown))  # type: ignore[arg-type]


def test_its_place_in_the_trail_can_be_read_without_the_body():
    one = told()
    assert one.data == {"log": "7", "seq": "3", "origin": ORIGIN}
    assert (one.kind, one.time) == (KIND, event(1).time)
    assert json.loads(one.body)["id"] == "7-3"


@pytest.mark.parametrize(("outcome", "severity"), [("0", 5), ("4", 4), ("8", 3), ("12", 2), ("?", 2)])
def test_how_it_ended_is_its_severity(outcome: str, severity: int):
    assert told(outcome=outcome).severity == severity


@pytest.mark.parametrize("name", ["Dr. Åsa", "医師", "a\nb", 'quote " and \\'])
def test_the_body_is_one_line_of_ascii_whoever_is_named(name: str):
    body = told(user=name).body
    assert body.isascii()
    assert "\n" not in body
    agents = json.loads(body)["agent"]
    assert name in [agent["who"].get("identifier", {}).get("value") for agent in agents]


def test_law_2_people_are_named_as_the_log_s_own_officers_see_them():
    patient = StoredId(b"p" * 16)
    body = told(patient=patient).body
    assert f"Patient/7-Patient-{pseudonym(patient)}" in body
