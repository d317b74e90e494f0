"""Work to be done, kept where the data are: the database is the truth, the broker only carries ids (law 5).

    queued ──claim──► running ──finish──► done
      ▲                 │  └──too many attempts──► dead ──retry──► queued
      └──fail (later)───┘  a lease that ran out may be claimed again

A job is made in the transaction that makes it necessary. At most one waits per tenant, kind and patient, so
ten bundles are one recomputation; one more may wait while one runs, because what runs may have read before
the newest data came. A claim takes a lease and raises the fence; finishing checks the fence in the
transaction that writes the result, so a worker that was thought dead cannot write over its successor.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Dialect,
    Row,
    and_,
    exists,
    func,
    null,
    or_,
    select,
    text,
    update,
)

from gateway.custody.errors import LostLease
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.prepared import Prepared, insert_into
from gateway.custody.tables import job

SECOND = 1_000_000
RESEND_AFTER = 4 * SECOND
ID_BYTES = 16

# A plan that fails five times is a fault that someone must see; an EHR may be away for a week.
_ATTEMPTS = {"push": 200}
_ATTEMPTS_ELSE = 5
_LONGEST_PAUSE = 3600 * SECOND

Draw = Callable[[int], bytes]


class State(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done, not before when, and why; ``now`` is when it was asked for."""

    tenant: Tenant
    kind: str
    reason: str
    not_before: int
    now: int


