"""The trail: each access is one event, appended in the transaction of the deed (law 4).

Each log is an RFC 9162 Merkle tree. A leaf is the hash of an event's canonical bytes: the MessagePack array
of the format's number and every column in the table's order, integers and lengths in their shortest form,
so nothing of an event can be changed, not even its place. Appending needs the head only; the head's row is
locked last and for the commit alone.

An event bears the time that its writer read. Writers on several hosts may commit a little out of that order,
so time is stored as it came; ``verify`` names the place where it steps back further than that explains.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from msgspec import msgpack
from sqlalchemy import Connection, bindparam, select, update

from gateway.custody import merkle
from gateway.custody.database import bulk
from gateway.custody.errors import Tampered
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.prepared import Prepared, Writing, insert_into
from gateway.custody.tables import audit_event, audit_head

FORMAT = 1
COLUMNS = tuple(column.name for column in audit_event.columns)

_encode = msgpack.Encoder().encode
_Cell = int | str | bytes | None


class Event(msgspec.Struct, frozen=True):
    """What happened, without anybody's data. The fields are the table's columns after log and sequence."""

    time: int
    kind: str
    """``source:subject:deed``, such as ``fhir:instance:read``."""
    action: str
    """C, R, U, D or E, as FHIR's AuditEvent has it."""
    outcome: str
    """0 success, 4 refused, 8 failed, 12 broken."""
    status: int
    client_id: str | None = None
    organization: Tenant | None = None
    user: str | None = None
    purpose: str | None = None
    type: str | None = None
    id: StoredId | None = None
    version: int | None = None
    patient: StoredId | None = None
    digest: bytes | None = None
    address: str | None = None
    request_id: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """Where a log ends: its size, the frontier of its tree, and the latest time in it."""

    size: int
    frontier: merkle.Frontier
    last_time: int

    @property
    def root(self) -> bytes:
        return merkle.root(self.frontier)


EMPTY = Head(0, (), 0)


_h = audit_head.c
_HEAD_LOCKED = Prepared(
    select(_h.size, _h.frontier, _h.last_time).where(_h.log == bindparam("this")).with_for_update()
)
_MOVE_HEAD = Prepared(
    update(audit_head)
    .where(_h.log == bindparam("this"))
    .values(size=bindparam("to"), frontier=bindparam("frontier"), last_time=bindparam("last_time"))
)
_MAKE_HEAD = Prepared(lambda dialect: insert_into(dialect, audit_head).on_conflict_do_nothing())


def leaf(row: Sequence[_Cell]) -> bytes:
    """The leaf hash of an event's row, in the order of the table's columns."""
    return merkle.leaf_hash(_encode((FORMAT, *row)))


def append(conn: Writing, log: Tenant, events: Sequence[Event]) -> None:
    """Append events to a log: the last thing that a transaction does before it commits."""
    if not events:
        return
    head = _locked_head(conn, log)
    rows = [_row(log, head.size + place, event) for place, event in enumerate(events)]
    bulk(conn, audit_event, rows)
    frontier, size = merkle.grow(head.frontier, head.size, map(leaf, rows))
    last_time = max(head.last_time, max(event.time for event in events))
    _MOVE_HEAD.run(conn, this=log, to=size, frontier=merkle.pack(frontier), last_time=last_time)


def _row(log: Tenant, seq: int, event: Event) -> tuple[_Cell, ...]:
    return (
        log,
        seq,
        event.time,
        event.kind,
        event.action,
        event.outcome,
        event.status,
        event.client_id,
        event.organization,
        event.user,
        event.purpose,
        event.type,
        event.id,
        event.version,
        event.patient,
        event.digest,
        event.address,
        event.request_id,
        event.detail,
    )


def head_of(conn: Connection, log: Tenant) -> Head:
    """The head of a log, empty when it has none yet. A head that contradicts itself is ``Tampered``."""
    found = conn.execute(select(audit_head).where(audit_head.c.log == log)).one_or_none()
    return EMPTY if found is None else _head(found.size, found.frontier, found.last_time)


def _locked_head(conn: Writing, log: Tenant) -> Head:
    found = _HEAD_LOCKED.rows(conn, this=log)
    if not found:
        _MAKE_HEAD.run(conn, log=log, size=0, frontier=b"", last_time=0)
        found = _HEAD_LOCKED.rows(conn, this=log)
    return _head(*found[0])


def _head(size: int, stored: bytes, last_time: int) -> Head:
    frontier = merkle.unpack(bytes(stored), size)
    if frontier is None:
        raise Tampered("The head of an audit log contradicts itself; run `careloom audit verify`.")
    return Head(size, frontier, last_time)
