"""Recomputes every audit log from its rows and says what is wrong with it, and where.

1. Each event's leaf is hashed anew; its sequence number must follow the one before it.
2. Where a signed checkpoint covers the event, its leaf must be the one that was signed.
3. At each checkpoint the root of what was read so far must be the root that was signed.
4. At the end, size and frontier must be the head's, and reach at least as far as every checkpoint.
5. Time must not step back further than writers side by side explain.

A tree whose leaf is wrong would differ for ever after; so after a fault the witnessed leaf is put in its
place and the rest is still checked. Where no witness says which event is wrong, the range is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Row, select

from gateway.custody import merkle
from gateway.custody.audit import leaf
from gateway.custody.checkpoint import Witness
from gateway.custody.ids import Tenant
from gateway.custody.tables import audit_event, audit_head

CLOCK_STEP = 120_000_000
"""How far time may step back between neighbours: requests that waited for the database's lock."""

_BATCH = 5_000
_TABLES = (audit_head, audit_event)
_UNREADABLE = (TypeError, ValueError, OverflowError)
"""What a cell raises that SQLite was made to keep though it has another type than its column."""
_NOTHING = Witness((), b"")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong: events ``first`` to ``last`` of a log."""

    log: Tenant
    first: int
    last: int
    what: str


def joined(faults: Iterable[Fault]) -> list[Fault]:
    """The same faults, neighbours of one log and one kind as one: what a person reads."""
    told: list[Fault] = []
    for fault in faults:
        last = told[-1] if told else None
        if last and (last.log, last.last + 1, last.what) == (fault.log, fault.first, fault.what):
            told[-1] = replace(last, last=fault.last)
        else:
            told.append(fault)
    return told


@dataclass(frozen=True, slots=True)
class Report:
    """What verification found. Without faults every event is as it was written."""

    events: int
    logs: int
    checkpoints: int
    faults: tuple[Fault, ...]

    @property
    def ok(self) -> bool:
        return not self.faults


@dataclass(slots=True)
class _Walk:
    """One log while it is read."""

    log: Tenant
    witness: Witness
    seen: int = 0
    size: int = 0
    frontier: merkle.Frontier = ()
    previous: int = 0
    """The time of the event before."""
    whole: bool = True
    """No event is missing that no witness could replace: roots can be compared."""
    faults: list[Fault] = field(default_factory=list)

    def fault(self, first: int, last: int, what: str) -> None:
        self.faults.append(Fault(self.log, first, last, what))

    def witnessed(self, seq: int) -> bytes | None:
        at = seq * merkle.HASH_BYTES
        found = self.witness.leaves[at : at + merkle.HASH_BYTES]
        return found if len(found) == merkle.HASH_BYTES else None


def verify(conn: Connection, witnesses: Mapping[Tenant, Witness]) -> Report:
    """Check every log against its head and against what stands outside the database."""
    logs = {Tenant(number) for table in _TABLES for number in conn.scalars(select(table.c.log).distinct())}
    walks = [
        _whole_walk(conn, _Walk(log, witnesses.get(log, _NOTHING))) for log in sorted(logs | witnesses.keys())
    ]
    return Report(
        events=sum(walk.seen for walk in walks),
        logs=len(walks),
        checkpoints=sum(len(walk.witness.checkpoints) for walk in walks),
        faults=tuple(fault for walk in walks for fault in walk.faults),
    )


def _whole_walk(conn: Connection, walk: _Walk) -> _Walk:
    """Whatever was put into the tables: one log that cannot be read hides nothing of the others."""
    try:
        head = conn.execute(select(audit_head).where(audit_head.c.log == walk.log)).one_or_none()
    except _UNREADABLE:
        head = None
        walk.fault(0, 0, "the head of the log cannot be read")
    try:
        return _walk(conn, walk, head)
    except _UNREADABLE:
        walk.fault(walk.size, walk.size + _BATCH - 1, "an event from here on cannot be read")
        return walk


def _walk(conn: Connection, walk: _Walk, head: Row[Any] | None) -> _Walk:
    if walk.witness.damaged:
        walk.fault(0, 0, f"{walk.witness.damaged} checkpoint(s) of this log do not bear our signature")
    checkpoints = sorted(walk.witness.checkpoints, key=lambda c: c.size)
    stops = iter(checkpoints)
    stop = next(stops, None)
    for batch in _batches(conn, walk.log):
        at = 0
        while at < len(batch):
            end = len(batch) if stop is None else min(len(batch), at + max(1, stop.size - walk.size))
            _read(walk, batch[at:end])
            at = end
            while stop is not None and stop.size <= walk.size:
                _compare_checkpoint(walk, stop.size, stop.root)
                stop = next(stops, None)
    _compare_end(walk, checkpoints[-1].size if checkpoints else 0, head)
    return walk


def _batches(conn: Connection, log: Tenant) -> Iterable[list[tuple[Any, ...]]]:
    query = select(audit_event).where(audit_event.c.log == log).order_by(audit_event.c.seq)
    with conn.execute(query.execution_options(yield_per=_BATCH)) as result:
        for part in result.partitions(_BATCH):
            yield [tuple(row) for row in part]


def _read(walk: _Walk, rows: list[tuple[Any, ...]]) -> None:
    """Steps 1, 2 and 5 for events in their order."""
    leaves = []
    expected, previous = walk.size, walk.previous
    for row in rows:
        seq, time = row[1], row[2]
        if seq != expected:
            leaves += _missing(walk, expected, seq)
            expected = seq
        hashed, signed = leaf(row), walk.witnessed(seq)
        if signed is not None and signed != hashed:
            walk.fault(seq, seq, "the event was changed after it was signed")
            hashed = signed
        if time < previous - CLOCK_STEP:
            walk.fault(seq, seq, "time steps back here: the clock was put back, or the event is back-dated")
        leaves.append(hashed)
        expected, previous = seq + 1, time
    if walk.whole:
        walk.frontier, _ = merkle.grow(walk.frontier, walk.size, leaves)
    walk.size = expected
    walk.seen, walk.previous = walk.seen + len(rows), previous


def _missing(walk: _Walk, first: int, until: int) -> list[bytes]:
    """The leaves in a gap, so far as they were signed."""
    walk.fault(first, until - 1, "events are missing")
    if until * merkle.HASH_BYTES > len(walk.witness.leaves):
        # What a forger numbered far beyond the end is not counted up to.
        walk.whole = False
        return []
    return [hashed for seq in range(first, until) if (hashed := walk.witnessed(seq)) is not None]


def _compare_checkpoint(walk: _Walk, size: int, root: bytes) -> None:
    """Step 3."""
    if walk.whole and walk.size == size and merkle.root(walk.frontier) != root:
        walk.fault(0, size - 1, f"the first {size} events are not the ones that were signed")
        walk.whole = False


def _compare_end(walk: _Walk, signed: int, head: Row[Any] | None) -> None:
    """Step 4."""
    size, stored = (head.size, bytes(head.frontier)) if head is not None else (0, b"")
    if walk.size < max(size, signed):
        walk.fault(walk.size, max(size, signed) - 1, "events are missing at the end")
    if size < walk.size:
        walk.fault(size, walk.size - 1, "events stand after the end of the log")
    if size != walk.size or not walk.whole:
        return
    frontier = merkle.unpack(stored, size)
    if frontier is None:
        walk.fault(0, size, "the head of the log contradicts itself")
        return
    for (first, end), mine, kept in zip(merkle.subtrees(size), walk.frontier, frontier, strict=True):
        if mine != kept:
            walk.fault(max(first, min(signed, end - 1)), end - 1, "an event among these was changed")
