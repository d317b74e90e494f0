"""Guessing is slow: failed log-ins are counted by log-in name and by address; each more doubles the wait.

An attempt is counted before it is looked at, in one transaction with the question whether it may be made: who
tries side by side gets no more tries than one after the other. A log-in name that nobody has is braked like
any other. What is kept is a keyed hash of the name or the address. A wait ends by itself, after an hour at
the most, so that nobody can lock an officer out for good.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, update

from gateway.console.sealing import Sealing
from gateway.custody.console_tables import console_brake
from gateway.custody.jobs import SECOND
from gateway.custody.keyring import hashed
from gateway.custody.prepared import insert_into

OF_A_NAME, OF_AN_ADDRESS = 5, 40
"""So many may fail before anybody has to wait; behind one address there may be a whole house."""

FIRST_WAIT, LONGEST_WAIT, LONGEST_OF_AN_ADDRESS = 30 * SECOND, 3_600 * SECOND, 60 * SECOND
"""Behind one address, such as a proxy's, may be everybody: who fails there must not keep them out."""

FORGOTTEN = 24 * 3_600 * SECOND
_DOUBLINGS = 12
_c = console_brake.c


@dataclass(frozen=True, slots=True)
class Brake:
    """One count of failures. ``free``: how many cost nothing; ``longest``: what the next one may cost."""

    key: bytes
    free: int
    longest: int


def of_attempt(sealing: Sealing, login: str, address: str) -> tuple[Brake, Brake]:
    """The brakes of an attempt: of the name, and of the address."""
    key = sealing.derived("brakes")
    name, place = hashed(key, f"name\0{login}".encode()), hashed(key, f"address\0{address}".encode())
    return Brake(name, OF_A_NAME, LONGEST_WAIT), Brake(place, OF_AN_ADDRESS, LONGEST_OF_AN_ADDRESS)


def press(conn: Connection, brakes: Sequence[Brake], now: int) -> int:
    """Count one attempt; answers how long to wait, in microseconds, where it may not be made."""
    # Always in one order, or two attempts could wait for each other.
    rows = [(brake, *_locked(conn, brake.key)) for brake in sorted(brakes, key=lambda one: one.key)]
    wait = max(until - now for _, _, until, _ in rows)
    if wait > 0:
        return wait
    for brake, failures, _, last in rows:
        count = 1 if now - last > FORGOTTEN else failures + 1
        values = {"failures": count, "until": _until(brake, count, now), "last": now}
        conn.execute(update(console_brake).where(_c.key == brake.key).values(values))
    return 0


def release(conn: Connection, brakes: Iterable[Brake], now: int) -> None:
    """An attempt was good: its name is free again, and of its address nothing was counted."""
    for brake in brakes:
        failures, _, _ = _locked(conn, brake.key)
        left = 0 if brake.free == OF_A_NAME else max(0, failures - 1)
        values = {"failures": left, "until": _until(brake, left, now) if left else 0}
        conn.execute(update(console_brake).where(_c.key == brake.key).values(values))


def forget(conn: Connection, now: int) -> None:
    """Drop what counts no longer."""
    conn.execute(delete(console_brake).where(_c.last < now - FORGOTTEN))


def _until(brake: Brake, failures: int, now: int) -> int:
    over = failures - brake.free
    return now + min(FIRST_WAIT << min(over, _DOUBLINGS), brake.longest) if over >= 0 else 0


def _locked(conn: Connection, key: bytes) -> tuple[int, int, int]:
    """Failures, until when to wait, and the time of the last attempt; the row is ours until the commit."""
    row = {"key": key, "failures": 0, "until": 0, "last": 0}
    conn.execute(insert_into(conn.dialect, console_brake).values(row).on_conflict_do_nothing())
    query = select(_c.failures, _c.until, _c.last).where(_c.key == key).with_for_update()
    failures, until, last = conn.execute(query).one()
    return failures, until, last
