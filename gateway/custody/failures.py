"""Every driver's errors, translated once into custody's own kinds.

Neither the statement nor its values are carried over: a driver's message may quote the row that failed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from gateway.custody.errors import Conflict, CustodyError, NotPermitted, StoreUnavailable


class DiskFull(StoreUnavailable):
    """The disk that the database lies on is full: make room; nothing was stored by halves."""


_UNPREPARED = "The database has no tables yet: start `careloom up` once, which makes them."

_MISSING = "The database file is missing or cannot be opened: start `careloom up` once, or restore it."

_SQLITE: dict[int, tuple[type[CustodyError], str]] = {
    sqlite3.SQLITE_BUSY: (StoreUnavailable, "The database is locked by another process."),
    sqlite3.SQLITE_LOCKED: (StoreUnavailable, "The database is locked by another process."),
    sqlite3.SQLITE_FULL: (DiskFull, str(DiskFull())),
    sqlite3.SQLITE_CANTOPEN: (StoreUnavailable, _MISSING),
    sqlite3.SQLITE_IOERR: (StoreUnavailable, "The disk that the database lies on fails."),
    sqlite3.SQLITE_READONLY: (StoreUnavailable, "The database file cannot be written to."),
    sqlite3.SQLITE_CORRUPT: (StoreUnavailable, "The database file is damaged; restore it from a backup."),
    sqlite3.SQLITE_NOTADB: (
        StoreUnavailable,
        "The file is damaged, or is not a database; restore it from a backup.",
    ),
    sqlite3.SQLITE_AUTH: (NotPermitted, str(NotPermitted())),
    sqlite3.SQLITE_CONSTRAINT_UNIQUE: (Conflict, str(Conflict())),
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: (Conflict, str(Conflict())),
}

_POSTGRES: dict[str, tuple[type[CustodyError], str]] = {
    "23505": (Conflict, str(Conflict())),
    "40001": (Conflict, str(Conflict())),
    "40P01": (Conflict, str(Conflict())),
    "42501": (NotPermitted, str(NotPermitted())),
    "42P01": (StoreUnavailable, _UNPREPARED),
    "3D000": (StoreUnavailable, "The database server has no database of that name."),
    "28000": (StoreUnavailable, "The database server refused the login."),
    "28P01": (StoreUnavailable, "The database server refused the login."),
    "53100": (DiskFull, str(DiskFull())),
    "55P03": (StoreUnavailable, "The database is locked by another process."),
    "57014": (StoreUnavailable, "The database took too long to answer."),
    "25006": (StoreUnavailable, "The database cannot be written to."),
}

# Classes of SQLSTATE: connection, resources (disk full, out of memory), operator intervention, system.
_POSTGRES_CLASSES = ("08", "53", "57", "58")


def translate(error: BaseException) -> CustodyError | None:
    """What this driver's error means here, or None when it is a fault of ours that nothing explains."""
    if isinstance(error, exc.TimeoutError):
        return StoreUnavailable("All connections to the database are in use.")
    cause = error.orig if isinstance(error, exc.DBAPIError) and error.orig is not None else error
    if isinstance(cause, sqlite3.Error):
        return _from_sqlite(cause)
    return _from_postgres(cause)


def _from_sqlite(error: sqlite3.Error) -> CustodyError | None:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return None
    known = _SQLITE.get(code) or _SQLITE.get(code & 0xFF)
    if known is None:
        return StoreUnavailable(_UNPREPARED) if "no such table" in str(error) else None
    kind, text = known
    return kind(text)


def _from_postgres(error: BaseException) -> CustodyError | None:
    state = getattr(error, "sqlstate", None)
    if state in _POSTGRES:
        kind, text = _POSTGRES[state]
        return kind(text)
    # Without a state the server was not reached at all.
    lost = state is None and type(error).__name__ in ("OperationalError", "ConnectionTimeout")
    if lost or (state or "")[:2] in _POSTGRES_CLASSES:
        return StoreUnavailable("The database server does not answer.")
    return None


@contextmanager
def translated() -> Iterator[None]:
    """Raise custody's kind in place of the driver's."""
    try:
        yield
    except CustodyError:
        raise
    except Exception as error:
        known = translate(error)
        if known is None:
            raise
        raise known from None
