"""What a checkpoint should cover and none does: because nobody signed, or because notes were taken away.

Notes are files, and who rules the machine can empty them; then nothing says that a log was ever longer. Three
things still do: its own events, which are older than the pace at which heads are signed; the leaves, which
are written before their note; and how far the notes were brought to a place outside (``trail_cursor``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from gateway.custody import asfound
from gateway.custody.checkpoint import Pace, Witness
from gateway.custody.ids import Tenant
from gateway.custody.merkle import HASH_BYTES
from gateway.custody.tables import audit_event, trail_cursor
from gateway.custody.verify import UNSIGNED, Archived, Fault

SLACK = 300_000_000
"""How much later than due a head may be signed, in microseconds: a courier starts, or waits for a lock."""

_NOTES = "checkpoints:"
"""What the names of those begin with who are brought notes."""

_c = audit_event.c
_NEVER = "log {log} has no signed checkpoint, though its events are older than it takes to sign one"
_LATE = "no signed checkpoint covers these events, though one has been due since"
_OTHER = "the event is not the one whose leaf was kept, and the note that covered it is gone"
_GONE = "the events are missing, and so is the note that covered them: their leaves were kept"
_BROUGHT = "checkpoints that were brought outside cover these events, and are not here"


@dataclass(frozen=True, slots=True)
class Due:
    """By when a head is to be signed: ``now`` in microseconds since 1970."""

    now: int
    pace: Pace

    @property
    def settled(self) -> int:
        """What is from before this moment should be signed."""
        return self.now - SLACK - self.pace.micros


def uncovered(
    conn: Connection, witnesses: Mapping[Tenant, Witness], archived: Archived, due: Due
) -> Iterator[Fault]:
    """Of each log what should be covered and is not. The witnesses are read before this snapshot began."""
    logs = {Tenant(log) for log in conn.scalars(select(_c.log).distinct())}
    for log in sorted(logs | witnesses.keys()):
        witness = witnesses.get(log, Witness((), b""))
        signed = max(witness.signed, archived[log].size if log in archived else 0)
        if signed or not witness.damaged:
            yield from _old(conn, log, signed, due)
        yield from _beyond(conn, log, witness)


def ahead(conn: Connection, signed: Callable[[Tenant], int]) -> Iterator[Fault]:
    """Where notes were brought outside that are not here. ``signed`` looks into the files after this
    snapshot began, since a note is written before it is brought."""
    c = trail_cursor.c
    query = select(c.log, func.max(c.taken)).where(c.receiver.startswith(_NOTES)).group_by(c.log)
    for log, taken in conn.execute(query.order_by(c.log)).all():
        if taken > (here := signed(Tenant(log))):
            yield Fault(Tenant(log), here, taken - 1, _BROUGHT, UNSIGNED)


def _old(conn: Connection, log: Tenant, signed: int, due: Due) -> Iterator[Fault]:
    """Events that waited too long for a note.

    A log without any is measured by the clock. One that was signed is measured by its own events: a machine
    that was switched off before it signed the last of them has done nothing wrong.
    """
    behind = (_c.log == log, _c.seq >= signed)
    waiting = (*behind, _c.time <= due.settled)
    first = select(_c.time).where(*waiting).order_by(_c.seq).limit(1)
    oldest, last = conn.scalar(first), conn.scalar(select(func.max(_c.seq)).where(*waiting))
    if type(oldest) is not int or type(last) is not int:
        return
    if not signed:
        yield Fault(log, 0, last, _NEVER.format(log=log), UNSIGNED)
        return
    newest = conn.scalar(select(func.max(_c.time)).where(*behind, _c.time <= due.now - SLACK))
    if type(newest) is int and newest - oldest > SLACK + due.pace.micros:
        yield Fault(log, signed, last, _LATE, UNSIGNED)


def _beyond(conn: Connection, log: Tenant, witness: Witness) -> Iterator[Fault]:
    """Leaves behind the last note must be those of events that are here."""
    count, seen = len(witness.beyond) // HASH_BYTES, set[int]()
    if not count:
        return
    first = witness.signed
    for batch in asfound.events(conn, _c.log == log, _c.seq >= first, _c.seq < first + count):
        for row in batch:
            at = (row[1] - first) * HASH_BYTES
            kept = witness.beyond[at : at + HASH_BYTES]
            seen.add(row[1])
            if any(kept) and asfound.leaf_of(row) != kept:
                yield Fault(log, row[1], row[1], _OTHER, UNSIGNED)
    gone = [seq for seq in range(first, first + count) if seq not in seen]
    if gone:
        yield Fault(log, gone[0], gone[-1], _GONE, UNSIGNED)
