"""What retention leaves in a tenant's log: who said what is kept, and what went because of it."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.custody.audit import Event
from gateway.custody.expiry import Calendar, Due, Why
from gateway.custody.ids import TENANT_COMPARTMENT, StoredId, Tenant
from gateway.custody.operator import By
from gateway.trace import SUCCESS

COURIER = By("careloom-courier")
_DERIVED = "derived, and nothing left to rest on"


@dataclass(frozen=True, slots=True)
class Told:
    """A change of what is kept: its kind, FHIR's letter for it, and what it says."""

    deed: str
    action: str
    detail: str
    patient: StoredId = TENANT_COMPARTMENT
    """Sixteen zero bytes where it concerns nobody alone."""


def changed(tenant: Tenant, told: Told, by: By, now: int) -> Event:
    """The event of a rule or a hold."""
    return Event(
        time=now,
        kind=f"retention:{told.deed}",
        action=told.action,
        outcome=SUCCESS,
        status=200,
        client_id=str(by),
        organization=tenant,
        user=by.user,
        patient=None if told.patient == TENANT_COMPARTMENT else told.patient,
        detail=told.detail,
    )


def deleted(calendar: Calendar, one: Due, by: By) -> Event:
    """The event of a resource that went, or lost versions."""
    rule = calendar.rule(one.type)
    return Event(
        time=calendar.now,
        kind="retention:superseded" if one.why is Why.SUPERSEDED else "retention:deleted",
        action="D",
        outcome=SUCCESS,
        status=200,
        client_id=str(by),
        organization=calendar.tenant,
        user=by.user,
        type=one.type,
        id=one.id,
        version=one.version,
        patient=None if one.compartment == TENANT_COMPARTMENT else one.compartment,
        detail=_DERIVED if one.why is Why.REST or rule is None else str(rule),
    )
