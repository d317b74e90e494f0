"""The trail by months on a real server: rows find their month, none is lost, rights are as they were."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from gateway.custody import audit, migrations, partitions, verify
from gateway.custody.database import Database, Side
from gateway.custody.errors import CustodyError, NotPermitted
from gateway.custody.ids import Tenant
from gateway.custody.migrations import Store, migrate
from gateway.custody.months import Month
from gateway.custody.partitions import AHEAD
from gateway.custody.settings import Storage
from tests.unit.gateway.custody.trails import event

HERE, THERE = Tenant(7), Tenant(8)
MAY = Month(2019, 5)
DAY = 86_400_000_000

pytestmark = pytest.mark.servers


@pytest.fixture
def database(postgres_storage: Storage) -> Iterator[Database]:
    opened = Database.open(postgres_storage.database_url, Side.TRUSTED)
    yield opened
    opened.close()


def append(database: Database, *times: int, log: Tenant = HERE) -> None:
    with database.write() as conn:
        audit.append(conn, log, [event(number, moment) for number, moment in enumerate(times)])


def places(database: Database) -> dict[str, list[int]]:
    """The sequence numbers of the first log in each table, by the table's bare name."""
    query = text("SELECT tableoid::regclass::text, seq FROM audit_event WHERE log = 7 ORDER BY 1, 2")
    found: dict[str, list[int]] = {}
    with database.read() as conn:
        for table, seq in conn.execute(query):
            found.setdefault(table.rpartition(".")[2], []).append(seq)
    return found


def prepared(database: Database, now: int) -> list[Month]:
    with database.write() as conn:
        return partitions.prepare(conn, now)


def faults(database: Database) -> list[tuple[int, int, str]]:
    with database.read() as conn:
        return [(fault.first, fault.last, fault.what) for fault in verify.verify(conn, {}).faults]


# --- made ahead --------------------------------------------------------------------------------------------


