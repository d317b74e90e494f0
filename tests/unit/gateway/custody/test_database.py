"""The embedded database: what locks, what waits, and what each failure is called."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from gateway.custody import sqlite
from gateway.custody.database import Database, Side, bulk, in_batches, sqlite_path
from gateway.custody.errors import Conflict, NotPermitted, StoreUnavailable
from gateway.custody.failures import DiskFull, translate
from gateway.custody.migrations import migrate
from gateway.custody.tables import WORKER_RIGHTS, organization, search_token


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "careloom.db"


@pytest.fixture
def database(path: Path) -> Database:
    database = Database.open(f"sqlite:///{path}", Side.TRUSTED)
    migrate(database)
    return database


def row(number: int, name: str = "") -> dict:
    return {"number": number, "name": name or f"org {number}", "created": 0}


def count(database: Database) -> int:
    with database.read() as conn:
        return len(conn.execute(select(organization)).all())


def test_it_is_durable_and_wipes_what_it_deletes(database: Database) -> None:
    with database.read() as conn:
        told = {
            name: conn.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "temp_store")
        }
    assert told == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
        "temp_store": 2,
    }


def test_a_reader_sees_one_snapshot_while_a_writer_commits(database: Database) -> None:
    with database.read() as reading:
        assert reading.execute(select(organization)).all() == []
        with database.write() as conn:
            conn.execute(insert(organization), [row(1)])
        assert reading.execute(select(organization)).all() == []
    assert count(database) == 1


def test_a_block_that_raises_leaves_nothing(database: Database) -> None:
    with pytest.raises(Conflict), database.write() as conn:
        conn.execute(insert(organization), [row(1), row(1)])
    with pytest.raises(Conflict), database.write() as conn:
        bulk(conn, search_token, [(b"k", 1), (b"k", 1)])
    assert count(database) == 0


def test_writers_of_many_threads_take_turns(database: Database) -> None:
    def work(first: int) -> None:
        for number in range(first, first + 25):
            with database.write() as conn:
                conn.execute(insert(organization), [row(number)])

    threads = [threading.Thread(target=work, args=(first,)) for first in (0, 100, 200, 300)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(database) == 100


def test_a_missing_file_is_not_made_by_looking_for_it(path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="missing"):
        count(Database.open(f"sqlite:///{path}", Side.TRUSTED))
    assert not path.exists()


def test_a_file_without_tables_says_what_to_do(path: Path) -> None:
    sqlite.create(path)
    with pytest.raises(StoreUnavailable, match="start `careloom up` once"):
        count(Database.open(f"sqlite:///{path}", Side.TRUSTED))


def test_a_file_that_is_no_database_says_so(path: Path) -> None:
    path.write_bytes(b"something else entirely" * 1000)
    with pytest.raises(StoreUnavailable, match="not a database"):
        count(Database.open(f"sqlite:///{path}", Side.TRUSTED))


def test_a_lock_of_another_process_is_waited_for_and_then_reported(
    database: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_SETTINGS", ("PRAGMA busy_timeout = 50",))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    blocked = Database.open(f"sqlite:///{path}", Side.TRUSTED)
    with pytest.raises(StoreUnavailable, match="locked by another process"), blocked.write():
        pytest.fail("it was not locked")
    other.execute("ROLLBACK")
    with blocked.write() as conn:
        conn.execute(insert(organization), [row(1)])


def test_a_writer_that_never_ends_is_reported_to_the_next(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)
    with (
        database.write(),
        pytest.raises(StoreUnavailable, match="another writer of this process"),
        database.write(),
    ):
        pytest.fail("two writers at once")
    with database.write():
        pass


def test_a_full_disk_is_reported_and_nothing_is_half_written(database: Database) -> None:
    with database.write() as conn:
        conn.exec_driver_sql("PRAGMA max_page_count = 60")
    with pytest.raises(StoreUnavailable, match="full"), database.write() as conn:
        conn.execute(insert(organization), [row(n, "x" * 9000 + str(n)) for n in range(200)])
    assert count(database) == 0


def test_a_directory_that_cannot_be_written_to_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnavailable, match="cannot be created"):
        sqlite.create(tmp_path / "file" / "careloom.db")


def test_a_link_in_the_place_of_the_file_is_refused(tmp_path: Path, path: Path) -> None:
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreUnavailable, match="cannot be created"):
        sqlite.create(path)


@pytest.mark.parametrize(
    "statement",
    [
        "ATTACH DATABASE ':memory:' AS other",
        "PRAGMA writable_schema = ON",
        "PRAGMA journal_mode = DELETE",
        "CREATE TABLE mine (x)",
        "CREATE TEMP TABLE mine (x)",
        "CREATE TRIGGER spy AFTER INSERT ON record BEGIN SELECT 1; END",
        "SELECT * FROM sqlite_master",
        "SELECT load_extension('x')",
        "VACUUM INTO '/tmp/copy.db'",
        "REINDEX identity_token",
        "ALTER TABLE record RENAME TO mine",
    ],
)
def test_law_3_the_workers_side_cannot_go_around_its_tables(
    database: Database, path: Path, statement: str
) -> None:
    worker = sqlite.connect(path)
    sqlite.restrict(worker, WORKER_RIGHTS)
    with pytest.raises(sqlite3.DatabaseError, match=r"not authorized|prohibited|denied"):
        worker.execute(statement)


def test_batches_hold_everything_once() -> None:
    items = range(12_345)
    batches = list(in_batches(items))
    assert [item for batch in batches for item in batch] == list(items)
    assert max(map(len, batches)) <= 5000
    assert list(in_batches([])) == []


def test_nothing_is_bulk_inserted_from_nothing(database: Database) -> None:
    with database.write() as conn:
        bulk(conn, search_token, [])


def test_an_sqlite_url_names_a_file() -> None:
    assert sqlite_path("sqlite:////tmp/x.db") == Path("/tmp/x.db")
    with pytest.raises(StoreUnavailable, match="must name a file"):
        sqlite_path("sqlite://")


class Lost(Exception):  # noqa: N818
    """As a driver of a server raises it."""

    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("Key (name)=(Ada Lovelace) already exists")
        self.sqlstate = sqlstate


OperationalError = type("OperationalError", (Lost,), {})


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Lost("23505"), Conflict),
        (Lost("40001"), Conflict),
        (Lost("40P01"), Conflict),
        (Lost("42501"), NotPermitted),
        (Lost("42P01"), StoreUnavailable),
        (Lost("53100"), DiskFull),
        (Lost("57P01"), StoreUnavailable),
        (Lost("08006"), StoreUnavailable),
        (OperationalError(None), StoreUnavailable),
    ],
)
def test_a_servers_errors_have_our_names_and_none_of_its_words(error: Exception, kind: type) -> None:
    known = translate(error)
    assert type(known) is kind
    assert "Ada" not in str(known)


@pytest.mark.parametrize("error", [Lost("22012"), Lost(None), ValueError(), sqlite3.ProgrammingError("x")])
def test_a_fault_of_ours_keeps_its_own_face(error: Exception) -> None:
    assert translate(error) is None
