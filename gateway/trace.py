"""Audit events as the use cases write them: who (from the actor), what (from the deed), and how it ended."""

from __future__ import annotations

from gateway.auth.actor import Actor
from gateway.custody.audit import Event
from gateway.custody.ids import StoredId

SUCCESS, MINOR, SERIOUS, MAJOR = "0", "4", "8", "12"
"""Outcomes, from FHIR's audit-event-outcome."""

ACTIONS = {
    "create": "C",
    "update": "U",
    "delete": "D",
    "read": "R",
    "vread": "R",
    "history": "R",
    "search": "E",
    "transaction": "E",
    "batch": "E",
}


def event(
    actor: Actor,
    interaction: str,
    now: int,
    *,
    type_: str | None = None,
    id_: StoredId | None = None,
    version: int | None = None,
    patient: StoredId | None = None,
    digest: bytes | None = None,
    status: int = 200,
    outcome: str = SUCCESS,
    detail: str | None = None,
) -> Event:
    """One event of a REST interaction by this actor."""
    return Event(
        time=now,
        kind=f"rest:{interaction}",
        action=ACTIONS[interaction],
        outcome=outcome,
        status=status,
        client_id=actor.client_id,
        organization=actor.organization,
        user=actor.user,
        purpose=actor.purpose,
        type=type_,
        id=id_,
        version=version,
        patient=patient,
        digest=digest,
        address=actor.address,
        request_id=actor.request_id,
        detail=detail,
    )
