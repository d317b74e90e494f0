"""Resources as they are kept: every version sealed, one head each, numbered in the order of their writing.

``record_writes`` is the only way in. It runs inside the caller's transaction and locks in one order (counter,
heads, rows), so two writers of a tenant follow one another and never wait for each other in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Dialect,
    Select,
    Table,
    and_,
    bindparam,
    select,
    update,
)

from gateway.custody.database import bulk, in_batches
from gateway.custody.errors import Conflict, Erased
from gateway.custody.ids import TENANT_COMPARTMENT, StoredId, Tenant, WriteNo, write_no
from gateway.custody.prepared import Prepared, Reading, insert_into, listed, one_of
from gateway.custody.tables import (
    patient_link,
    record,
    search_range,
    search_token,
    tombstone,
    version,
    write_counter,
)

_v = version.c

Ref = tuple[str, StoredId]
"""Type and stored id: which resource of a tenant."""

CLINICAL_COLUMN = "clinical"
"""The column that a clinical half is sealed for."""


class Write(msgspec.Struct, frozen=True):
    """One version to be kept. ``tokens`` are keys of ``search_token``, ``ranges`` (key, low, high), and
    ``patients`` those that it names beside the one whose compartment it lies in."""

    type: str
    id: StoredId
    version: int
    compartment: StoredId
    origin: str
    deleted: bool
    clinical: bytes | None
    digest: bytes
    tokens: Sequence[bytes] = ()
    ranges: Sequence[tuple[bytes, int, int]] = ()
    patients: Sequence[StoredId] = ()


@dataclass(frozen=True, slots=True)
class Head:
    """The newest version of a resource, without its content."""

    version: int
    write_no: WriteNo
    compartment: StoredId
    deleted: bool
    written: int


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """One version as it lies in the database; ``clinical`` is sealed."""

    write_no: WriteNo
    tenant: Tenant
    type: str
    id: StoredId
    version: int
    compartment: StoredId
    written: int
    origin: str
    deleted: bool
    digest: bytes
    clinical: bytes | None


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a history, newest first: versions below ``before``, at most ``limit``."""

    limit: int = 1000
    before: int | None = None


def record_writes(conn: Connection, tenant: Tenant, writes: Sequence[Write], now: int) -> list[WriteNo]:
    """Keep these versions and say their numbers; raises ``Conflict`` or ``Erased``, and then keeps none."""
    if not writes:
        return []
    last = _advance(conn, tenant, len(writes))
    numbers = [write_no(tenant, last - len(writes) + position) for position in range(1, len(writes) + 1)]
    _refuse_erased(conn, tenant, writes)
    numbered = list(zip(numbers, writes, strict=True))
    _move_heads(conn, tenant, numbered)
    bulk(conn, version, [_version_row(number, tenant, write, now) for number, write in numbered])
    index_rows(conn, tenant, numbered)
    return numbers


def _advance(conn: Connection, tenant: Tenant, count: int) -> int:
    """Lock the tenant's counter until the transaction ends, and move it on."""
    return int(_ADVANCE.rows(conn, tenant=tenant, last=count)[0][0])


def _advancing(dialect: Dialect) -> Any:
    first = insert_into(dialect, write_counter)
    further = {"last": write_counter.c.last + first.excluded.last}
    moved = first.on_conflict_do_update(index_elements=["tenant"], set_=further)
    return moved.returning(write_counter.c.last)


_ADVANCE = Prepared(_advancing)


def _refuse_erased(conn: Connection, tenant: Tenant, writes: Sequence[Write]) -> None:
    touched = {(write.type, write.id) for write in writes}
    touched |= {("Patient", write.compartment) for write in writes if write.compartment != TENANT_COMPARTMENT}
    touched |= {("Patient", patient) for write in writes for patient in write.patients}
    if erased(conn, tenant, touched):
        raise Erased


def _move_heads(conn: Connection, tenant: Tenant, numbered: Sequence[tuple[WriteNo, Write]]) -> None:
    # A first version needs no look: if the head is there already, its key refuses the second as a conflict.
    known = heads(conn, tenant, [(write.type, write.id) for _, write in numbered if write.version > 1])
    new: list[tuple[object, ...]] = []
    moved: list[tuple[object, ...]] = []
    for number, write in numbered:
        head = known.get((write.type, write.id))
        if write.version - 1 != (head.version if head else 0):
            raise Conflict
        row = (tenant, write.type, write.id, write.version, number, write.compartment, int(write.deleted))
        (moved if head else new).append(row)
    bulk(conn, record, new)
    if moved:
        conn.execute(_MOVE_HEAD, [dict(zip(_HEAD_PARAMETERS, row, strict=True)) for row in moved])


