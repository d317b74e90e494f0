"""What changed in a tenant, newest first: versions of a type in the order of their times.

Times are those that writers read, so a write may become visible a little after one with a later time. The
order is by time and write number, which never change for a version: whoever goes on after a place meets each
version once, whatever is written meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, exists, func, select, tuple_

from gateway.custody.ids import TENANT_SHIFT, StoredId, Tenant, WriteNo, tenant_of
from gateway.custody.tables import audit_event, record, tombstone, version

_v = version.c
_SUCCESS = "0"


@dataclass(frozen=True, slots=True)
class Key:
    """A version's place in the order: when it was written, in microseconds, and its number."""

    time: int
    number: WriteNo

    def __lt__(self, other: Key) -> bool:
        return (self.time, self.number) < (other.time, other.number)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Which versions: none above ``ceiling``, none written before ``since``, all older than ``before``.

    ``current`` is a stretch of time, from its first microsecond up to the one after its last: only versions
    that were current at some moment of it, and deletions that happened in it.
    """

    ceiling: WriteNo
    since: int = 0
    before: Key | None = None
    current: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """A resource that was erased for good."""

    id: StoredId
    time: int


@dataclass(frozen=True, slots=True)
class Ref:
    """A resource and whose it is."""

    type: str
    id: StoredId
    patient: StoredId


def types(conn: Connection, tenant: Tenant) -> list[str]:
    """The types of which a tenant keeps or erased something, by one step in an index for each."""
    return sorted({*_types(conn, version, tenant), *_types(conn, tombstone, tenant)})


def _types(conn: Connection, table: Table, tenant: Tenant) -> Iterator[str]:
    last = ""
    while True:
        following = (table.c.tenant == tenant, table.c.type > last)
        found = conn.scalar(select(func.min(table.c.type)).where(*following))
        if found is None:
            return
        last = found
        yield last


def keys(conn: Connection, tenant: Tenant, type_: str, stretch: Stretch, limit: int) -> list[Key]:
    """The places of a type's versions in this stretch, newest first."""
    found = conn.execute(newest(tenant, type_, stretch, limit))
    return [Key(time, WriteNo(number)) for time, number in found]


def newest(tenant: Tenant, type_: str, stretch: Stretch, limit: int) -> Select[Any]:
    """The statement behind ``keys``: one walk down the index ``version_written``."""
    where = [_v.tenant == tenant, _v.type == type_, _v.written >= stretch.since]
    where.append(_v.write_no.between(tenant << TENANT_SHIFT, stretch.ceiling))
    if stretch.before is not None:
        place = (stretch.before.time, stretch.before.number)
        where.append(tuple_(_v.written, _v.write_no) < place)
    if stretch.current is not None:
        where.append(_was_current(*stretch.current))
    query = select(_v.written, _v.write_no).where(*where)
    return query.order_by(_v.written.desc(), _v.write_no.desc()).limit(limit)


def _was_current(start: int, end: int) -> ColumnElement[bool]:
    later = version.alias("later")
    same = and_(later.c.tenant == _v.tenant, later.c.type == _v.type, later.c.id == _v.id)
    replaced = exists().where(same, later.c.version > _v.version, later.c.written <= start)
    # Who was deleted is not current afterwards; the deletion itself is news where it happened.
    happened = (_v.deleted == 0) | (_v.written >= start)
    return and_(_v.written < end, happened, ~replaced)


def erased(conn: Connection, tenant: Tenant, type_: str, since: int) -> list[Gone]:
    """What of a type was erased since then, latest first."""
    mine = and_(tombstone.c.tenant == tenant, tombstone.c.type == type_, tombstone.c.erased >= since)
    query = select(tombstone.c.id, tombstone.c.erased).where(mine)
    rows = conn.execute(query.order_by(tombstone.c.erased.desc(), tombstone.c.id.desc()))
    return [Gone(StoredId(id_), time) for id_, time in rows]


def heads(
    conn: Connection, tenant: Tenant, types: Collection[str], compartments: Collection[StoredId] | None = None
) -> list[Ref]:
    """Which living resources of these types there are, in these compartments or in the whole tenant."""
    mine = and_(record.c.tenant == tenant, record.c.type.in_(types), record.c.deleted == 0)
    if compartments is not None:
        mine = and_(mine, record.c.compartment.in_(compartments))
    query = select(record.c.type, record.c.id, record.c.compartment).where(mine)
    return [Ref(type_, StoredId(id_), StoredId(patient)) for type_, id_, patient in conn.execute(query)]


def newest_of(
    conn: Connection, type_: str, compartments: Collection[StoredId], ceiling: WriteNo
) -> dict[StoredId, WriteNo]:
    """The number of each compartment's newest version of a type, by time, below its tenant's ceiling."""
    mine = and_(_v.tenant == tenant_of(ceiling), _v.type == type_, _v.compartment.in_(compartments))
    columns = select(_v.compartment, _v.write_no).where(mine, _v.write_no <= ceiling)
    rows = conn.execute(columns.order_by(_v.written, _v.write_no))
    return {StoredId(compartment): WriteNo(number) for compartment, number in rows}


def existed(conn: Connection, tenant: Tenant, type_: str, id_: StoredId, time: int) -> bool:
    """Whether a resource had a version already at this time."""
    mine = and_(_v.tenant == tenant, _v.type == type_, _v.id == id_, _v.written <= time)
    return conn.execute(select(_v.version).where(mine).limit(1)).first() is not None


def was_derived(conn: Connection, tenant: Tenant, type_: str, id_: StoredId) -> bool:
    """Whether Careloom ever wrote a version of this resource."""
    mine = and_(_v.tenant == tenant, _v.type == type_, _v.id == id_, _v.origin == "derived")
    return conn.execute(select(_v.version).where(mine).limit(1)).first() is not None


def was_given(conn: Connection, tenant: Tenant, patient: StoredId, organization: Tenant) -> bool:
    """Whether somebody of this organization was ever given something of this patient."""
    c = audit_event.c
    mine = and_(c.log == tenant, c.patient == patient, c.organization == organization)
    # A decision about the patient gave nothing by itself.
    looked = and_(c.action.in_(("R", "E")), c.kind.not_like("consent:%"))
    given = and_(mine, looked, c.outcome == _SUCCESS)
    return conn.execute(select(c.seq).where(given).limit(1)).first() is not None
