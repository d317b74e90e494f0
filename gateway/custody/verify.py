"""Recomputes every audit log from its rows and says what is wrong with it, and where.

1. Each event's leaf is hashed anew; its sequence number must follow the one before it.
2. Where a signed checkpoint covers the event, its leaf must be the one that was signed.
3. At each checkpoint the root of what was read so far must be the root that was signed.
4. At the end, size and frontier must be the head's, and reach at least as far as every checkpoint.
5. Time must not step back further than writers side by side explain, but where somebody acknowledged it.
6. Of what was archived there are the signed leaves: they must lead to each checkpoint and to the tree of the
   archive's note, from which the rest goes on. A row of it that is here still must be one that was signed.

A tree whose leaf is wrong would differ for ever after; so after a fault the witnessed leaf is put in its
place and the rest is still checked. Where no witness says which event is wrong, the range is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from gateway.custody import acknowledged, asfound, merkle
from gateway.custody.audit import Head
from gateway.custody.checkpoint import Witness
from gateway.custody.errors import Tampered
from gateway.custody.ids import Tenant
from gateway.custody.note import Checkpoint
from gateway.custody.tables import audit_event, audit_head

CLOCK_STEP = 120_000_000
"""How far time may step back between neighbours: requests that waited for the database's lock."""

_TABLES = (audit_head, audit_event)
ALTERED, CLOCK, UNSIGNED = "altered", "clock", "unsigned"
"""Kinds of fault: a row, head or note is not what it was; time steps back between events that are; what was
signed, or should have been, has no note."""

_CLOCK = "time steps back here: the clock was put back, or the event is back-dated"
_NO_NUMBER = "an event bears no number"
_NOTHING = Witness((), b"")
Archived = Mapping[Tenant, Checkpoint]
"""Of each log that has an archive, the tree of what lies there, as its newest note says."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong: events ``first`` to ``last`` of a log."""

    log: Tenant
    first: int
    last: int
    what: str
    kind: str = ALTERED


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
    archived: int = 0
    """Events that are in archives and not here; only their leaves were looked at."""
    acknowledged: tuple[Fault, ...] = ()
    """Clocks that were wrong and of which somebody said so since."""

    @property
    def ok(self) -> bool:
        return not self.faults

    @property
    def clock_alone(self) -> bool:
        """Whether every event is as it was written, and only a clock was wrong."""
        return not self.ok and all(fault.kind == CLOCK for fault in self.faults)


@dataclass(slots=True)
class _Walk:
    """One log while it is read."""

    log: Tenant
    witness: Witness
    archived: Checkpoint | None = None
    seen: int = 0
    size: int = 0
    frontier: merkle.Frontier = ()
    previous: int = 0
    """The time of the event before."""
    latest: int = 0
    whole: bool = True
    """No event is missing that no witness could replace: roots can be compared."""
    faults: list[Fault] = field(default_factory=list)
    said: dict[int, int] = field(default_factory=dict)
    """The events of which it is acknowledged that a clock was wrong, and by which event."""

    def fault(self, first: int, last: int, what: str, kind: str = ALTERED) -> None:
        self.faults.append(Fault(self.log, first, last, what, kind))

    def is_acknowledged(self, fault: Fault) -> bool:
        """Whether an event behind it says that it is known."""
        return fault.kind == CLOCK and self.said.get(fault.first, -1) > fault.last

    def witnessed(self, seq: int) -> bytes | None:
        at = seq * merkle.HASH_BYTES
        found = self.witness.leaves[at : at + merkle.HASH_BYTES]
        return found if len(found) == merkle.HASH_BYTES else None


Progress = Callable[[int], None]
"""Hears of each batch how many events it had."""


def unheard(_count: int) -> None:
    """Where nobody listens."""


def verify(
    conn: Connection,
    witnesses: Mapping[Tenant, Witness],
    archived: Archived = MappingProxyType({}),
    progress: Progress = unheard,
) -> Report:
    """Check every log against its head and against what stands outside the database."""
    logs = {Tenant(number) for table in _TABLES for number in conn.scalars(select(table.c.log).distinct())}
    walks = [
        _walk(conn, _Walk(log, witnesses.get(log, _NOTHING), archived.get(log)), progress)
        for log in sorted(logs | witnesses.keys() | archived.keys())
    ]
    found = [(fault, walk.is_acknowledged(fault)) for walk in walks for fault in walk.faults]
    return Report(
        events=sum(walk.seen for walk in walks),
        logs=len(walks),
        checkpoints=sum(len(walk.witness.checkpoints) for walk in walks),
        faults=tuple(fault for fault, known in found if not known),
        archived=sum(one.size for one in archived.values()),
        acknowledged=tuple(fault for fault, known in found if known),
    )


def _walk(conn: Connection, walk: _Walk, progress: Progress) -> _Walk:
    if walk.witness.damaged:
        kind = ALTERED if walk.witness.checkpoints else UNSIGNED
        said = f"{walk.witness.damaged} checkpoint(s) of this log do not bear our signature"
        walk.fault(0, 0, said, kind)
    checkpoints = sorted(walk.witness.checkpoints, key=lambda c: c.size)
    if walk.archived is not None:
        _pass_archived(conn, walk, walk.archived, checkpoints)
    stops = iter([one for one in checkpoints if one.size > walk.size])
    stop = next(stops, None)
    for batch in asfound.events(conn, *_still_to_read(walk)):
        at = 0
        while at < len(batch):
            end = len(batch) if stop is None else min(len(batch), at + max(1, stop.size - walk.size))
            _read(walk, batch[at:end])
            at = end
            while stop is not None and stop.size <= walk.size:
                _compare_checkpoint(walk, stop.size, stop.root)
                stop = next(stops, None)
        progress(len(batch))
    _compare_end(conn, walk, checkpoints[-1].size if checkpoints else 0)
    return walk