_HEAD_PARAMETERS = ("b_tenant", "b_type", "b_id", "b_version", "b_write_no", "b_compartment", "b_deleted")
_MOVE_HEAD = (
    update(record)
    .where(
        record.c.tenant == bindparam("b_tenant"),
        record.c.type == bindparam("b_type"),
        record.c.id == bindparam("b_id"),
    )
    .values(
        version=bindparam("b_version"),
        write_no=bindparam("b_write_no"),
        compartment=bindparam("b_compartment"),
        deleted=bindparam("b_deleted"),
    )
)


def _version_row(number: WriteNo, tenant: Tenant, write: Write, now: int) -> tuple[object, ...]:
    return (
        number,
        tenant,
        write.type,
        write.id,
        write.version,
        write.compartment,
        now,
        write.origin,
        int(write.deleted),
        write.digest,
        write.clinical,
    )


def index_rows(conn: Connection, tenant: Tenant, numbered: Sequence[tuple[WriteNo, Write]]) -> None:
    """The search rows and links to patients of these writes."""
    # In the order of the tables' own trees, which random keys would otherwise be inserted against.
    tokens = sorted({(token, number) for number, write in numbered for token in write.tokens})
    ranges = sorted({(*span, number) for number, write in numbered for span in write.ranges})
    links = sorted({(tenant, patient, number) for number, write in numbered for patient in write.patients})
    bulk(conn, search_token, tokens)
    bulk(conn, search_range, ranges)
    bulk(conn, patient_link, links)


# --- reading ---------------------------------------------------------------------------------------------


_TENANT: BindParameter[int] = bindparam("tenant")
_LAST = Prepared(select(write_counter.c.last).where(write_counter.c.tenant == _TENANT))
_ANY_ERASED = Prepared(select(tombstone.c.tenant).where(tombstone.c.tenant == _TENANT).limit(1))


def latest(at: Reading, tenant: Tenant) -> WriteNo:
    """The number of the tenant's last write: the ceiling of a search that begins now."""
    found = _LAST.rows(at, tenant=tenant)
    return write_no(tenant, found[0][0] if found else 0)


def erased(at: Reading, tenant: Tenant, refs: Iterable[Ref]) -> set[Ref]:
    """Which of these were erased for good."""
    # Most tenants have erased nobody, and every request asks.
    if not _ANY_ERASED.rows(at, tenant=tenant):
        return set()
    return {
        (type_, id_)
        for type_, ids in by_type(refs)
        for count, values in listed("id", ids)
        for (id_,) in _erased_of(count).rows(at, tenant=tenant, type=type_, **values)
    }


@lru_cache(maxsize=16)
def _erased_of(count: int) -> Prepared:
    asked = tombstone.c
    mine = and_(asked.tenant == _TENANT, asked.type == bindparam("type"))
    return Prepared(select(asked.id).where(mine, one_of(asked.id, "id", count)))


def heads(at: Reading, tenant: Tenant, refs: Iterable[Ref]) -> dict[Ref, Head]:
    """The heads of these resources; who was never written is absent, who was deleted is not."""
    return {
        (type_, row[0]): Head(row[1], row[2], row[3], bool(row[4]), row[5])
        for type_, ids in by_type(refs)
        for count, values in listed("id", ids)
        for row in _heads(count).rows(at, tenant=tenant, type=type_, **values)
    }


@lru_cache(maxsize=16)
def _heads(count: int) -> Prepared:
    head = record.c
    columns = select(head.id, head.version, head.write_no, head.compartment, head.deleted, _v.written)
    mine = and_(head.tenant == _TENANT, head.type == bindparam("type"), one_of(head.id, "id", count))
    return Prepared(columns.join(version, _v.write_no == head.write_no).where(mine))


def load(
    at: Reading,
    tenant: Tenant,
    type_: str,
    id_: StoredId,
    version: int | None = None,
) -> StoredVersion | None:
    """This version of a resource, or its newest; a deletion is a version too."""
    this = {"tenant": tenant, "type": type_, "id": id_}
    if version is None:
        found = _NEWEST.rows(at, **this)
    else:
        found = _THIS_VERSION.rows(at, **this, version=version)
    return _version(found[0]) if found else None


def load_all(at: Reading, tenant: Tenant, refs: Iterable[Ref]) -> dict[Ref, StoredVersion]:
    """The newest versions of these resources."""
    return {
        (type_, row[_ID]): _version(row)
        for type_, ids in by_type(refs)
        for count, values in listed("id", ids)
        for row in _current(count).rows(at, tenant=tenant, type=type_, **values)
    }


