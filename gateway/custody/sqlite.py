"""How an SQLite file is opened: durable, private to its owner, and half blind on the workers' side.

Python's own implicit transactions are switched off, so that a transaction begins where ``Database`` says.
The workers' side has an authorizer, asked by SQLite itself whenever a statement is compiled: what is not on
its list does not run. That is an allow-list on purpose, for a table that nobody thought of is then withheld.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Table

from gateway.custody.errors import StoreUnavailable
from gateway.custody.failures import translated

BUSY_SECONDS = 10.0
_PAGE_BYTES = 8192
_SETTINGS = (
    f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    # Deleted rows are overwritten: erasing somebody must not leave search rows in free pages.
    "PRAGMA secure_delete = ON",
    # No temporary files: they would hold rows outside the database's own modes.
    "PRAGMA temp_store = MEMORY",
    # Each connection has its own; the system's cache holds the file once for all. Mapping the file was
    # measured to read no faster and to count it once per connection as memory in use.
    "PRAGMA cache_size = -4000",
    "PRAGMA mmap_size = 0",
    "PRAGMA wal_autocheckpoint = 2000",
    "PRAGMA journal_size_limit = 67108864",
)
_READ_ONLY_PRAGMAS = ("read_uncommitted", "table_info", "table_xinfo", "quick_check", "wal_checkpoint")
_ALWAYS = frozenset(
    (
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_TRANSACTION,
        sqlite3.SQLITE_SAVEPOINT,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
    )
)
_ON_TABLES = {
    sqlite3.SQLITE_READ: "SELECT",
    sqlite3.SQLITE_INSERT: "INSERT",
    sqlite3.SQLITE_UPDATE: "UPDATE",
    sqlite3.SQLITE_DELETE: "DELETE",
}

Rights = Mapping[str, frozenset[str]]
Authorizer = Callable[[int, str | None, str | None, str | None, str | None], int]


def connect(path: Path) -> sqlite3.Connection:
    """A connection to a file that exists; a missing one is an error and not a new, empty database."""
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode=rw",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    for setting in _SETTINGS:
        connection.execute(setting).close()
    return connection


@lru_cache(maxsize=64)
def insert(table: Table) -> str:
    """The statement that inserts one row, all columns in their order."""
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    marks = ", ".join("?" * len(table.columns))
    return f"INSERT INTO {table.name} ({columns}) VALUES ({marks})"  # noqa: S608 - names of our own tables


def restrict(connection: sqlite3.Connection, rights: Rights) -> None:
    """Let this connection do this to these tables and nothing else, for as long as it lives."""
    connection.set_authorizer(authorizer(rights))


def authorizer(rights: Rights) -> Authorizer:
    """SQLite's question "may this statement do that?", answered from a list."""
    allowed = {
        (action, table)
        for table, verbs in rights.items()
        for action, verb in _ON_TABLES.items()
        if verb in verbs
    }
    allowed |= {(sqlite3.SQLITE_PRAGMA, name) for name in _READ_ONLY_PRAGMAS}

    def decide(action: int, first: str | None, _second: str | None, _db: str | None, _by: str | None) -> int:
        permitted = action in _ALWAYS or (action, first) in allowed
        return sqlite3.SQLITE_OK if permitted else sqlite3.SQLITE_DENY

    return decide


def create(path: Path) -> None:
    """Make an empty database file that only its owner can read, unless there is one."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        path.chmod(0o600)
    except OSError as error:
        raise StoreUnavailable(f"The database file cannot be created: {error.strerror}.") from None
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        with translated():
            _write_ahead(connection)
    finally:
        connection.close()


def empty_log(connection: Any) -> bool:
    """Write the log into the file and cut it to nothing; False when others were in the way for too long."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        # Readers are waited for by SQLite itself; another checkpoint is not.
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if not busy or time.monotonic() > deadline:
            return not busy
        time.sleep(0.05)


def _write_ahead(connection: sqlite3.Connection) -> None:
    # The switch needs the file to itself and does not wait as other statements do.
    deadline = time.monotonic() + BUSY_SECONDS
    connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise
            if time.monotonic() > deadline:
                raise StoreUnavailable(f"The database file cannot be prepared: {error}.") from None
            time.sleep(0.05)
        else:
            return
