"""How far each log is signed, and since when it waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from gateway.console.asked import Desk
from gateway.custody import checkpoint, signing
from gateway.custody.audit import head_of
from gateway.custody.checkpoint import FOLDER
from gateway.custody.errors import CustodyError
from gateway.custody.ids import SYSTEM, Tenant
from gateway.custody.jobs import SECOND
from gateway.custody.tables import audit_event

_PATIENCE = 300 * SECOND
_c = audit_event.c


@dataclass(frozen=True, slots=True)
class LogState:
    """A log: its events, how many are signed and when that was, in microseconds.

    ``late``: events wait for longer than the settings and some minutes allow; ``known``: there is a note.
    """

    name: str
    events: int
    signed: int
    time: int
    late: bool
    known: bool


def states(conn: Connection, desk: Desk, organization: Tenant, now: int) -> Sequence[LogState]:
    """The log of an organization, and that of the system."""
    return [
        _state(conn, desk, log, (name, now))
        for log, name in ((organization, "Your organization"), (SYSTEM, "The system"))
    ]


def _state(conn: Connection, desk: Desk, log: Tenant, told: tuple[str, int]) -> LogState:
    name, now = told
    size = head_of(conn, log).size
    storage = desk.settings.storage
    try:
        newest = checkpoint.newest(storage.data_dir / FOLDER, log, signing.load(storage.key_paths.audit))
    except CustodyError:
        return LogState(name, size, 0, 0, False, False)
    waits = None
    if newest.size < size:
        waits = conn.scalar(select(_c.time).where(_c.log == log, _c.seq == newest.size))
    late = waits is not None and now - waits > desk.settings.copies.pace.micros + _PATIENCE
    return LogState(name, size, newest.size, newest.last_time, late, newest.size > 0 or size == 0)