def by_number(at: Reading, numbers: Iterable[WriteNo]) -> dict[WriteNo, StoredVersion]:
    """The versions that these writes made."""
    return {
        row[_NUMBER]: _version(row)
        for count, values in listed("no", list(numbers))
        for row in _numbered(count).rows(at, **values)
    }


def history(
    conn: Connection, tenant: Tenant, type_: str, id_: StoredId, window: Window = Window()
) -> list[StoredVersion]:
    """The versions of a resource, newest first."""
    query = _VERSIONS.where(_v.tenant == tenant, _v.type == type_, _v.id == id_)
    if window.before is not None:
        query = query.where(_v.version < window.before)
    return _stored(conn, query.order_by(_v.version.desc()).limit(window.limit))


def compartment(
    conn: Connection, tenant: Tenant, patient: StoredId, type_: str | None = None
) -> list[StoredVersion]:
    """What workers may know of a patient now, in the order of writing, without what was deleted."""
    mine = and_(record.c.tenant == tenant, record.c.compartment == patient)
    if type_ is not None:
        mine = and_(mine, record.c.type == type_)
    return _stored(conn, _living(mine))


def linked(conn: Connection, tenant: Tenant, patient: StoredId) -> list[StoredVersion]:
    """What is kept now in the tenant's compartment and concerns this patient among others."""
    links = select(patient_link.c.write_no).where(
        patient_link.c.tenant == tenant, patient_link.c.patient == patient
    )
    shared = and_(record.c.tenant == tenant, record.c.compartment == TENANT_COMPARTMENT)
    return _stored(conn, _living(and_(shared, record.c.write_no.in_(links))))


def named(at: Reading, numbers: Iterable[WriteNo]) -> dict[WriteNo, tuple[StoredId, ...]]:
    """The patients that these versions name beside the one whose compartment they lie in; else absent."""
    found: dict[WriteNo, tuple[StoredId, ...]] = {}
    for count, values in listed("no", list(numbers)):
        for number, patient in _linked(count).rows(at, **values):
            found[number] = (*found.get(number, ()), StoredId(patient))
    return found


_COLUMNS = [column.name for column in version.columns]
_NUMBER, _ID, _DELETED = (_COLUMNS.index(name) for name in ("write_no", "id", "deleted"))
_VERSIONS = select(version)
_CURRENT = _VERSIONS.join(record, record.c.write_no == _v.write_no)
_OF_ONE = _VERSIONS.where(
    _v.tenant == _TENANT, _v.type == bindparam("type"), _v.id == bindparam("id")
).order_by(_v.version.desc())
_NEWEST = Prepared(_OF_ONE.limit(1))
_THIS_VERSION = Prepared(_OF_ONE.where(_v.version == bindparam("version")))


@lru_cache(maxsize=16)
def _current(count: int) -> Prepared:
    mine = and_(record.c.tenant == _TENANT, record.c.type == bindparam("type"))
    return Prepared(_CURRENT.where(mine, one_of(record.c.id, "id", count)))


@lru_cache(maxsize=16)
def _numbered(count: int) -> Prepared:
    return Prepared(_VERSIONS.where(one_of(_v.write_no, "no", count)))


@lru_cache(maxsize=16)
def _linked(count: int) -> Prepared:
    columns = select(patient_link.c.write_no, patient_link.c.patient).order_by(patient_link.c.patient)
    return Prepared(columns.where(one_of(patient_link.c.write_no, "no", count)))


def _living(where: ColumnElement[bool]) -> Select[Any]:
    return _CURRENT.where(where, record.c.deleted == 0, _v.clinical.is_not(None)).order_by(_v.write_no)


def _stored(conn: Connection, query: Select[Any]) -> list[StoredVersion]:
    return [_version(tuple(row)) for row in conn.execute(query)]


def _version(row: tuple[Any, ...]) -> StoredVersion:
    values = list(row)
    values[_DELETED] = bool(values[_DELETED])
    return StoredVersion(*values)


def each_type(table: Table, tenant: Tenant, refs: Iterable[Ref]) -> Iterable[ColumnElement[bool]]:
    """One condition per type and batch, each of which the table's primary key answers."""
    for type_, ids in by_type(refs):
        for batch in in_batches(ids):
            yield and_(table.c.tenant == tenant, table.c.type == type_, table.c.id.in_(batch))


def by_type(refs: Iterable[Ref]) -> Iterable[tuple[str, list[StoredId]]]:
    """The ids of each type, each once."""
    found: dict[str, dict[StoredId, None]] = {}
    for type_, id_ in refs:
        found.setdefault(type_, {})[id_] = None
    return ((type_, list(ids)) for type_, ids in found.items())
