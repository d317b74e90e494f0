"""Migrations and declarations side by side on a real server, in the server's own words.

Alembic compares columns and indexes; keys, checks, defaults and rights it passes over. So the tables are made
twice, once by the revisions and once by the declarations, and the catalogue is asked what it has.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, make_url, text

from gateway.custody import tables
from gateway.custody.database import Database, Side
from gateway.custody.migrations import Store, migrate, newest
from gateway.custody.settings import Storage
from gateway.custody.tables import IDENTITY_KEY_TABLES, IDENTITY_TABLES, WORKER_RIGHTS

DECLARED = {Store.DATA: tables.data, Store.KEYS: tables.keys}
OURS = "table_schema = current_schema() AND table_name <> 'alembic_version'"
QUESTIONS = {
    "columns": f"""SELECT table_name, column_name, data_type, is_nullable, column_default, is_identity
        FROM information_schema.columns WHERE {OURS} ORDER BY 1, 2""",
    "constraints": """SELECT conrelid::regclass::text, contype, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = current_schema()::regnamespace AND conrelid::regclass::text <> 'alembic_version'
        ORDER BY 1, 2, 3""",
    "indexes": """SELECT tablename, regexp_replace(indexdef, 'INDEX \\S+ ON', 'INDEX ON') FROM pg_indexes
        WHERE schemaname = current_schema() AND tablename <> 'alembic_version' ORDER BY 1, 2""",
}


@pytest.fixture
def twins(postgres_url: str) -> Iterator[tuple[str, str]]:
    """Two empty databases of one server."""
    names = [f"careloom_twin_{uuid.uuid4().hex[:12]}" for _ in range(2)]
    admin = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        for name in names:
            conn.execute(text(f"CREATE DATABASE {name}"))
    first, second = (
        make_url(postgres_url).set(database=name).render_as_string(hide_password=False) for name in names
    )
    yield first, second
    with admin.connect() as conn:
        for name in names:
            conn.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


def asked(url: str, question: str) -> list[tuple[object, ...]]:
    engine = create_engine(url)
    try:
        with engine.connect() as conn:
            return [tuple(row) for row in conn.execute(text(QUESTIONS[question]))]
    finally:
        engine.dispose()


def undivided(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Without the key of the trail's table: each of its months has one (``test_trail_months``), which no
    declaration can say. Its other indexes are the parent's."""
    plain = [tuple(str(cell).replace(" ON ONLY ", " ON ") for cell in row) for row in rows]
    return [row for row in plain if not (row[0] == "audit_event" and "(log, seq)" in row[-1])]


@pytest.mark.servers
@pytest.mark.parametrize("store", Store)
def test_revisions_and_declarations_make_the_same_schema(twins: tuple[str, str], store: Store) -> None:
    migrated, declared = twins
    database = Database.open(migrated, Side.TRUSTED)
    migrate(database, store)
    database.close()
    engine = create_engine(declared)
    DECLARED[store].create_all(engine)
    engine.dispose()
    for question in QUESTIONS:
        made = undivided(asked(migrated, question))
        assert made, question
        assert made == undivided(asked(declared, question)), question


@pytest.mark.parametrize("store", Store)
def test_a_second_migration_changes_nothing(storage: Storage, store: Store) -> None:
    url = storage.database_url if store is Store.DATA else storage.keys_url
    database = Database.open(url, Side.TRUSTED)
    try:
        before = _names(database)
        for _ in range(2):
            migrate(database, store)
        assert _names(database) == before == {*DECLARED[store].tables, "alembic_version"}
        with database.read() as conn:
            assert conn.scalars(text("SELECT version_num FROM alembic_version")).all() == [newest(store)]
    finally:
        database.close()


def _names(database: Database) -> set[str]:
    with database.read() as conn:
        return set(inspect(conn).get_table_names())


def test_an_empty_directory_gets_both_stores_and_neither_has_the_others_tables(tmp_path: Path) -> None:
    found = {}
    for store in Store:
        database = Database.open(f"sqlite:///{tmp_path / 'new' / store.value}.db", Side.TRUSTED)
        migrate(database, store)
        found[store] = _names(database) - {"alembic_version"}
        database.close()
    assert found == {store: set(DECLARED[store].tables) for store in Store}
    assert not found[Store.DATA] & found[Store.KEYS]


def test_a_revision_that_this_release_does_not_know_is_not_worked_with(sqlite_storage: Storage) -> None:
    """A database that a newer release has migrated: to go on would be to guess."""
    database = Database.open(sqlite_storage.database_url, Side.TRUSTED)
    with database.write() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Exception, match="newer release"):
        migrate(database)
    with database.read() as conn:
        assert conn.scalar(text("SELECT version_num FROM alembic_version")) == "9999"
    database.close()


@pytest.mark.servers
def test_law_3_the_catalogue_gives_workers_the_declared_rights_and_no_other(
    postgres_storage: Storage,
) -> None:
    database = Database.open(postgres_storage.database_url, Side.TRUSTED)
    with database.read() as conn:
        rows = conn.execute(
            text(
                "SELECT table_name, privilege_type FROM information_schema.role_table_grants"
                " WHERE grantee = 'careloom_worker' AND table_schema = current_schema()"
            )
        ).all()
        public = conn.execute(
            text(
                "SELECT count(*) FROM information_schema.role_table_grants"
                " WHERE grantee = 'PUBLIC' AND table_schema = current_schema()"
            )
        ).scalar_one()
    database.close()
    given: dict[str, set[str]] = {}
    for name, right in rows:
        given.setdefault(name, set()).add(right)
    in_data = {name: verbs for name, verbs in WORKER_RIGHTS.items() if name in tables.data.tables}
    assert given == in_data
    assert not given.keys() & set(IDENTITY_TABLES)
    assert public == 0


@pytest.mark.servers
def test_law_3_the_key_store_gives_workers_nothing_of_identity(postgres_storage: Storage) -> None:
    database = Database.open(postgres_storage.keys_url, Side.TRUSTED)
    with database.read() as conn:
        rows = conn.scalars(
            text(
                "SELECT DISTINCT table_name FROM information_schema.role_table_grants"
                " WHERE grantee = 'careloom_worker' AND table_schema = current_schema()"
            )
        ).all()
    database.close()
    assert rows
    assert not set(rows) & set(IDENTITY_KEY_TABLES)
