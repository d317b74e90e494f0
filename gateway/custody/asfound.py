"""The trail's rows as they are found, whatever somebody made SQLite keep in a cell.

SQLite keeps any value in any column, and a text that is no UTF-8 makes its driver refuse the whole answer.
Who looks for what was altered must see each row by itself: so cells come as the file has them, what is no
UTF-8 comes with surrogates, and a row that cannot be hashed has no leaf. On a server types hold, and nothing
of this differs from a plain select.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, select, type_coerce
from sqlalchemy.sql.type_api import TypeEngine
from sqlalchemy.types import NULLTYPE

from gateway.custody import merkle
from gateway.custody.audit import EMPTY, Head, leaf
from gateway.custody.errors import Tampered
from gateway.custody.ids import Tenant
from gateway.custody.tables import audit_event, audit_head

UNREADABLE = (TypeError, ValueError, OverflowError)
"""What a cell raises that has another type than its column."""

_BATCH = 5_000
_AS_IT_IS: TypeEngine[Any] = NULLTYPE


def _cells(table: Table) -> list[ColumnElement[Any]]:
    """Every column without what SQLAlchemy would make of its value."""
    return [type_coerce(column, _AS_IT_IS).label(column.name) for column in table.columns]


_EVENT, _HEAD = _cells(audit_event), _cells(audit_head)


def leaf_of(row: Sequence[Any]) -> bytes | None:
    """The leaf hash of an event's row; None where a cell is of no kind that an event has."""
    try:
        return leaf(row)
    except UNREADABLE:
        return None


def events(conn: Connection, *which: ColumnElement[bool]) -> Iterator[list[tuple[Any, ...]]]:
    """Events in the order of their numbers, a batch at a time."""
    query = select(*_EVENT).where(*which).order_by(audit_event.c.seq)
    with lenient(conn), conn.execute(query.execution_options(yield_per=_BATCH)) as result:
        for part in result.partitions(_BATCH):
            yield [tuple(row) for row in part]


def head(conn: Connection, log: Tenant) -> Head:
    """The head of a log, empty when it has none; ``Tampered`` where it is none or contradicts itself."""
    with lenient(conn):
        found = conn.execute(select(*_HEAD).where(audit_head.c.log == log)).one_or_none()
    if found is None:
        return EMPTY
    frontier = None
    if _whole_numbers((found.size, found.last_time)) and isinstance(found.frontier, bytes | memoryview):
        frontier = merkle.unpack(bytes(found.frontier), found.size)
    if frontier is None:
        raise Tampered("The head of an audit log contradicts itself; run `careloom audit verify`.")
    return Head(found.size, frontier, found.last_time)


def size_said(conn: Connection, log: Tenant) -> int | None:
    """How many events a head says that it has, be its tree what it may; None where that is no number."""
    with lenient(conn):
        size = conn.scalar(select(_HEAD[1]).where(audit_head.c.log == log))
    return size if _whole_numbers((size,)) else None


def _whole_numbers(values: Iterable[Any]) -> bool:
    return all(type(value) is int and value >= 0 for value in values)


@contextmanager
def lenient(conn: Connection) -> Iterator[None]:
    """Texts that are no UTF-8 come with surrogates instead of an error, as long as this lasts."""
    driver: Any = conn.connection.dbapi_connection
    if not isinstance(driver, sqlite3.Connection):
        yield
        return
    before, driver.text_factory = driver.text_factory, _text
    try:
        yield
    finally:
        driver.text_factory = before


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
