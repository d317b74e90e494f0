"""Versions and the events of their writing, each in its own order, as two streams that run side by side.

A tenant's counter is locked before a write is numbered and its log's head before the commit, by the same
transactions: so both orders are the same, but for the entries of one transaction. So millions are compared
while a few thousand are in memory. The time that both bear tells which of the two is behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import Connection, select

from gateway.custody.ids import TENANT_SHIFT, StoredId, Tenant
from gateway.custody.tables import audit_event, version, withheld

Key = tuple[str, StoredId, int]
"""Type, stored id and version."""

REWRITE = "erasure:rewrite"
_BATCH = 1_000
_c, _v = audit_event.c, version.c


class Row(NamedTuple):
    """A stored version: ``digest`` is that of the sealed halves as they lie there, worked out anew."""

    key: Key
    time: int
    digest: bytes
    deleted: bool
    fits: bool
    """Whether the row itself says this digest, and the tenant that its number has."""


class Written(NamedTuple):
    """The event of a write."""

    key: Key
    time: int
    digest: bytes
    seq: int
    patient: StoredId | None


def rows(conn: Connection, tenant: Tenant) -> Iterator[Row]:
    """Every version of a tenant, in the order of writing."""
    columns = (_v.tenant, _v.type, _v.id, _v.version, _v.written, _v.deleted, _v.digest, _v.clinical)
    source = version.outerjoin(withheld, withheld.c.write_no == _v.write_no)
    mine = (_v.write_no >= tenant << TENANT_SHIFT, _v.write_no < tenant + 1 << TENANT_SHIFT)
    query = select(*columns, withheld.c.sealed).select_from(source).where(*mine).order_by(_v.write_no)
    with conn.execute(query.execution_options(yield_per=_BATCH)) as result:
        for owner, type_, id_, number, written, deleted, told, clinical, sealed in result:
            digest = sha256((clinical or b"") + (sealed or b"")).digest()
            fits = told == digest and owner == tenant
            yield Row((type_, StoredId(id_), number), written, digest, bool(deleted), fits)


def written(conn: Connection, log: Tenant, first: int) -> Iterator[Written]:
    """The events of a log by which versions came to be, from ``first`` on."""
    columns = (_c.type, _c.id, _c.version, _c.time, _c.digest, _c.seq, _c.patient)
    query = select(*columns).where(_c.log == log, _c.seq >= first, _c.kind != REWRITE)
    query = query.where(_c.digest.is_not(None), _c.version.is_not(None), _c.id.is_not(None))
    with conn.execute(query.order_by(_c.seq).execution_options(yield_per=_BATCH)) as result:
        for type_, id_, number, time, digest, seq, patient in result:
            yield Written((type_, StoredId(id_), number), time, digest, seq, patient)


def in_step(one: Iterator[Row], other: Iterator[Written]) -> Iterator[Row | Written]:
    """Both streams as one: always the next of the one that is behind."""
    row, event = next(one, None), next(other, None)
    while row is not None or event is not None:
        if event is None or (row is not None and row.time <= event.time):
            assert row is not None
            yield row
            row = next(one, None)
        else:
            yield event
            event = next(other, None)
