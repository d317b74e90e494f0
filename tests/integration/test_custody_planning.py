"""A server plans searches by what it knows, so it is told in time, and asked anew for each value."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, bindparam, select, text

from gateway.custody import statistics
from gateway.custody.database import Database, Side
from gateway.custody.prepared import Prepared
from gateway.custody.settings import Storage
from gateway.custody.tables import organization

FILL = text(
    "INSERT INTO search_token SELECT decode(lpad(to_hex(n % 97), 24, '0'), 'hex'), n "
    "FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n"
)


@pytest.fixture
def database(postgres_storage: Storage) -> Iterator[Database]:
    opened = Database.open(postgres_storage.database_url, Side.TRUSTED)
    yield opened
    opened.close()


def caught_up(database: Database) -> list[str]:
    with database.write() as conn:
        return statistics.catch_up(conn)


def filled(database: Database, first: int, last: int) -> None:
    with database.write() as conn:
        conn.execute(FILL, {"first": first, "last": last})


def test_what_was_never_analysed_or_has_grown_is_analysed_once(database: Database):
    assert caught_up(database) == []
    filled(database, 1, 30_000)
    assert caught_up(database) == ["search_token"]
    assert caught_up(database) == []
    filled(database, 30_001, 40_000)
    assert caught_up(database) == [], "a third more is for the server itself to see"
    filled(database, 40_001, 180_000)
    assert caught_up(database) == ["search_token"]


def test_an_embedded_database_has_nothing_to_catch_up_with(sqlite_storage: Storage):
    opened = Database.open(sqlite_storage.database_url, Side.TRUSTED)
    assert caught_up(opened) == []
    opened.close()


def kept(conn: Connection) -> int:
    return int(conn.scalar(text("SELECT count(*) FROM pg_prepared_statements")) or 0)


@pytest.mark.parametrize(("by_values", "plans"), [(True, 0), (False, 1)])
def test_a_plan_for_all_values_is_kept_unless_the_values_decide(
    database: Database, by_values: bool, plans: int
):
    query = select(organization.c.number).where(organization.c.name == bindparam("name"))
    asked = Prepared(query, by_values=by_values)
    with database.read() as conn:
        for number in range(8):
            assert asked.rows(conn, name=f"org {number}") == []
        assert kept(conn) == plans
