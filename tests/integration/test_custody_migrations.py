"""The tables that the revisions make are the tables that the code declares, however many start at once."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, create_engine, make_url, text

from gateway.custody import tables
from gateway.custody.database import Database, Side
from gateway.custody.errors import NotPermitted, StoreUnavailable
from gateway.custody.migrations import Store, migrate, newest
from gateway.custody.settings import Storage

# A server may be shared by several test processes.
EMPTY, OWNER = (f"careloom_test_{name}_{uuid.uuid4().hex[:12]}" for name in ("empty", "owner"))
DECLARED = {Store.DATA: tables.data, Store.KEYS: tables.keys}


@pytest.mark.parametrize("store", Store)
def test_revisions_make_what_the_code_declares(storage: Storage, store: Store) -> None:
    url = storage.database_url if store is Store.DATA else storage.keys_url
    database = Database.open(url, Side.TRUSTED)
    with database.read() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, DECLARED[store]) == []
        assert context.get_current_revision() == newest(store)
    database.close()


@pytest.mark.parametrize("store", Store)
def test_embedded_tables_are_declared_to_the_letter(sqlite_storage: Storage, store: Store) -> None:
    """Alembic does not compare primary keys, checks or ``WITHOUT ROWID``; SQLite's own text has them all."""
    url = sqlite_storage.database_url if store is Store.DATA else sqlite_storage.keys_url
    assert _made(Database.open(url, Side.TRUSTED)) == _declared(DECLARED[store])


def _made(database: Database) -> dict[str, list[str]]:
    with database.read() as conn:
        rows = conn.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")).all()
    database.close()
    return {name: _words(sql) for name, sql in rows if name not in ("alembic_version", "sqlite_stat1")}


def _declared(metadata: MetaData) -> dict[str, list[str]]:
    engine = create_engine("sqlite://")
    with engine.connect() as conn:
        metadata.create_all(conn)
        rows = conn.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")).all()
    return {name: _words(sql) for name, sql in rows}


def _words(sql: str) -> list[str]:
    # The order of constraints is all that may differ.
    return sorted(re.findall(r"[\w']+", sql))


def _migrate_at_once(urls: list[tuple[str, Store]]) -> list[BaseException]:
    failures: list[BaseException] = []
    ready = threading.Barrier(len(urls))

    def start(url: str, store: Store) -> None:
        database = Database.open(url, Side.TRUSTED)
        try:
            ready.wait(10)
            migrate(database, store)
        except BaseException as error:
            failures.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=start, args=pair) for pair in urls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def test_many_that_start_at_once_on_nothing_find_one_set_of_tables(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'careloom.db'}"
    assert _migrate_at_once([(url, Store.DATA)] * 6) == []


@pytest.fixture
def empty_database(postgres_url: str) -> Iterator[str]:
    admin = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        conn.execute(text(f"CREATE DATABASE {EMPTY}"))
    yield make_url(postgres_url).set(database=EMPTY).render_as_string(hide_password=False)
    with admin.connect() as conn:
        conn.execute(text(f"DROP DATABASE {EMPTY} WITH (FORCE)"))
    admin.dispose()


@pytest.mark.servers
def test_many_that_start_at_once_on_an_empty_server_find_one_set_of_tables(empty_database: str) -> None:
    assert _migrate_at_once([(empty_database, Store.DATA)] * 4) == []


@pytest.fixture
def plain_login(empty_database: str) -> Iterator[str]:
    """The url of a login that owns its database and may make no roles."""
    admin = create_engine(empty_database, isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        conn.execute(text(f"CREATE ROLE {OWNER} LOGIN PASSWORD 'x'"))
        conn.execute(text(f"ALTER DATABASE {EMPTY} OWNER TO {OWNER}"))
    own = make_url(empty_database).set(username=OWNER, password="x")
    yield own.render_as_string(hide_password=False)
    with admin.connect() as conn:
        conn.execute(text(f"REASSIGN OWNED BY {OWNER} TO CURRENT_USER"))
        conn.execute(text(f"DROP OWNED BY {OWNER}"))
        conn.execute(text(f"DROP ROLE {OWNER}"))
    admin.dispose()


@pytest.mark.servers
def test_a_login_that_may_not_make_the_role_is_told_what_an_administrator_has_to_run(
    plain_login: str, empty_database: str
) -> None:
    database = Database.open(plain_login, Side.TRUSTED)
    with pytest.raises(NotPermitted, match=f"GRANT careloom_worker TO {OWNER};"):
        migrate(database)
    admin = create_engine(empty_database, isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        _make_role_as_told(conn)
    migrate(database)
    worker = Database.open(plain_login, Side.WORKER)
    with worker.read() as conn:
        conn.execute(text("SELECT * FROM record"))
    with pytest.raises(NotPermitted), worker.read() as conn:
        conn.execute(text("SELECT * FROM withheld"))
    worker.close()
    database.close()
    admin.dispose()


def _make_role_as_told(conn) -> None:
    if not conn.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = 'careloom_worker'")):
        conn.execute(text("CREATE ROLE careloom_worker NOLOGIN"))
    conn.execute(text(f"GRANT careloom_worker TO {OWNER}"))


@pytest.mark.servers
def test_a_login_that_may_make_roles_needs_no_administrator(plain_login: str, empty_database: str) -> None:
    admin = create_engine(empty_database, isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        conn.execute(text(f"ALTER ROLE {OWNER} CREATEROLE"))
        if conn.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = 'careloom_worker'")):
            conn.execute(text(f"GRANT careloom_worker TO {OWNER} WITH ADMIN OPTION"))
    database = Database.open(plain_login, Side.TRUSTED)
    migrate(database)
    migrate(database)
    database.close()
    admin.dispose()


def test_a_database_of_a_newer_release_is_refused_with_a_reason(storage: Storage):
    database = Database.open(storage.database_url, Side.TRUSTED)
    try:
        with database.write() as conn:
            conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(StoreUnavailable, match="newer release"):
            migrate(database)
    finally:
        database.close()
