"""What an operator sees of the jobs, and what can be done about those that failed for good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, select, update

from gateway.custody import jobs
from gateway.custody.ids import Tenant
from gateway.custody.jobs import State
from gateway.custody.tables import job


@dataclass(frozen=True, slots=True)
class Listed:
    """A job as an operator sees it."""

    id: bytes
    tenant: Tenant
    kind: str
    state: State
    reason: str
    created: int
    not_before: int
    attempts: int
    finished: int | None
    error: str | None


def retry(conn: Connection, now: int, job_id: bytes | None = None, tenant: Tenant | None = None) -> int:
    """Give dead jobs (or one of them, or a tenant's) their attempts back; answers how many wait again."""
    query = select(job).where(job.c.state == State.DEAD.value, *_of(tenant))
    if job_id is not None:
        query = query.where(job.c.id == job_id)
    revived = 0
    for row in conn.execute(query.order_by(job.c.id).with_for_update()).all():
        conn.execute(update(job).where(job.c.id == row.id).values(attempts=0))
        if jobs.requeue(conn, row, now, row.error):
            revived += 1
        else:
            jobs.close(conn, row.id, State.DONE, now, "Superseded")
    return revived


def forget(conn: Connection, before: int) -> int:
    """Drop jobs that were done before; what is dead stays until someone has looked at it."""
    old = and_(job.c.state == State.DONE.value, job.c.finished < before)
    return conn.execute(delete(job).where(old)).rowcount


def listing(
    conn: Connection, state: State | None = None, limit: int = 100, tenant: Tenant | None = None
) -> list[Listed]:
    """Jobs, newest first."""
    columns = [job.c[name] for name in Listed.__slots__]
    query = select(*columns).where(*_of(tenant)).order_by(job.c.created.desc(), job.c.id).limit(limit)
    if state is not None:
        query = query.where(job.c.state == state.value)
    return [_listed(row) for row in conn.execute(query)]


def _listed(row: Row[Any]) -> Listed:
    return Listed(**{**row._mapping, "state": State(row.state)})


def _of(tenant: Tenant | None) -> list[ColumnElement[bool]]:
    return [] if tenant is None else [job.c.tenant == tenant]


def counts(conn: Connection, tenant: Tenant | None = None) -> dict[State, int]:
    """How many jobs stand where."""
    found = conn.execute(select(job.c.state, func.count()).where(*_of(tenant)).group_by(job.c.state))
    return dict.fromkeys(State, 0) | {State(state): number for state, number in found}
