"""The months of the trail on a PostgreSQL server, each a table of its own, made before its time comes.

``audit_event`` is divided by an event's time, because what is read most is young and what leaves the database
(docs/audit.md, "Six years") leaves it by whole months: a month is dropped, where deleting its rows would fill
the server's log and leave the room to a vacuum. The months lie in a schema of their own, which workers cannot
even name; rights are those of the parent. A row whose month has no table, because a clock was wrong or nobody
made one in time, goes to ``rest``: no write ever fails for want of one. SQLite has one table and no months.

The key (log, seq) is each month's own: two rows of one number in two months are not refused. The head's lock
numbers events one by one, so only who writes past it can make them, and ``verify`` names the second.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

from gateway.custody import months
from gateway.custody.months import Month

PARENT = "audit_event"
REST = f"{PARENT}_rest"
AHEAD = 3
"""Months that are made in advance: so long may the step that makes them stand still."""

_LOCK = 0x6D6F_6E74_6873
_CHILDREN = text(
    "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid"
    " WHERE inhparent = 'audit_event'::regclass ORDER BY 1"
)
_FORBIDDEN = "UPDATE, DELETE, TRUNCATE"


def prepare(conn: Connection, now: int) -> list[Month]:
    """Make the tables of this month and of those ahead that are missing; answers which it made."""
    if conn.dialect.name != "postgresql":
        return []
    if not conn.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _LOCK}):
        return []
    there = existing(conn)
    wanted = [Month.of(now).later(ahead) for ahead in range(AHEAD + 1)]
    missing = [month for month in wanted if month not in there]
    if missing:
        wait_briefly(conn)
    for month in missing:
        make(conn, month)
    return missing


def existing(conn: Connection) -> list[Month]:
    """The months that have a table, in their order."""
    named = (name.removeprefix(f"{PARENT}_") for name in conn.scalars(_CHILDREN))
    return sorted(month for name in named if (month := months.parse(name)) is not None)


def table(conn: Connection, month: Month | None) -> str:
    """The name of a month's table, or of the rest's, as a statement takes it."""
    name = REST if month is None else f"{PARENT}_{str(month).replace('-', '_')}"
    return f"{schema(conn)}.{name}"


def schema(conn: Connection) -> str:
    """The schema that the months lie in: named after the one in which everything else lies."""
    return str(conn.scalar(text("SELECT quote_ident(current_schema() || '_trail')")))


def make(conn: Connection, month: Month) -> None:
    """Make a month's table, with the rows of it that went to the rest, and hang it in."""
    name, rest = table(conn, month), table(conn, None)
    span = f"time >= {month.start} AND time < {month.end}"
    _create(conn, name)
    if conn.scalar(text(f"SELECT EXISTS (SELECT FROM {rest} WHERE {span})")):  # noqa: S608 - names of ours
        with unprotected(conn, rest):
            conn.execute(text(f"INSERT INTO {name} SELECT * FROM {rest} WHERE {span}"))  # noqa: S608
            conn.execute(text(f"DELETE FROM {rest} WHERE {span}"))  # noqa: S608
    # Not PARTITION OF: that would wait for everybody who reads any month, and everybody behind for it.
    bounds = f"FOR VALUES FROM ({month.start}) TO ({month.end})"
    conn.execute(text(f"ALTER TABLE {PARENT} ATTACH PARTITION {name} {bounds}"))


def drop(conn: Connection, month: Month, keeping: str) -> None:
    """Drop a month with its rows, but for those that ``keeping`` (a join and a condition) finds in it."""
    name = table(conn, month)
    conn.execute(text(f"ALTER TABLE {PARENT} DETACH PARTITION {name}"))
    columns = ", ".join(f'e."{column}"' for column in _columns(conn))
    # The parent has no table for them any more, so they go to the rest.
    conn.execute(text(f"INSERT INTO {PARENT} SELECT {columns} FROM {name} e {keeping}"))  # noqa: S608
    conn.execute(text(f"DROP TABLE {name}"))


def hold(conn: Connection) -> None:
    """Begin the snapshot of a reader of the whole trail: until it ends, no month is made or dropped."""
    if conn.dialect.name == "postgresql":
        # Before the first look, because a snapshot does not keep a table from being dropped.
        conn.execute(text(f"LOCK TABLE {PARENT} IN ACCESS SHARE MODE"))
    conn.execute(text("SELECT log FROM audit_head LIMIT 1"))


def wait_briefly(conn: Connection) -> None:
    """Readers of the whole trail hold every month for as long as they read, and who waits for a month has
    everybody else wait behind: so it is not waited for long, and tried another time."""
    conn.execute(text("SET LOCAL lock_timeout = '2s'"))


def _columns(conn: Connection) -> list[str]:
    """The columns in the order of the parent, which is each month's."""
    query = text(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'audit_event'::regclass AND attnum > 0"
        " AND NOT attisdropped ORDER BY attnum"
    )
    return list(conn.scalars(query))


def make_rest(conn: Connection) -> None:
    """Make the schema of the months, and the table for what has no month; the parent is there."""
    conn.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema(conn)}"))
    rest = table(conn, None)
    _create(conn, rest)
    conn.execute(text(f"ALTER TABLE {PARENT} ATTACH PARTITION {rest} DEFAULT"))
    protect(conn, PARENT)


@contextmanager
def unprotected(conn: Connection, name: str) -> Iterator[None]:
    """Rows of a month's table may be deleted inside, by its owner alone, who has it to themselves."""
    conn.execute(text(f"GRANT DELETE ON {name} TO CURRENT_USER"))
    conn.execute(text(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE"))
    yield
    protect(conn, name)


def protect(conn: Connection, name: str) -> None:
    """Take from the owner what nobody needs: a statement that changes the trail by mistake does not run."""
    conn.execute(text(f"REVOKE {_FORBIDDEN} ON {name} FROM CURRENT_USER"))


def _create(conn: Connection, name: str) -> None:
    conn.execute(text(f"CREATE TABLE {name} (LIKE {PARENT} INCLUDING DEFAULTS)"))
    conn.execute(text(f"ALTER TABLE {name} ADD PRIMARY KEY (log, seq)"))
    protect(conn, name)
