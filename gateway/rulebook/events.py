"""What decisions about knowledge leave in the trail: of one hospital in its log, of all in the system's."""

from __future__ import annotations

from gateway.custody.audit import Event
from gateway.custody.ids import SYSTEM, Tenant
from gateway.custody.operator import By
from gateway.custody.records import StoredVersion
from gateway.trace import SUCCESS

ADD, REMOVE, TRUST, SWITCH, RECALL = "add", "remove", "trust", "switch", "recall"
_ACTIONS = {ADD: "C", REMOVE: "D", TRUST: "U", SWITCH: "U", RECALL: "U"}


def decided(deed: str, detail: str, by: By, now: int, tenant: Tenant = SYSTEM) -> Event:
    """The event of a decision."""
    return Event(
        time=now,
        kind=f"knowledge:{deed}",
        action=_ACTIONS[deed],
        outcome=SUCCESS,
        status=200,
        client_id=str(by),
        organization=None if tenant == SYSTEM else tenant,
        user=by.user,
        detail=detail,
    )


def flagged(tenant: Tenant, row: StoredVersion, by: By, now: int) -> Event:
    """The event of looking at what a recalled rule had led to."""
    return Event(
        time=now,
        kind="knowledge:flagged",
        action="R",
        outcome=SUCCESS,
        status=200,
        client_id=str(by),
        organization=tenant,
        user=by.user,
        type=row.type,
        id=row.id,
        version=row.version,
        patient=row.compartment,
    )
