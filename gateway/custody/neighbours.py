"""What lies next to an id in the order of stored ids: any other resource of its type.

Stored ids are as if drawn by lot, so a neighbour is as large and as old as any; for one id it is always the
same. Opened in place of what is not there it takes the time that something hidden would have taken, so that
time tells nobody which of the two an id was.
"""

from __future__ import annotations

from sqlalchemy import bindparam, select

from gateway.custody import records
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.prepared import Prepared, Reading
from gateway.custody.records import StoredVersion
from gateway.custody.tables import record

_c = record.c
_NEXT = Prepared(
    select(_c.id)
    .where(
        _c.tenant == bindparam("tenant"),
        _c.type == bindparam("type"),
        _c.id > bindparam("after"),
        _c.deleted == 0,
    )
    .order_by(_c.id)
    .limit(1)
)


def beside(at: Reading, tenant: Tenant, type_: str, id_: StoredId) -> StoredVersion | None:
    """The neighbour of an id; None where there is nothing of the type."""
    for after in (id_, b""):
        for (found,) in _NEXT.rows(at, tenant=tenant, type=type_, after=after):
            return records.load(at, tenant, type_, StoredId(bytes(found)))
    return None
