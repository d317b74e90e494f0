"""Audit events as the use cases write them: who (from the actor), what (from the deed), and how it ended."""

from __future__ import annotations

import msgspec

from gateway.auth.actor import Actor
from gateway.custody.audit import Event
from gateway.custody.ids import TENANT_COMPARTMENT, StoredId
from gateway.custody.records import StoredVersion

SUCCESS, MINOR, SERIOUS, MAJOR = "0", "4", "8", "12"
"""Outcomes, from FHIR's audit-event-outcome."""

ACTIONS = {
    "create": "C",
    "update": "U",
    "patch": "U",
    "delete": "D",
    "read": "R",
    "vread": "R",
    "history": "R",
    "search": "E",
    "everything": "E",
    "validate": "E",
    "apply": "E",
    "transaction": "E",
    "batch": "E",
    "permit": "E",
    "deny": "E",
}

GATEWAY = "careloom-gateway"
"""Who starts and stops, as the agent of the event."""

_QUERY = "query: "
_NAMES_ONLY = "parameters: "


class Deed(msgspec.Struct, frozen=True):
    """What was done, or refused, to what."""

    interaction: str
    type: str | None = None
    id: StoredId | None = None
    version: int | None = None
    patient: StoredId | None = None
    digest: bytes | None = None
    status: int = 200
    outcome: str = SUCCESS
    detail: str | None = None


def event(actor: Actor, deed: Deed, now: int) -> Event:
    """One event of a REST interaction by this actor."""
    return Event(
        time=now,
        kind=f"rest:{deed.interaction}",
        action=ACTIONS[deed.interaction],
        outcome=deed.outcome,
        status=deed.status,
        client_id=actor.client_id,
        organization=actor.organization,
        user=actor.user,
        purpose=actor.purpose,
        type=deed.type,
        id=deed.id,
        version=deed.version,
        patient=deed.patient,
        digest=deed.digest,
        address=actor.address,
        request_id=actor.request_id,
        detail=deed.detail,
    )


def decided(actor: Actor, deed: Deed, now: int) -> Event:
    """What a patient's Consents say to this actor: a permit or a deny, and the Consent that it rests on."""
    return msgspec.structs.replace(event(actor, deed, now), kind=f"consent:{deed.interaction}")


def asked(query: str) -> str:
    """The detail of a search: what was asked, in a form that names nobody."""
    return _QUERY + query


def query_of(detail: str | None) -> str | None:
    """The query in the detail of a search; of an event of an earlier release the names of its parameters."""
    if detail is None:
        return None
    if detail.startswith(_NAMES_ONLY):
        return "&".join(f"{name}=***" for name in detail.removeprefix(_NAMES_ONLY).split())
    return detail.removeprefix(_QUERY) if detail.startswith(_QUERY) else None


def of_row(interaction: str, row: StoredVersion, status: int, outcome: str = SUCCESS) -> Deed:
    """The reading of one stored version."""
    return Deed(interaction, row.type, row.id, row.version, patient_of(row), status=status, outcome=outcome)


def activity(deed: str, now: int, detail: str, outcome: str = SUCCESS) -> Event:
    """A gateway process began or ended: ``deed`` is ``start``, ``stop`` or ``hang``."""
    return Event(
        time=now,
        kind=f"system:{deed}",
        action="E",
        outcome=outcome,
        status=200,
        client_id=GATEWAY,
        detail=detail,
    )


def patient_of(row: StoredVersion) -> StoredId | None:
    """Whose data a row holds; None for the tenant's own compartment."""
    return None if row.compartment == TENANT_COMPARTMENT else row.compartment
