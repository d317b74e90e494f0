"""Compares every stored version with the trail, and says which was altered, put back, put in or taken out.

1. Versions and the events of their writing are read side by side, and each version's digest is worked out
   anew from the two sealed halves. Most match at once and are forgotten.
2. What does not is looked up in batches (``explaining``): erasure and retention change what is kept, and say
   so.
3. The head of each resource must be its newest version: a head that points back shows an older one.

A version whose event is archived is counted and not judged; the archive has its digest.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from sqlalchemy import Connection, select

from gateway.custody import records
from gateway.custody.archive import taking
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.recorded import explaining, heads
from gateway.custody.recorded.streams import Key, Row, Written, in_step, rows, written
from gateway.custody.tables import audit_head, version, write_counter

WAITING = 20_000
"""Of each kind, before the oldest half is looked up: more than one transaction writes."""

V = TypeVar("V")
_v = version.c


@dataclass(frozen=True, slots=True)
class Difference:
    """A version that is not as the trail says: in which log, which, by which event (its number), and how."""

    log: Tenant
    type: str
    id: str
    version: int
    seq: int | None
    what: str


@dataclass(slots=True)
class Compared:
    """What was found: how many versions there are, and of how many the event is archived."""

    versions: int = 0
    archived: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.differences


@dataclass(slots=True)
class _Pairs:
    """One tenant's versions and events that have not found one another yet, and those that do not match."""

    conn: Connection
    log: Tenant
    size: int
    before: int
    found: Compared
    rows: dict[Key, Row] = field(default_factory=dict)
    events: dict[Key, Written] = field(default_factory=dict)
    unlike: dict[Key, Row] = field(default_factory=dict)

    def differs(self, key: Key, seq: int | None, what: str) -> None:
        type_, id_, number = key
        self.found.differences.append(Difference(self.log, type_, id_.hex(), number, seq, what))


def compare(conn: Connection) -> Compared:
    """Every tenant's versions; the connection's one snapshot holds both sides."""
    found = Compared()
    tenants = {Tenant(number) for number in conn.scalars(select(write_counter.c.tenant))}
    tenants |= {Tenant(number) for number in conn.scalars(select(audit_head.c.log))}
    marks = taking.marks(conn)
    for tenant in sorted(tenants):
        size, before = marks.get(tenant, (0, 0))
        _compare_one(_Pairs(conn, tenant, size, before, found))
        for key, what in heads.wrong(conn, tenant):
            found.differences.append(Difference(tenant, key[0], key[1].hex(), key[2], None, what))
    return found


def _compare_one(pairs: _Pairs) -> None:
    conn, log = pairs.conn, pairs.log
    for one in in_step(rows(conn, log), written(conn, log, pairs.size)):  # 1
        if isinstance(one, Row):
            pairs.found.versions += 1
            _meet(pairs, one, pairs.events.pop(one.key, None))
        elif one.key in pairs.rows:
            _meet(pairs, pairs.rows.pop(one.key), one)
        else:
            pairs.events[one.key] = one
        _settle(pairs, WAITING)
    _settle(pairs, 0)


def _meet(pairs: _Pairs, row: Row, event: Written | None) -> None:
    if event is None:
        pairs.rows[row.key] = row
    elif event.digest != row.digest or not row.fits:
        pairs.unlike[row.key] = row


def _settle(pairs: _Pairs, waiting: int) -> None:  # 2
    for kind, settle in ((pairs.rows, _settle_rows), (pairs.unlike, _settle_rows)):
        if len(kind) > waiting:
            settle(pairs, _oldest(kind, waiting))
    if len(pairs.events) > waiting:
        _settle_events(pairs, _oldest(pairs.events, waiting))


def _oldest(kind: dict[Key, V], waiting: int) -> list[V]:
    """Take out the older half, or all of it at the end."""
    keys = list(islice(kind, len(kind) if not waiting else waiting // 2))
    return [kind.pop(key) for key in keys]


def _settle_rows(pairs: _Pairs, waited: list[Row]) -> None:
    said = explaining.told(pairs.conn, pairs.log, {row.key[:2] for row in waited})
    for row in waited:
        events = said.get(row.key[:2], [])
        told = explaining.newest_digest(events, row.key[2])
        if told is not None:
            if told.digest != row.digest or not row.fits:
                pairs.differs(row.key, told.seq, "what is stored is not what was written")
        elif row.deleted and explaining.is_mark(events, row.key[2]):
            continue
        elif row.time < pairs.before:
            pairs.found.archived += 1
        else:
            pairs.differs(row.key, None, "a version that no event speaks of")


def _settle_events(pairs: _Pairs, waited: list[Written]) -> None:
    erased = explaining.erased(pairs.conn, pairs.log, waited)
    left = [event for event in waited if event.key not in erased]
    said = explaining.told(pairs.conn, pairs.log, {event.key[:2] for event in left})
    there = _there(pairs, left)
    for event in left:
        if event.key in there:
            # Its row came earlier, or comes much later: clocks differed by more than what waits.
            pairs.rows.pop(event.key, None)
        elif not explaining.went(said.get(event.key[:2], []), event):
            pairs.differs(event.key, event.seq, "the version is missing")


def _there(pairs: _Pairs, events: list[Written]) -> set[Key]:
    """Those of which there is a version all the same; it is judged where it comes."""
    found: set[Key] = set()
    for where in records.each_type(version, pairs.log, {event.key[:2] for event in events}):
        for type_, id_, number in pairs.conn.execute(select(_v.type, _v.id, _v.version).where(where)):
            found.add((type_, StoredId(id_), number))
    return found
