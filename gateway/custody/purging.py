"""Deleting rows for good: versions with everything that hangs on them, and what is left of a resource.

Only the trusted side can: workers have no right to delete. Whoever calls holds the tenant's counter, writes
the audit events in the same transaction, and says what becomes of the heads. The statements keep the order
of locks (docs/data-model.md). SQLite overwrites what is deleted (``secure_delete``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Table, delete, select

from gateway.custody.database import in_batches
from gateway.custody.ids import StoredId, Tenant, WriteNo
from gateway.custody.records import Ref, each_type
from gateway.custody.tables import (
    identity_range,
    identity_token,
    link,
    patient_link,
    record,
    search_range,
    search_token,
    version,
    withheld,
    write_counter,
)

_BY_NUMBER = (version, withheld, patient_link, search_token, search_range, identity_token, identity_range)


def hold_writers(conn: Connection, tenant: Tenant) -> None:
    """Lock the tenant's counter until the transaction ends: whatever is read now stays so."""
    conn.execute(select(write_counter.c.last).where(write_counter.c.tenant == tenant).with_for_update())


def numbers_of(conn: Connection, tenant: Tenant, refs: Iterable[Ref]) -> dict[Ref, list[WriteNo]]:
    """The write numbers of every version of these resources, oldest first."""
    found: dict[Ref, list[WriteNo]] = {}
    columns = select(version.c.type, version.c.id, version.c.write_no).order_by(version.c.write_no)
    for where in each_type(version, tenant, refs):
        for type_, id_, number in conn.execute(columns.where(where)):
            found.setdefault((type_, StoredId(id_)), []).append(WriteNo(number))
    return found


def delete_versions(conn: Connection, numbers: Sequence[WriteNo]) -> None:
    """These versions: both halves, links to patients and search rows. Their heads are the caller's."""
    for table in _BY_NUMBER:
        for batch in in_batches(numbers):
            conn.execute(delete(table).where(table.c.write_no.in_(batch)))


def delete_beside(conn: Connection, numbers: Sequence[WriteNo]) -> None:
    """Withheld halves, links to patients and search rows of versions that are about to be written anew."""
    for table in _BY_NUMBER[1:]:
        for batch in in_batches(numbers):
            conn.execute(delete(table).where(table.c.write_no.in_(batch)))


def delete_links(conn: Connection, tenant: Tenant, refs: Iterable[Ref]) -> None:
    """The ways back to the ids that an EHR gave these resources."""
    _delete(conn, link, tenant, refs)


def delete_heads(conn: Connection, tenant: Tenant, refs: Iterable[Ref]) -> None:
    """The heads of resources of which no version is left: as if they had never been."""
    _delete(conn, record, tenant, refs)


def _delete(conn: Connection, table: Table, tenant: Tenant, refs: Iterable[Ref]) -> None:
    for where in each_type(table, tenant, refs):
        conn.execute(delete(table).where(where))