def _pass_archived(
    conn: Connection, walk: _Walk, archived: Checkpoint, checkpoints: Sequence[Checkpoint]
) -> None:
    """Step 6."""
    inside = [one for one in checkpoints if one.size <= archived.size]
    if len(walk.witness.leaves) < archived.size * merkle.HASH_BYTES:
        walk.fault(0, archived.size - 1, "the leaves of archived events are missing")
    else:
        for stop in (*inside, archived):
            leaves = (walk.witnessed(seq) or b"" for seq in range(walk.size, stop.size))
            walk.frontier, walk.size = merkle.grow(walk.frontier, walk.size, leaves)
            _compare_checkpoint(walk, stop.size, stop.root)
    walk.frontier, walk.size, walk.whole = archived.frontier, archived.size, True
    _compare_rest(conn, walk, archived.size)


def _compare_rest(conn: Connection, walk: _Walk, size: int) -> None:
    """What is archived and here still: a run that was killed leaves it, or somebody puts it there."""
    for batch in asfound.events(conn, audit_event.c.log == walk.log, audit_event.c.seq < size):
        for row in batch:
            if asfound.leaf_of(row) != walk.witnessed(row[1]):
                walk.fault(
                    row[1], row[1], "an event that was archived stands here, and another than was signed"
                )


def _still_to_read(walk: _Walk) -> list[ColumnElement[bool]]:
    mine = audit_event.c.log == walk.log
    return [mine] if walk.archived is None else [mine, audit_event.c.seq >= walk.size]


def _read(walk: _Walk, rows: list[tuple[Any, ...]]) -> None:
    """Steps 1, 2 and 5 for events in their order."""
    leaves: list[bytes] = []
    for row in rows:
        seq = row[1]
        if type(seq) is not int:
            walk.fault(walk.size + len(leaves), walk.size + len(leaves), _NO_NUMBER)
        elif seq < walk.size + len(leaves):
            # On a server the key is each month's own, so only this finds it.
            walk.fault(seq, seq, "an event is out of its place, or here twice")
        else:
            if seq != walk.size + len(leaves):
                leaves = _over_a_gap(walk, leaves, seq)
            hashed = _one(walk, row)
            if hashed is not None:
                leaves.append(hashed)
            else:
                _grow(walk, leaves)
                leaves, walk.whole, walk.size = [], False, seq + 1
    _grow(walk, leaves)
    walk.seen += len(rows)


def _grow(walk: _Walk, leaves: Sequence[bytes]) -> None:
    if walk.whole:
        walk.frontier, _ = merkle.grow(walk.frontier, walk.size, leaves)
    walk.size += len(leaves)


def _one(walk: _Walk, row: tuple[Any, ...]) -> bytes | None:
    """The leaf of an event as it was signed or, where nobody had, as it is found; None without either.

    The time of an event that was altered says nothing about the one behind it.
    """
    seq, time = row[1], row[2]
    hashed, signed = asfound.leaf_of(row), walk.witnessed(seq)
    if hashed is None or type(time) is not int:
        walk.fault(seq, seq, "the event cannot be read")
    elif signed is not None and signed != hashed:
        walk.fault(seq, seq, "the event was changed after it was signed")
    else:
        if time < walk.previous - CLOCK_STEP:
            walk.fault(seq, seq, _CLOCK, CLOCK)
        walk.previous = time
        walk.latest = max(walk.latest, time)
        if row[3] == acknowledged.KIND and (clock := acknowledged.clock_of(row)) is not None:
            walk.said[clock] = seq
    return signed or hashed


def _over_a_gap(walk: _Walk, leaves: list[bytes], seq: int) -> list[bytes]:
    """What is known of missing events is put in; returned are the leaves that are still to be grown."""
    _grow(walk, leaves)
    found = _missing(walk, walk.size, seq)
    if walk.whole:
        return found
    walk.size = seq
    return []


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


def _compare_end(conn: Connection, walk: _Walk, signed: int) -> None:
    """Step 4."""
    size = asfound.size_said(conn, walk.log)
    try:
        head = asfound.head(conn, walk.log)
    except Tampered:
        head = None
    contradicts = head is None and (size is None or size == walk.size)
    size = size or 0
    if walk.size < max(size, signed):
        walk.fault(walk.size, max(size, signed) - 1, "events are missing at the end")
    if size < walk.size:
        walk.fault(size, walk.size - 1, "events stand after the end of the log")
    if contradicts:
        walk.fault(0, size, "the head of the log contradicts itself")
    elif head is not None and size == walk.size:
        if walk.whole:
            _compare_head(walk, signed, head)
        _compare_time(walk, head)


def _compare_head(walk: _Walk, signed: int, head: Head) -> None:
    for (first, end), mine, kept in zip(
        merkle.subtrees(walk.size), walk.frontier, head.frontier, strict=True
    ):
        if mine == kept:
            continue
        unsigned = max(first, signed)
        placed = [fault.first for fault in walk.faults if first <= fault.first < end]
        if unsigned < end:
            walk.fault(unsigned, end - 1, "an event among these was changed")
        elif placed:
            # Its events are all signed, and which of them differ is said: the head was made to fit those.
            walk.fault(placed[0], placed[0], "the head of the log fits what stands here, not what was signed")
        else:
            walk.fault(end - 1, end - 1, "the head of the log does not fit the events up to this one")


def _compare_time(walk: _Walk, head: Head) -> None:
    """Of what is archived the times are not known: they may have been the latest."""
    unknown = walk.archived is not None and head.last_time > walk.latest
    if not walk.faults and head.last_time != walk.latest and not unknown:
        walk.fault(walk.size, walk.size, "the head of the log says another time than its latest event")