@dataclass(frozen=True, slots=True)
class Due:
    """A job whose message must be sent; ``sent`` is when it was last."""

    id: bytes
    kind: str
    sent: int | None


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to do one job, as long as the lease lasts and nobody raised the fence."""

    id: bytes
    tenant: Tenant
    kind: str
    patient: StoredId
    reason: str
    fence: int
    attempts: int


def attempts_allowed(kind: str) -> int:
    """How often a job of this kind may be claimed before someone has to look at it."""
    return _ATTEMPTS.get(kind, _ATTEMPTS_ELSE)


def pause(attempts: int) -> int:
    """How long to wait after an attempt that failed: 1 s, 4 s, 16 s … one hour."""
    return min(SECOND << 2 * min(attempts - 1, 20), _LONGEST_PAUSE)


def enqueue(
    conn: Connection, order: Order, patients: Iterable[StoredId], draw: Draw = secrets.token_bytes
) -> None:
    """Have work done for each patient; a job that waits already is only brought forward."""
    rows = [
        {
            "id": draw(ID_BYTES),
            "tenant": order.tenant,
            "kind": order.kind,
            "patient": patient,
            "state": State.QUEUED.value,
            "reason": order.reason,
            "created": order.now,
            "not_before": order.not_before,
            "fence": 0,
            "attempts": 0,
        }
        for patient in sorted(set(patients))
    ]
    if rows:
        _WANTED.run_each(conn, rows)


def _upsert(dialect: Dialect) -> Any:
    wanted = insert_into(dialect, job)
    sooner = wanted.excluded.not_before < job.c.not_before
    return wanted.on_conflict_do_update(
        index_elements=["tenant", "kind", "patient"],
        index_where=text("state = 'queued'"),
        set_={"not_before": wanted.excluded.not_before, "reason": wanted.excluded.reason, "sent": null()},
        where=sooner,
    )


_GIVEN = ("id", "tenant", "kind", "patient", "state", "reason", "created", "not_before", "fence", "attempts")
_WANTED = Prepared(_upsert, *_GIVEN)


def due(conn: Connection, now: int, limit: int, resend_after: int = RESEND_AFTER) -> list[Due]:
    """Jobs whose message must be sent: due and never sent, sent too long ago, or left by a dead worker."""
    columns = select(job.c.id, job.c.kind, job.c.sent)
    unsent = or_(job.c.sent.is_(None), job.c.sent <= now - resend_after)
    orphaned = and_(job.c.state == State.RUNNING.value, job.c.lease_until <= now, unsent)
    waiting = and_(job.c.state == State.QUEUED.value, job.c.not_before <= now, unsent, ~_at_work(now))
    # Two queries, because each then follows the index and stops at its limit.
    found = [Due(*row) for row in conn.execute(columns.where(orphaned).limit(limit))]
    rest = columns.where(waiting).order_by(job.c.not_before).limit(limit - len(found))
    return found + [Due(*row) for row in conn.execute(rest)]


def _at_work(now: int) -> ColumnElement[bool]:
    """Whether another job of the same patient runs: this one is sent as soon as that one ends."""
    other = job.alias()
    return exists().where(
        other.c.tenant == job.c.tenant,
        other.c.patient == job.c.patient,
        other.c.kind == job.c.kind,
        other.c.state == State.RUNNING.value,
        other.c.lease_until > now,
    )


def mark_sent(conn: Connection, ids: Sequence[bytes], now: int) -> None:
    """Their messages were handed to the broker."""
    if ids:
        conn.execute(update(job).where(job.c.id.in_(ids)).values(sent=now))


def claim(conn: Connection, job_id: bytes, now: int, lease: int) -> Claim | None:
    """Take a job for the length of a lease, or None when there is nothing to do or another has it."""
    found = conn.execute(select(job).where(job.c.id == job_id)).one_or_none()
    if found is None:
        return None
    family = _locked_family(conn, found)
    mine = next((row for row in family if row.id == job_id), None)
    others = [row for row in family if row.id != job_id]
    if mine is None or not _claimable(mine, now) or any(_alive(row, now) for row in others):
        return None
    if mine.attempts >= attempts_allowed(mine.kind):
        close(conn, mine.id, State.DEAD, now, mine.error or "AttemptsExhausted")
        return None
    for orphan in others:
        if orphan.state == State.RUNNING:
            close(conn, orphan.id, State.DONE, now, "Superseded")
    return _start(conn, mine, now, lease)


def _locked_family(conn: Connection, found: Row[Any]) -> Sequence[Row[Any]]:
    """The open jobs of the same patient, locked in one order, so that two claims see each other."""
    query = select(job).where(
        job.c.tenant == found.tenant,
        job.c.patient == found.patient,
        job.c.kind == found.kind,
        job.c.state.in_([State.QUEUED.value, State.RUNNING.value]),
    )
    return conn.execute(query.order_by(job.c.id).with_for_update()).all()


def _claimable(row: Row[Any], now: int) -> bool:
    if row.state == State.QUEUED:
        return bool(row.not_before <= now)
    return row.state == State.RUNNING and not _alive(row, now)


def _alive(row: Row[Any], now: int) -> bool:
    return row.state == State.RUNNING and bool(row.lease_until > now)


def _start(conn: Connection, row: Row[Any], now: int, lease: int) -> Claim:
    fence, attempts = row.fence + 1, row.attempts + 1
    # `sent` is cleared so that a lease that runs out is sent again at once.
    values = {"state": State.RUNNING.value, "lease_until": now + lease, "sent": None}
    conn.execute(
        update(job).where(job.c.id == row.id).values(values | {"fence": fence, "attempts": attempts})
    )
    return Claim(row.id, Tenant(row.tenant), row.kind, StoredId(row.patient), row.reason, fence, attempts)


def close(conn: Connection, job_id: bytes, state: State, now: int, error: str | None) -> None:
    """End a job, and whoever still works on it."""
    conn.execute(
        update(job)
        .where(job.c.id == job_id)
        .values(state=state.value, finished=now, error=error, lease_until=None, fence=job.c.fence + 1)
    )


def _held(claimed: Claim) -> Any:
    return and_(job.c.id == claimed.id, job.c.fence == claimed.fence, job.c.state == State.RUNNING.value)


def renew(conn: Connection, claimed: Claim, now: int, lease: int) -> None:
    """Keep a job that takes longer than its lease; raises ``LostLease`` when another has it."""
    if conn.execute(update(job).where(_held(claimed)).values(lease_until=now + lease)).rowcount != 1:
        raise LostLease


def finish(conn: Connection, claimed: Claim, now: int) -> None:
    """The job is done; belongs into the transaction that writes its result. Raises ``LostLease``."""
    values = {"state": State.DONE.value, "finished": now, "lease_until": None, "error": None}
    if conn.execute(update(job).where(_held(claimed)).values(values)).rowcount != 1:
        raise LostLease


def fail(conn: Connection, claimed: Claim, now: int, error: str) -> State:
    """The attempt failed: again later, or never after too many. ``error`` is a kind and has no content."""
    row = conn.execute(select(job).where(_held(claimed)).with_for_update()).one_or_none()
    if row is None:
        raise LostLease
    if claimed.attempts >= attempts_allowed(claimed.kind):
        close(conn, claimed.id, State.DEAD, now, error)
        return State.DEAD
    if not requeue(conn, row, now + pause(claimed.attempts), error):
        close(conn, claimed.id, State.DONE, now, "Superseded")
        return State.DONE
    return State.QUEUED


def requeue(conn: Connection, row: Row[Any], not_before: int, error: str | None) -> bool:
    """Let a job wait again, unless one waits already that will do its work."""
    waiting = select(func.count()).where(
        job.c.tenant == row.tenant,
        job.c.kind == row.kind,
        job.c.patient == row.patient,
        job.c.state == State.QUEUED.value,
    )
    if conn.execute(waiting).scalar_one():
        return False
    values = {"state": State.QUEUED.value, "not_before": not_before, "error": error}
    emptied = {"sent": None, "lease_until": None, "finished": None}
    conn.execute(update(job).where(job.c.id == row.id).values(values | emptied))
    return True
