"""Broken glass: each token that was given for an emergency, what was done with it, and who reviewed it.

The emergency is the token (purpose ``BTG``, with one of few reasons): what follows under it is one access.
Whoever broke the glass does not review it. A review stands: who thinks otherwise says so in the record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, func, select

from gateway.auth.users import BREAK_GLASS
from gateway.console.asked import Desk
from gateway.console.people import Person
from gateway.custody.console_tables import console_person, glass_review
from gateway.custody.ids import Tenant
from gateway.custody.jobs import SECOND
from gateway.custody.prepared import insert_into
from gateway.custody.tables import audit_event

DUE = 7 * 86_400 * SECOND
"""Microseconds within which somebody should have looked."""
JUSTIFIED, NOT_JUSTIFIED = "justified", "not-justified"
DECISIONS = (JUSTIFIED, NOT_JUSTIFIED)
LONGEST_NOTE = 2_000
_ISSUED = "token:issue"
_e, _g, _p = audit_event.c, glass_review.c, console_person.c


@dataclass(frozen=True, slots=True)
class Review:
    """What was found, by whom and when. ``note``: None where it does not open."""

    decision: str
    reviewer: str
    note: str | None
    decided: int


@dataclass(frozen=True, slots=True)
class Broken:
    """One emergency. ``reason`` is one of those that a client may give; times in microseconds."""

    log: Tenant
    seq: int
    time: int
    client: str | None
    user: str | None
    reason: str | None
    review: Review | None

    @property
    def id(self) -> str:
        return f"{self.log}-{self.seq}"

    @property
    def due(self) -> int:
        return self.time + DUE

    def late(self, now: int) -> bool:
        """Whether somebody should have looked by now."""
        return self.review is None and self.due < now


def latest(conn: Connection, desk: Desk, organization: Tenant, count: int) -> list[Broken]:
    """The newest emergencies of an organization."""
    query = _query(organization).order_by(_e.time.desc(), _e.seq.desc()).limit(count)
    return [_broken(desk, row) for row in conn.execute(query)]


def find(conn: Connection, desk: Desk, organization: Tenant, seq: int) -> Broken | None:
    """One emergency of an organization, by the number of its event."""
    row = conn.execute(_query(organization).where(_e.seq == seq)).one_or_none()
    return None if row is None else _broken(desk, row)


def waiting(conn: Connection, organization: Tenant, now: int) -> tuple[int, int]:
    """How many emergencies nobody has reviewed, and how many of these are late."""
    open_ = and_(*_ISSUES, _e.log == organization, _g.decision.is_(None))
    from_ = audit_event.outerjoin(glass_review, _JOINED)
    late = func.coalesce(func.sum(_late(now)), 0)
    count, over = conn.execute(select(func.count(), late).select_from(from_).where(open_)).one()
    return int(count), int(over)


def done(conn: Connection, one: Broken, seconds: int, most: int) -> Sequence[Row[Any]]:
    """What was done with the token while it lived, oldest first."""
    under = and_(
        _e.log == one.log,
        _e.purpose == BREAK_GLASS,
        _e.time >= one.time,
        _e.time <= one.time + seconds * SECOND,
        _e.kind != _ISSUED,
        _e.client_id == one.client,
        _same(_e.user, one.user),
    )
    return conn.execute(select(audit_event).where(under).order_by(_e.time, _e.seq).limit(most)).all()


def keep(conn: Connection, desk: Desk, one: Broken, person: Person, said: tuple[str, str]) -> bool:
    """Keep a review, its decision and its note; False where there is one."""
    decision, note = said
    values = {
        "log": one.log,
        "seq": one.seq,
        "reviewer": person.id,
        "decision": decision,
        "sealed": desk.sealing.seal(_purpose(one.log, one.seq), note.encode()),
        "decided": desk.clock(),
    }
    made = insert_into(conn.dialect, glass_review).values(values).on_conflict_do_nothing()
    return conn.execute(made).rowcount == 1


_ISSUES = (_e.purpose == BREAK_GLASS, _e.kind == _ISSUED, _e.outcome == "0")
_JOINED = and_(_g.log == _e.log, _g.seq == _e.seq)


def _query(organization: Tenant) -> Any:
    review = (_g.decision, _g.sealed, _g.decided, _p.name)
    joined = audit_event.outerjoin(glass_review, _JOINED).outerjoin(console_person, _p.id == _g.reviewer)
    columns = select(_e.log, _e.seq, _e.time, _e.client_id, _e.user, _e.detail, *review)
    return columns.select_from(joined).where(_e.log == organization, *_ISSUES)


def _late(now: int) -> ColumnElement[int]:
    return case((_e.time < now - DUE, 1), else_=0)


def _same(column: ColumnElement[Any], value: str | None) -> ColumnElement[bool]:
    return column.is_(None) if value is None else column == value


def _broken(desk: Desk, row: Row[Any]) -> Broken:
    log, seq, time, client, user, detail, decision, sealed, decided, name = tuple(row)
    review = None
    if decision is not None:
        plain = desk.sealing.open(_purpose(log, seq), bytes(sealed))
        note = None if plain is None else plain.decode()
        review = Review(decision, name or "somebody who is gone", note, decided)
    return Broken(Tenant(log), seq, time, client, user, detail, review)


def _purpose(log: int, seq: int) -> str:
    return f"glass {log}-{seq}"
