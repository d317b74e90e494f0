"""A server plans a search anew for each value, since the best plan hangs on what is asked for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, bindparam, select, text

from gateway.custody.database import Database, Side
from gateway.custody.prepared import Prepared
from gateway.custody.settings import Storage
from gateway.custody.tables import organization


@pytest.fixture
def database(postgres_storage: Storage) -> Iterator[Database]:
    opened = Database.open(postgres_storage.database_url, Side.TRUSTED)
    yield opened
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
