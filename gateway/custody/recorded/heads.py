"""Whether the head of each resource is its newest version: who sets a head back shows an older state."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, and_, literal, or_, select

from gateway.custody.ids import StoredId, Tenant
from gateway.custody.recorded.streams import Key
from gateway.custody.tables import record, tombstone, version

_BATCH = 1_000
_r = record.c
_mine, _later = version.alias("mine"), version.alias("later")


def wrong(conn: Connection, tenant: Tenant) -> Iterator[tuple[Key, str]]:
    """The heads that lead to no version or to one that is not the newest, and resources that have no head."""
    mine = and_(_mine.c.write_no == _r.write_no, _mine.c.version == _r.version, _mine.c.id == _r.id)
    same = and_(_later.c.tenant == _r.tenant, _later.c.type == _r.type, _later.c.id == _r.id)
    newer = select(literal(1)).where(same, _later.c.version > _r.version).correlate(record).exists()
    buried = and_(tombstone.c.tenant == _r.tenant, tombstone.c.type == _r.type, tombstone.c.id == _r.id)
    closed = select(literal(1)).where(buried).correlate(record).exists()
    hidden = and_(_mine.c.deleted != _r.deleted, ~closed)
    query = select(_r.type, _r.id, _r.version).select_from(record.outerjoin(_mine, mine))
    query = query.where(_r.tenant == tenant, or_(_mine.c.write_no.is_(None), newer, hidden))
    for type_, id_, number in conn.execute(query.order_by(_r.type, _r.id)):
        yield (type_, StoredId(id_), number), "the head of the resource is not its newest version"
    headless = (
        ~select(literal(1))
        .where(_r.tenant == version.c.tenant, _r.type == version.c.type, _r.id == version.c.id)
        .correlate(version)
        .exists()
    )
    query = select(version.c.type, version.c.id, version.c.version).where(
        version.c.tenant == tenant, headless
    )
    for type_, id_, number in conn.execute(query.order_by(version.c.type, version.c.id, version.c.version)):
        yield (type_, StoredId(id_), number), "the resource of this version has no head"
