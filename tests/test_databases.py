"""Databases that tests share are empty for each, and one that was altered is never lent again."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from gateway.custody.migrations import Store
from tests.databases import Databases

pytestmark = pytest.mark.servers


def run(url: str, statement: str) -> list[tuple[object, ...]]:
    with create_engine(url, poolclass=NullPool).begin() as conn:
        done = conn.execute(text(statement))
        return [tuple(row) for row in done] if done.returns_rows else []


def used(databases: Databases, statement: str) -> tuple[str, str]:
    """The database in which a statement was run, and the one that is lent after it."""
    with databases.lent() as urls:
        run(urls[Store.DATA], statement)
    with databases.lent() as again:
        return urls[Store.DATA], again[Store.DATA]


def test_what_one_test_wrote_the_next_does_not_find(postgres_databases: Databases):
    first, second = used(postgres_databases, "INSERT INTO organization VALUES (7, 'st-anna', 1)")
    assert first == second
    assert run(second, "SELECT * FROM organization") == []
    assert run(second, "SELECT count(*) FROM alembic_version") == [(1,)]


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE organization ADD COLUMN more text",
        "ALTER TABLE organization DROP COLUMN created",
        "CREATE TABLE another (a int)",
        "CREATE INDEX another ON organization (created)",
        "GRANT DELETE ON organization TO careloom_worker",
        "ALTER TABLE client DROP CONSTRAINT client_role",
        "UPDATE alembic_version SET version_num = 'other'",
    ],
)
def test_what_was_altered_is_not_lent_again(postgres_databases: Databases, statement: str):
    first, second = used(postgres_databases, statement)
    assert first != second