def test_an_installation_has_this_month_and_those_ahead(database: Database) -> None:
    this = Month.of(time.time_ns() // 1000)
    with database.read() as conn:
        assert partitions.existing(conn) == [this.later(ahead) for ahead in range(AHEAD + 1)]


def test_months_are_made_once(database: Database) -> None:
    assert prepared(database, MAY.start) == [MAY.later(ahead) for ahead in range(AHEAD + 1)]
    assert prepared(database, MAY.end - 1) == []
    assert prepared(database, MAY.end) == [MAY.later(AHEAD + 1)]


def test_of_two_that_make_months_at_once_one_does(database: Database) -> None:
    with database.write() as conn:
        assert partitions.prepare(conn, MAY.start)
        assert prepared(database, MAY.start) == []


def test_a_row_without_a_month_waits_in_the_rest_until_its_month_is_made(database: Database) -> None:
    append(database, MAY.start - 1, MAY.start, MAY.end - 1, MAY.end, MAY.later(AHEAD).end)
    assert places(database) == {"audit_event_rest": [0, 1, 2, 3, 4]}
    prepared(database, MAY.start)
    append(database, MAY.start + DAY)
    assert places(database) == {
        "audit_event_rest": [0, 4],
        "audit_event_2019_05": [1, 2, 5],
        "audit_event_2019_06": [3],
    }
    with database.read() as conn:
        report = verify.verify(conn, {})
    # The clock of the last one was put back; nothing else is wrong.
    assert (report.events, [fault.first for fault in report.faults]) == (6, [5])


def test_while_somebody_reads_the_rest_no_month_is_made_and_none_is_lost(database: Database) -> None:
    """The step is tried again in an hour; writers notice nothing of it."""
    with database.read() as conn:
        conn.execute(text("SELECT count(*) FROM audit_event")).scalar_one()
        with pytest.raises(CustodyError):
            prepared(database, MAY.start)
        append(database, MAY.start)
    assert prepared(database, MAY.start)
    assert places(database) == {"audit_event_2019_05": [0]}


# --- one number, one event --------------------------------------------------------------------------------

_COPY = "INSERT INTO audit_event SELECT {} FROM audit_event WHERE log = 7 AND seq = 1"


def _columns(moment: int) -> str:
    return ", ".join(str(moment) if name == "time" else f'"{name}"' for name in audit.COLUMNS)


def test_a_second_event_of_a_number_is_refused_in_its_month_and_found_in_another(database: Database) -> None:
    prepared(database, MAY.start)
    append(database, MAY.start, MAY.start + 1, MAY.end - 1, MAY.end, MAY.end + 1)
    with pytest.raises(CustodyError), database.write() as conn:
        conn.execute(text(_COPY.format(_columns(MAY.start + DAY))))
    assert faults(database) == []
    with database.write() as conn:
        conn.execute(text(_COPY.format(_columns(MAY.end + DAY))))
    assert (1, 1, "an event is out of its place, or here twice") in faults(database)


# --- reading ----------------------------------------------------------------------------------------------


def plan(database: Database, query: str) -> str:
    with database.read() as conn:
        conn.execute(text("SET LOCAL enable_seqscan = off"))
        conn.execute(text("SET LOCAL enable_bitmapscan = off"))
        return "\n".join(conn.scalars(text(f"EXPLAIN (COSTS OFF) {query}")))


def test_a_period_is_looked_for_in_its_months_alone(database: Database) -> None:
    prepared(database, MAY.start)
    span = f"time >= {MAY.start + DAY} AND time < {MAY.end - DAY}"
    told = plan(database, f"SELECT * FROM audit_event WHERE log = 7 AND {span} ORDER BY time DESC")
    assert "audit_event_2019_05" in told
    assert "audit_event_2019_06" not in told
    assert "audit_event_rest" not in told
    assert "Index Scan" in told


def test_a_log_is_read_in_its_order_without_sorting(database: Database) -> None:
    prepared(database, MAY.start)
    told = plan(database, "SELECT * FROM audit_event WHERE log = 7 AND seq >= 4 ORDER BY seq")
    assert "Merge Append" in told
    assert "Sort\n" not in told
    assert told.count("Index Scan") >= 2 * AHEAD


# --- rights -----------------------------------------------------------------------------------------------

CHANGES = (
    "UPDATE audit_event SET status = 0",
    "DELETE FROM audit_event",
    "TRUNCATE audit_event",
    "UPDATE {month} SET status = 0",
    "DELETE FROM {month}",
    "TRUNCATE {month}",
    "DELETE FROM {rest}",
)


@pytest.fixture
def owner(postgres_url: str) -> Iterator[str]:
    """The url of a login that owns its database, and is no superuser: as an installation should have it."""
    name = f"careloom_months_{uuid.uuid4().hex[:12]}"
    admin = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        conn.execute(text(f"CREATE ROLE {name} LOGIN PASSWORD 'x' CREATEROLE"))
        conn.execute(text(f"CREATE DATABASE {name} OWNER {name}"))
        if conn.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = 'careloom_worker'")):
            conn.execute(text(f"GRANT careloom_worker TO {name} WITH ADMIN OPTION"))
    url = make_url(postgres_url).set(database=name, username=name, password="x")
    yield url.render_as_string(hide_password=False)
    with admin.connect() as conn:
        conn.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        conn.execute(text(f"DROP ROLE {name}"))
    admin.dispose()


def test_not_even_the_owner_changes_the_trail_by_a_statement(owner: str) -> None:
    """It can give itself the right again: that is a deed, and no mistake."""
    database = Database.open(owner, Side.TRUSTED)
    migrate(database)
    append(database, MAY.start, time.time_ns() // 1000)
    assert prepared(database, MAY.start)
    with database.read() as conn:
        names = {"month": partitions.table(conn, MAY), "rest": partitions.table(conn, None)}
    for change in CHANGES:
        with pytest.raises(NotPermitted), database.write() as conn:
            conn.execute(text(change.format(**names)))
    assert [first for first, _, _ in faults(database)] == []
    database.close()


def test_law_3_workers_append_and_read_and_reach_no_month(postgres_storage: Storage) -> None:
    worker = Database.open(postgres_storage.database_url, Side.WORKER)
    append(worker, MAY.start, time.time_ns() // 1000)
    with worker.read() as conn:
        assert conn.scalar(text("SELECT count(*) FROM audit_event")) == 2
    for change in (*CHANGES, "SELECT * FROM {rest}", "DROP TABLE {rest}"):
        with pytest.raises(CustodyError), worker.write() as conn:
            conn.execute(text(change.format(rest="public_trail.audit_event_rest", month="audit_event")))
    worker.close()


# --- converting -------------------------------------------------------------------------------------------


@pytest.fixture
def undivided(postgres_url: str) -> Iterator[Database]:
    """A database as the release before left it, with a trail of three years and a grant."""
    name = f"careloom_undivided_{uuid.uuid4().hex[:12]}"
    admin = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        conn.execute(text(f"CREATE DATABASE {name}"))
        conn.execute(text(f"CREATE ROLE {name}"))
    url = make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    database = Database.open(url, Side.TRUSTED)
    try:
        _as_before(database, name)
        yield database
    finally:
        database.close()
        with admin.connect() as conn:
            conn.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
            conn.execute(text(f"DROP ROLE {name}"))
        admin.dispose()


def _as_before(database: Database, reader: str) -> None:
    with database.write() as conn:
        config = migrations._config(Store.DATA)
        config.attributes["connection"] = conn
        command.upgrade(config, "data_0009")
        conn.execute(text(f"GRANT SELECT ON audit_event TO {reader}"))
        conn.execute(text("CREATE INDEX a_hospitals_own ON audit_event (log, request_id)"))
    append(database, *(MAY.start + 10 * day * DAY for day in range(110)))
    append(database, 1, MAY.start, 4_102_444_800_000_000, log=THERE)


_EVERYTHING = text("SELECT * FROM audit_event ORDER BY log, seq")
_INDEXES = text("SELECT indexname FROM pg_indexes WHERE tablename = 'audit_event' ORDER BY 1")
_GRANTS = text(
    "SELECT grantee, privilege_type FROM information_schema.role_table_grants"
    " WHERE table_name = 'audit_event' AND grantee LIKE 'careloom%' ORDER BY 1, 2"
)


def test_an_existing_trail_is_divided_with_every_row_index_and_right(undivided: Database) -> None:
    with undivided.read() as conn:
        rows, grants = conn.execute(_EVERYTHING).all(), conn.execute(_GRANTS).all()
        indexes = set(conn.scalars(_INDEXES))
        whole = verify.verify(conn, {})
    migrate(undivided)
    with undivided.read() as conn:
        assert conn.execute(_EVERYTHING).all() == rows
        assert conn.execute(_GRANTS).all() == grants
        assert len(grants) == 3
        assert set(conn.scalars(_INDEXES)) >= indexes - {"audit_event_pkey"} >= {"a_hospitals_own"}
        assert verify.verify(conn, {}) == whole
        made = partitions.existing(conn)
    assert [month for month in made if month.year < 2026][:3] == [MAY, MAY.later(1), MAY.later(2)]
    found = places(undivided)
    assert "audit_event_rest" not in found
    assert sum(map(len, found.values())) == 110
    assert len(found) == 36
    # A clock that was wrong by decades gets no month of its own.
    with undivided.read() as conn:
        query = text(f"SELECT count(*) FROM {partitions.table(conn, None)}")
        assert conn.scalar(query) == 2
    append(undivided, time.time_ns() // 1000)
    assert f"audit_event_{str(Month.of(time.time_ns() // 1000)).replace('-', '_')}" in places(undivided)


def test_a_division_that_fails_leaves_everything_as_it_was(undivided: Database) -> None:
    """The upgrade is one transaction: it can be run again."""
    with undivided.read() as conn:
        before = conn.execute(_EVERYTHING).all()
    with undivided.write() as conn:
        # What stands in the way of the new schema.
        conn.execute(text("CREATE SCHEMA public_trail"))
        conn.execute(text("CREATE TABLE public_trail.audit_event_rest (log int)"))
    with pytest.raises((CustodyError, SQLAlchemyError)):
        migrate(undivided)
    with undivided.read() as conn:
        assert conn.execute(_EVERYTHING).all() == before
        assert conn.scalar(text("SELECT version_num FROM alembic_version")) == "data_0009"


def test_an_embedded_trail_stays_one_table(sqlite_storage: Storage, tmp_path: Path) -> None:
    database = Database.open(sqlite_storage.database_url, Side.TRUSTED)
    assert prepared(database, MAY.start) == []
    append(database, MAY.start, MAY.end)
    with database.read() as conn:
        assert verify.verify(conn, {}).ok
        assert not conn.scalars(text("SELECT name FROM sqlite_master WHERE name LIKE '%rest'")).all()
    database.close()
