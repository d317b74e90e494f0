"""What workers know, and new plans for everybody when it is something else (law 7).

One row says by which knowledge plans are made. The first worker that knows another has a job made for every
patient, in the transaction that changes the row: none is left out, and a worker that dies before leaves it to
the next. The jobs fall due one after the other, so that new data are not kept waiting behind them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from operator import itemgetter

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.custody import jobs
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.jobs import SECOND, Order
from gateway.custody.tables import adopted_knowledge, record

REASON = "knowledge"
A_SECOND = 40
"""Patients per second: what one core of workers does, so that about as many fall due as are done."""

_ONE = 1
_NOTHING = ""


def known(conn: Connection) -> str:
    """By which knowledge plans are made: its digest, or nothing before the first worker came."""
    found: str | None = conn.scalar(select(adopted_knowledge.c.digest))
    return found or _NOTHING


def adopt(conn: Connection, kind: str, digest: str, now: int) -> int:
    """Go over to this knowledge, with a job of this kind for every patient; answers how many there are."""
    if _locked(conn) == digest:
        return 0
    count = renew(conn, kind, REASON, now)
    conn.execute(update(adopted_knowledge).values(digest=digest, since=now))
    return count


def renew(conn: Connection, kind: str, reason: str, now: int, tenant: Tenant | None = None) -> int:
    """A job of this kind for every patient, or for those of one tenant, one after the other."""
    count = 0
    for second, portion in enumerate(_portions(conn, tenant)):
        due = now + second * SECOND
        for owner, rows in groupby(portion, key=itemgetter(0)):
            order = Order(owner, kind, reason, due, now)
            jobs.enqueue(conn, order, [patient for _, patient in rows])
        count += len(portion)
    return count


def _locked(conn: Connection) -> str:
    """The digest, in a row that nobody else changes before this transaction ends."""
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    first = dialect.insert(adopted_knowledge).values(one=_ONE, digest=_NOTHING, since=0)
    conn.execute(first.on_conflict_do_nothing())
    found: str = conn.scalars(select(adopted_knowledge.c.digest).with_for_update()).one()
    return found


def _portions(conn: Connection, tenant: Tenant | None) -> Iterator[Sequence[tuple[Tenant, StoredId]]]:
    """Every patient that is there, so many at a time."""
    there = select(record.c.tenant, record.c.id).where(record.c.type == "Patient", record.c.deleted == 0)
    there = there if tenant is None else there.where(record.c.tenant == tenant)
    rows = iter(conn.execute(there.order_by(record.c.tenant, record.c.id)).all())
    while portion := [(Tenant(tenant), StoredId(id_)) for tenant, id_ in islice(rows, A_SECOND)]:
        yield portion
