"""What takes longer than a page may: a verification, an export. The page writes down what is wanted, and the
courier does it and says how far it is, whichever process the next page comes from.

One of a kind runs at a time for an organization. Who does it holds it and says so every few seconds; what
nobody has spoken of for half a minute is begun anew by the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, or_, select, update

from gateway.custody.console_tables import console_run
from gateway.custody.ids import Tenant
from gateway.custody.jobs import SECOND

VERIFY, EXPORT = "verify", "export"
WHOLE, FAULTS, FAILED = "whole", "faults", "failed"
SILENT = 30 * SECOND
KEPT = 90 * 24 * 3_600 * SECOND
ID_BYTES = 12
_c = console_run.c


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted, by whom and when. ``wish`` and a run's ``report`` are JSON, without anybody's data."""

    kind: str
    organization: Tenant
    person: str
    now: int
    wish: str = "{}"


@dataclass(frozen=True, slots=True)
class Run:
    """One of them. Times in microseconds; ``done`` of ``total`` events."""

    id: bytes
    kind: str
    organization: Tenant
    person: str
    asked: int
    wish: str
    holder: str | None
    begun: int | None
    beat: int | None
    done: int
    total: int
    ended: int | None
    outcome: str | None
    report: str | None

    @property
    def share(self) -> int:
        """How much of it is done, of a hundred."""
        return min(99, 100 * self.done // self.total) if self.total else 0


def ask(conn: Connection, id_: bytes, order: Order) -> bytes:
    """Write an order down; answers the id of the one that waits or runs already, where there is one."""
    waiting = (_c.organization == order.organization, _c.kind == order.kind, _c.ended.is_(None))
    known = conn.scalar(select(_c.id).where(*waiting).limit(1))
    if known is not None:
        return bytes(known)
    conn.execute(
        insert(console_run).values(
            id=id_,
            kind=order.kind,
            organization=order.organization,
            person=order.person,
            asked=order.now,
            wish=order.wish,
            done=0,
            total=0,
        )
    )
    return id_


def find(conn: Connection, organization: Tenant, id_: bytes) -> Run | None:
    """A run of an organization."""
    row = conn.execute(select(console_run).where(_c.id == id_, _c.organization == organization)).one_or_none()
    return None if row is None else _run(row)


def latest(conn: Connection, kind: str, organization: Tenant, most: int) -> Sequence[Run]:
    """The newest runs of a kind."""
    mine = (_c.organization == organization, _c.kind == kind)
    rows = conn.execute(select(console_run).where(*mine).order_by(_c.asked.desc()).limit(most))
    return [_run(row) for row in rows]


def last_ended(conn: Connection, kind: str, organization: Tenant) -> Run | None:
    """The newest run of a kind that came to an end."""
    mine = (_c.organization == organization, _c.kind == kind, _c.ended.is_not(None))
    row = conn.execute(select(console_run).where(*mine).order_by(_c.asked.desc()).limit(1)).one_or_none()
    return None if row is None else _run(row)


def claim(conn: Connection, holder: str, now: int) -> Run | None:
    """Take the oldest order that nobody does."""
    free = (_c.ended.is_(None), or_(_c.beat.is_(None), _c.beat < now - SILENT))
    query = select(console_run).where(*free).order_by(_c.asked).limit(1).with_for_update(skip_locked=True)
    row = conn.execute(query).one_or_none()
    if row is None:
        return None
    values = {"holder": holder, "begun": now, "beat": now, "done": 0, "total": 0}
    conn.execute(update(console_run).where(_c.id == row.id).values(values))
    return find(conn, Tenant(row.organization), bytes(row.id))


def beat(conn: Connection, run: Run, done: int, total: int, now: int) -> bool:
    """Say how far it is; False where somebody else does it by now."""
    return _change(conn, run, {"done": done, "total": total, "beat": now})


def finish(conn: Connection, run: Run, outcome: str, report: str, now: int) -> bool:
    """Say how it ended; False where somebody else does it by now."""
    return _change(conn, run, {"outcome": outcome, "report": report, "ended": now, "beat": now})


def forget(conn: Connection, now: int) -> None:
    """Drop what ended long ago."""
    conn.execute(delete(console_run).where(_c.ended < now - KEPT))


def _change(conn: Connection, run: Run, values: dict[str, Any]) -> bool:
    mine: tuple[ColumnElement[bool], ...] = (_c.id == run.id, _c.holder == run.holder, _c.ended.is_(None))
    return conn.execute(update(console_run).where(*mine).values(values)).rowcount == 1


def _run(row: Row[Any]) -> Run:
    values = row._mapping
    return Run(**{**values, "id": bytes(values["id"]), "organization": Tenant(values["organization"])})
