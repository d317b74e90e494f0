"""Legal holds: what must not be deleted, whatever a rule or a request says, until the last hold is released.

A hold keeps one patient or, with sixteen zero bytes for a patient, a whole tenant. Who places one holds the
tenant's counter first, as who deletes does: once it is placed, no deletion is under way any more. A hold on
one record holds every record that is said to be the same person's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, case, func, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.custody.ids import TENANT_COMPARTMENT, StoredId, Tenant
from gateway.custody.merges import UNDONE
from gateway.custody.purging import hold_writers
from gateway.custody.tables import legal_hold, patient_merge, record

_h, _m = legal_hold.c, patient_merge.c
KINDS = {
    "LIT": "litigation",
    "REG": "regulator",
    "INV": "investigation",
    "AUDIT": "audit",
    "CPL": "complaint",
    "OTHER": "other, told elsewhere",
}
"""What a reason begins with; a number of the case may follow, of at most four digits twice."""
_REASON = re.compile(rf"({'|'.join(KINDS)})(-[0-9]{{1,4}}){{0,2}}")

WHOLE_TENANT = TENANT_COMPARTMENT
"""For a patient: everybody."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How many patients of a tenant one reason holds; ``whole`` when it holds all of them."""

    tenant: Tenant
    reason: str
    patients: int
    whole: bool


def is_reason(text: str) -> bool:
    """Whether this is a reason's code, which nobody's name or number fits: the trail keeps it for ever."""
    return _REASON.fullmatch(text) is not None


def place(conn: Connection, tenant: Tenant, patient: StoredId, reason: str, now: int) -> bool:
    """Hold a patient, or a whole tenant; False when this hold stands already."""
    hold_writers(conn, tenant)
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    row = {"tenant": tenant, "patient": patient, "reason": reason, "since": now}
    placed = dialect.insert(legal_hold).values(row).on_conflict_do_nothing()
    return conn.execute(placed.returning(_h.since)).first() is not None


def release(conn: Connection, tenant: Tenant, patient: StoredId, reason: str, now: int) -> bool:
    """End this hold; False when none stands."""
    mine = and_(_h.tenant == tenant, _h.patient == patient, _h.reason == reason, _h.until.is_(None))
    return conn.execute(update(legal_hold).where(mine).values(until=now)).rowcount > 0


def held(conn: Connection, tenant: Tenant, patient: StoredId) -> bool:
    """Whether anything forbids to delete what is known of this patient."""
    return bool(conn.scalar(select(_holding(tenant, literal(patient)))))


def covered(conn: Connection, tenant: Tenant, patient: StoredId) -> int:
    """How many resources a hold of this patient keeps now."""
    query = select(func.count()).select_from(record).where(record.c.tenant == tenant)
    if patient != WHOLE_TENANT:
        query = query.where(record.c.compartment == patient)
    return int(conn.scalar(query) or 0)


def free(tenant: Tenant, compartment: ColumnElement[bytes]) -> ColumnElement[bool]:
    """The condition that nothing holds what lies in a compartment.

    What belongs to no single patient is held by any hold: what is held may point at it.
    """
    return ~_holding(tenant, compartment)


def same_person(
    tenant: Tenant, one: ColumnElement[bytes], other: ColumnElement[bytes]
) -> ColumnElement[bool]:
    """Whether anybody says of two records that they are one person's (docs/merges.md)."""
    told = (_m.patient, _m.successor, _m.survivor)
    both = and_(_m.tenant == tenant, _m.state != UNDONE, one.in_(told), other.in_(told))
    return select(_m.tenant).where(both).correlate_except(patient_merge).exists()


def _holding(tenant: Tenant, compartment: ColumnElement[bytes]) -> ColumnElement[bool]:
    theirs = or_(_h.patient.in_((compartment, WHOLE_TENANT)), same_person(tenant, _h.patient, compartment))
    mine = or_(theirs, compartment == TENANT_COMPARTMENT)
    return select(_h.tenant).where(_stands(tenant), mine).correlate_except(legal_hold).exists()


def standing(conn: Connection) -> list[Standing]:
    """Every hold that stands, without saying whom it holds."""
    whole = func.sum(case((_h.patient == WHOLE_TENANT, 1), else_=0))
    query = select(_h.tenant, _h.reason, func.count(), whole).where(_h.until.is_(None))
    rows = conn.execute(query.group_by(_h.tenant, _h.reason).order_by(_h.tenant, _h.reason))
    return [Standing(Tenant(t), reason, count - all_, all_ > 0) for t, reason, count, all_ in rows]


def _stands(tenant: Tenant) -> ColumnElement[bool]:
    return and_(_h.tenant == tenant, _h.until.is_(None))
