"""One event: in a sentence, in its parts, as the AuditEvent that everybody else gets, and with its proof."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gateway.console import words
from gateway.console.asked import Answer, Desk, Shown, Visit, nothing_there
from gateway.console.proving import proof
from gateway.console.reading import Reading, patients_of
from gateway.custody.ids import StoredId, Tenant
from gateway.fhir.audit_event import Row, audit_event, ident
from gateway.fhir.trail_query import place_of


def show(desk: Desk, visit: Visit) -> Answer:
    """The event of an id."""
    reading = Reading(desk, visit.person.organization)
    place = place_of(visit.place["id"])
    row = None if place is None else reading.one(Tenant(place[0]), place[1])
    if row is None:
        raise nothing_there("There is no such event, or none that you may see.")
    resource = audit_event(row, reading.show, desk.settings.fhir_base, desk.called)
    names = reading.names()
    values = {
        "id": ident(row),
        "event": row.event,
        "sentence": words.sentence(row.event, replace(names, shown=_briefly(reading))),
        "facts": _facts(row, reading, names),
        "good": row.event.outcome == "0",
        "raw": json.dumps(resource, indent=2, ensure_ascii=False),
        "proof": proof(desk, row.log, row.seq),
        "neighbours": _neighbours(row),
    }
    return Shown("event.html", values, patients_of([row]), f"page: event {ident(row)}")


def _facts(row: Row, reading: Reading, names: words.Names) -> list[tuple[str, Any]]:
    event = row.event
    resource = None
    if event.type and event.id is not None:
        resource = f"{event.type}/{reading.show(event.type, event.id)}"
    organization = None if event.organization is None else names.organizations.get(event.organization)
    facts = [
        ("Patient", None if event.patient is None else reading.show("Patient", event.patient)),
        ("User", words.user_name(event)),
        ("Client", words.client_name(event, names)),
        ("Client id", event.client_id),
        ("Organization", organization),
        ("Kind", event.kind),
        ("Outcome", f"{words.OUTCOMES.get(event.outcome, event.outcome)} ({event.status})"),
        ("Purpose", words.purpose(event)),
        ("Resource", resource or event.type),
        ("Version", event.version),
        ("Address", event.address),
        ("Request", event.request_id),
        ("What was asked, or why", event.detail),
        ("Digest of what was written", event.digest.hex() if event.digest else None),
    ]
    return [(name, value) for name, value in facts if value is not None]


def _briefly(reading: Reading) -> Callable[[str, StoredId], str]:
    """The beginning of an id: the whole of it stands below."""
    return lambda type_, id_: f"{reading.show(type_, id_)[:10]}…"


def _neighbours(row: Row) -> list[tuple[str, str]]:
    before = [("Event before", f"{row.log}-{row.seq - 1}")] if row.seq else []
    return [*before, ("Event after", f"{row.log}-{row.seq + 1}")]
