"""Who is handed copies of the trail, and how far each of them is.

A receiver takes each log from its beginning in its order; its cursor moves when it has taken something, and
never before. One process at a time hands on: it holds the receiver for the length of a lease, and the fence
keeps out whoever was thought dead (as with jobs). How far everybody is can be seen by each process of the
trusted zone, so that one that hands nothing on is missed by the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Connection, and_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.custody.errors import LostLease
from gateway.custody.ids import Tenant
from gateway.custody.jobs import SECOND
from gateway.custody.tables import audit_event, audit_head, trail_cursor, trail_receiver

_r, _c = trail_receiver.c, trail_cursor.c

Logs = frozenset[Tenant]


@dataclass(frozen=True, slots=True)
class Hold:
    """The right to hand on to one receiver, as long as the lease lasts and nobody raised the fence."""

    name: str
    holder: str
    fence: int


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a receiver is in one log. ``taken``: events that it has, or that what it has covers; ``time``:
    of the last thing that it took, in microseconds; ``position``: where in a file the next thing stands."""

    log: Tenant
    taken: int = 0
    time: int = 0
    position: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a receiver is. ``seconds``: the age of the oldest event that it has not; ``answered``: when it
    last took something, in microseconds; ``trouble``: the kind of error that keeps it waiting."""

    name: str
    events: int
    seconds: int
    answered: int | None
    trouble: str | None
    cursors: tuple[Cursor, ...]

    def late(self, most: int) -> bool:
        """Whether something has waited for longer than so many seconds."""
        return self.events > 0 and self.seconds > most


def hold(conn: Connection, name: str, holder: str, now: int, lease: int) -> Hold | None:
    """Take a receiver for the length of a lease, or go on holding it; None while another holds it."""
    query = select(trail_receiver).where(_r.name == name).with_for_update()
    row = conn.execute(query).one_or_none()
    if row is None:
        _make(conn, name)
        row = conn.execute(query).one()
    if row.holder != holder and row.lease_until > now:
        return None
    fence = row.fence + (row.holder != holder)
    values = {"holder": holder, "fence": fence, "lease_until": now + lease}
    conn.execute(update(trail_receiver).where(_r.name == name).values(values))
    return Hold(name, holder, fence)


def _make(conn: Connection, name: str) -> None:
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    values = {"name": name, "fence": 0, "lease_until": 0}
    conn.execute(dialect.insert(trail_receiver).values(values).on_conflict_do_nothing())


def release(conn: Connection, held: Hold) -> None:
    """Let the next one have it at once."""
    conn.execute(update(trail_receiver).where(_is(held)).values(lease_until=0))


def took(conn: Connection, held: Hold, cursors: Iterable[Cursor], now: int) -> None:
    """The receiver has taken everything up to these places; ``LostLease`` when another hands on by now."""
    _mark(conn, held, {"answered": now, "trouble": None})
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    for cursor in cursors:
        values = {"taken": cursor.taken, "time": cursor.time, "position": cursor.position}
        row = dialect.insert(trail_cursor).values(receiver=held.name, log=cursor.log, **values)
        conn.execute(row.on_conflict_do_update(index_elements=[_c.receiver, _c.log], set_=values))


def waits(conn: Connection, held: Hold, trouble: str) -> None:
    """The receiver takes nothing at the moment, because of this kind of error."""
    _mark(conn, held, {"trouble": trouble})


def _mark(conn: Connection, held: Hold, values: dict[str, object]) -> None:
    if conn.execute(update(trail_receiver).where(_is(held)).values(values)).rowcount != 1:
        raise LostLease("Another process hands the trail on to this receiver now.")


def _is(held: Hold) -> ColumnElement[bool]:
    return and_(_r.name == held.name, _r.holder == held.holder, _r.fence == held.fence)


def cursors(conn: Connection, name: str) -> dict[Tenant, Cursor]:
    """How far a receiver is, by log; a log that it has nothing of is not there."""
    query = select(_c.log, _c.taken, _c.time, _c.position).where(_c.receiver == name).order_by(_c.log)
    return {Tenant(row.log): Cursor(Tenant(row.log), *row[1:]) for row in conn.execute(query)}


def sizes(conn: Connection, logs: Logs | None) -> dict[Tenant, int]:
    """How many events each log has; of these logs, or of all."""
    rows = conn.execute(select(audit_head.c.log, audit_head.c.size).order_by(audit_head.c.log))
    return {Tenant(log): size for log, size in rows if logs is None or log in logs}


def standing(conn: Connection, name: str, logs: Logs | None, now: int) -> Standing:
    """How far a receiver is behind, in events and in seconds; one that never took anything has everything
    before it."""
    row = conn.execute(select(_r.answered, _r.trouble).where(_r.name == name)).one_or_none()
    measure = measured(conn, name, logs, now, list(cursors(conn, name).values()))
    return measure if row is None else replace(measure, answered=row.answered, trouble=row.trouble)


def measured(conn: Connection, name: str, logs: Logs | None, now: int, at: Sequence[Cursor]) -> Standing:
    """How far behind somebody is who stands at these places."""
    taken = {cursor.log: cursor.taken for cursor in at}
    behind = {log: size for log, size in sizes(conn, logs).items() if size > taken.get(log, 0)}
    waiting = sum(size - taken.get(log, 0) for log, size in behind.items())
    oldest = [time for log in behind if (time := _time(conn, log, taken.get(log, 0))) is not None]
    seconds = max(0, now - min(oldest)) // SECOND if oldest else 0
    return Standing(name, waiting, seconds, None, None, tuple(at))


def _time(conn: Connection, log: Tenant, seq: int) -> int | None:
    """When the first event from here on was."""
    e = audit_event.c
    query = select(e.time).where(e.log == log, e.seq >= seq).order_by(e.seq).limit(1)
    return conn.scalar(query)
