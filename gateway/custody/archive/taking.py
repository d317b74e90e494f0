"""Takes out of the database what lies in an archive, and says up to where that is.

That a stretch of a log is archived stands in the log itself, in the transaction that moves the mark
(``audit_archive``). On a server the same transaction drops the months; what of them is not archived (of a log
that goes no further, or written by a clock that was wrong) moves to the rest. Embedded, the rows go after it,
a batch at a time, so that writers wait no longer than for that. Whoever was killed leaves rows that are
archived already; they go with the next run.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, and_, delete, select, text
from sqlalchemy.dialects import postgresql, sqlite

from gateway.custody import audit, partitions
from gateway.custody.archive.tables import audit_archive
from gateway.custody.audit import Event
from gateway.custody.database import Database
from gateway.custody.ids import Tenant
from gateway.custody.months import Month
from gateway.custody.note import Checkpoint
from gateway.custody.operator import By
from gateway.custody.tables import audit_event, audit_head

BATCH = 5_000
_c = audit_event.c
Archived = Mapping[Tenant, Checkpoint]
"""What is archived of each log, as its newest note says."""


def marks(conn: Connection) -> dict[Tenant, tuple[int, int]]:
    """Of each log that has an archive: how many events lie there, and before when all of them are."""
    return {Tenant(row.log): (row.size, row.before) for row in conn.execute(select(audit_archive))}


def take_out(database: Database, archived: Archived, now: int, by: By) -> int:
    """Make the database what the notes say; answers how many events they took out that were there still."""
    with database.write() as conn:
        new = _unmarked(conn, archived)
        count = sum(archived[log].size - size for log, size in new.items())
        if conn.dialect.name == "postgresql":
            # First what writers hold when they come to the months, so that nobody waits in a circle.
            conn.execute(select(audit_head.c.log).order_by(audit_head.c.log).with_for_update())
            _drop_months(conn, archived)
        for log, size in new.items():
            _mark(conn, log, archived[log])
            audit.append(conn, log, [_event(archived[log], size, now, by)])
    if database.dialect == "sqlite":
        for log, one in archived.items():
            _delete(database, log, one.size)
    return count


def _unmarked(conn: Connection, archived: Archived) -> dict[Tenant, int]:
    """The logs of which more is archived than their marks say, and what these say."""
    known = marks(conn)
    sizes = {log: known.get(log, (0, 0))[0] for log in archived}
    return {log: size for log, size in sizes.items() if size < archived[log].size}


def _mark(conn: Connection, log: Tenant, one: Checkpoint) -> None:
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    values = {"size": one.size, "before": one.time}
    new = dialect.insert(audit_archive).values(log=log, **values)
    conn.execute(new.on_conflict_do_update(index_elements=["log"], set_=values))


def _event(one: Checkpoint, known: int, now: int, by: By) -> Event:
    detail = f"{by}: events {known} to {one.size - 1}, from before {Month.of(one.time)}"
    return Event(now, "audit:archive", "D", "0", 200, user=by.user, detail=detail)


# --- embedded ---------------------------------------------------------------------------------------------


def _delete(database: Database, log: Tenant, size: int) -> None:
    while True:
        with database.write() as conn:
            oldest = select(_c.seq).where(_c.log == log, _c.seq < size).order_by(_c.seq).limit(BATCH)
            last = max(conn.scalars(oldest).all(), default=None)
            if last is None:
                return
            conn.execute(delete(audit_event).where(and_(_c.log == log, _c.seq <= last)))


# --- on a server ------------------------------------------------------------------------------------------


def _drop_months(conn: Connection, archived: Archived) -> None:
    over = Month.of(max((one.time for one in archived.values()), default=0))
    gone = [month for month in partitions.existing(conn) if month < over]
    sizes = ", ".join(f"({log}::bigint, {one.size}::bigint)" for log, one in archived.items())
    if not sizes:
        return
    partitions.wait_briefly(conn)
    for month in gone:
        partitions.drop(
            conn,
            month,
            keeping=f"LEFT JOIN (VALUES {sizes}) a (log, size) USING (log) WHERE seq >= coalesce(size, 0)",
        )
    rest = partitions.table(conn, None)
    mine = f"FROM {rest} r JOIN (VALUES {sizes}) a (log, size) ON r.log = a.log AND r.seq < a.size"
    if conn.scalar(text(f"SELECT EXISTS (SELECT {mine})")):
        with partitions.unprotected(conn, rest):
            joined = f"USING (VALUES {sizes}) a (log, size) WHERE r.log = a.log AND r.seq < a.size"
            conn.execute(text(f"DELETE FROM {rest} r {joined}"))  # noqa: S608 - names and numbers of ours
