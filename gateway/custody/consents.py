"""The Consents that stand for patients: heads in their compartments, those without a clinical half, too.

A Consent that a reader cannot open is one that exists: whoever decides has to know of it.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, and_, select

from gateway.custody.database import in_batches
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.records import StoredVersion
from gateway.custody.tables import record, version

CONSENT = "Consent"

Standing = frozenset[tuple[StoredId, int]]
"""Which Consents there are, and in which version."""


def standing(conn: Connection, tenant: Tenant, patients: Iterable[StoredId]) -> list[StoredVersion]:
    """The current versions, in the order of their writing; what was deleted stands no more."""
    columns = select(version).join(record, record.c.write_no == version.c.write_no)
    rows = (
        row
        for batch in in_batches(patients)
        for row in conn.execute(columns.where(_of(tenant, batch)).order_by(version.c.write_no))
    )
    return [StoredVersion(**{**row._mapping, "deleted": bool(row.deleted)}) for row in rows]


def which(conn: Connection, tenant: Tenant, patients: Iterable[StoredId]) -> Standing:
    """The same without their content: what two moments are compared by."""
    columns = select(record.c.id, record.c.version)
    return frozenset(
        (StoredId(row.id), row.version)
        for batch in in_batches(patients)
        for row in conn.execute(columns.where(_of(tenant, batch)))
    )


def _of(tenant: Tenant, patients: list[StoredId]) -> ColumnElement[bool]:
    mine = and_(record.c.tenant == tenant, record.c.compartment.in_(patients))
    return and_(mine, record.c.type == CONSENT, record.c.deleted == 0)
