"""Statements that every request asks, written down once and handed to the driver as they are.

A statement is compiled when it is first asked on each form of database; after that it costs what the driver
takes. Its values are of the four kinds that our columns have (numbers, texts, bytes, nothing), which both
drivers take and give as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias, TypeVar

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Connection,
    Dialect,
    Insert,
    PoolProxiedConnection,
    Select,
    Table,
    Update,
    bindparam,
)
from sqlalchemy.dialects import postgresql, sqlite

MOST_AT_ONCE = 512
"""Values of one list in one statement; longer lists take several."""

T = TypeVar("T")
Row: TypeAlias = tuple[Any, ...]
Statement: TypeAlias = Select[Any] | CompoundSelect[Any] | Update | Insert


class Asked(Protocol):
    """A statement as one driver runs it."""

    def one(self, driver: Any, given: Mapping[str, Any]) -> Any:
        """The driver's cursor after it ran with these values."""

    def each(self, driver: Any, rows: Iterable[Mapping[str, Any]]) -> None:
        """Run it with each of these values."""


@dataclass(frozen=True, slots=True)
class _OnSqlite:
    sql: str
    fixed: Mapping[str, Any]
    order: tuple[str, ...]

    def one(self, driver: Any, given: Mapping[str, Any]) -> Any:
        values = {**self.fixed, **given}
        return driver.execute(self.sql, [values[name] for name in self.order])

    def each(self, driver: Any, rows: Iterable[Mapping[str, Any]]) -> None:
        whole = ({**self.fixed, **given} for given in rows)
        driver.executemany(self.sql, [[values[name] for name in self.order] for values in whole]).close()


@dataclass(frozen=True, slots=True)
class _OnPostgres:
    sql: str
    fixed: Mapping[str, Any]
    prepare: bool | None = None
    """Whether the server keeps a plan for all values; None: once it was asked often."""

    def one(self, driver: Any, given: Mapping[str, Any]) -> Any:
        # Bytes come as bytes and not as twice as many digits.
        return driver.execute(self.sql, {**self.fixed, **given}, prepare=self.prepare, binary=True)

    def each(self, driver: Any, rows: Iterable[Mapping[str, Any]]) -> None:
        with driver.cursor() as cursor:
            cursor.executemany(self.sql, [{**self.fixed, **given} for given in rows])


@dataclass(slots=True)
class Glance:
    """A connection on which each statement is a transaction, and a snapshot, of its own."""

    held: PoolProxiedConnection
    dialect: Dialect
    renew: Callable[[], PoolProxiedConnection]
    """Another connection, for when the server has ended this one while it was idle."""
    bound: bool = False
    """Whether a transaction is open, which no other connection can go on with."""

    @property
    def driver(self) -> Any:
        """The driver's own connection."""
        return self.held.dbapi_connection

    def ask(self, asked: Asked, given: Mapping[str, Any]) -> list[Row]:
        """The rows; once more where the connection, and not the statement, was at fault."""
        return self._tried(lambda driver: _all(asked.one(driver, given)))

    @contextmanager
    def transaction(self, begin: str) -> Iterator[None]:
        """All that is asked and done within is one transaction, and nothing of it stays where this raises."""
        self._tried(lambda driver: driver.execute(begin).close())
        self.bound = True
        try:
            yield
        except BaseException:
            self.driver.rollback()
            raise
        else:
            self.driver.commit()
        finally:
            self.bound = False

    def _tried(self, deed: Callable[[Any], T]) -> T:
        try:
            return deed(self.driver)
        except Exception:
            if self.bound or not getattr(self.driver, "closed", False):
                raise
        self.held = self.renew()
        return deed(self.driver)


Reading: TypeAlias = Connection | Glance
"""Where a prepared statement can be asked: in a transaction, or at a glance."""
Writing: TypeAlias = Connection | Glance
"""Where one can be done: in a transaction, of either kind."""


def driver_of(at: Reading) -> Any:
    """The driver's own connection."""
    return at.driver if isinstance(at, Glance) else at.connection.driver_connection


class Prepared:
    """One statement. Its values are given by name when it is asked.

    Where the dialects need different ones, ``statement`` makes that of a dialect. An insertion of some of its
    table's columns names them. With ``by_values`` a server makes a plan for each asking, because the best one
    hangs on what is asked for.
    """

    def __init__(
        self,
        statement: Statement | Callable[[Dialect], Statement],
        *columns: str,
        by_values: bool = False,
    ) -> None:
        self._statement, self._columns, self._by_values = statement, columns or None, by_values
        self._asked: dict[str, Asked] = {}

    def rows(self, at: Reading, **given: Any) -> list[Row]:
        """Every row, as a plain tuple."""
        asked = self._asked.get(at.dialect.name) or self._on(at.dialect)
        if isinstance(at, Glance):
            return at.ask(asked, given)
        return _all(asked.one(at.connection.driver_connection, given))

    def run(self, conn: Writing, **given: Any) -> None:
        """Do what it says, in this transaction."""
        asked = self._asked.get(conn.dialect.name) or self._on(conn.dialect)
        asked.one(driver_of(conn), given).close()

    def run_each(self, conn: Writing, rows: Iterable[Mapping[str, Any]]) -> None:
        """Do it once with each of these values, in their order."""
        asked = self._asked.get(conn.dialect.name) or self._on(conn.dialect)
        asked.each(driver_of(conn), rows)

    def _on(self, dialect: Dialect) -> Asked:
        made = self._statement(dialect) if callable(self._statement) else self._statement
        # Two threads may both come here first: they compile the same.
        asked = _compiled(made, dialect, self._columns)
        if self._by_values and isinstance(asked, _OnPostgres):
            asked = replace(asked, prepare=False)
        return self._asked.setdefault(dialect.name, asked)


def insert_into(dialect: Dialect, table: Table) -> Any:
    """An insertion that knows what to do where the row is there already, of either dialect."""
    return postgresql.insert(table) if dialect.name == "postgresql" else sqlite.insert(table)


def _all(cursor: Any) -> list[Row]:
    rows: list[Row] = cursor.fetchall()
    return rows


def _compiled(statement: Statement, dialect: Dialect, columns: Sequence[str] | None) -> Asked:
    compiled = statement.compile(dialect=dialect, column_keys=columns)
    sql, fixed = str(compiled), {name: value for name, value in compiled.params.items() if value is not None}
    if dialect.name == "sqlite":
        return _OnSqlite(sql, fixed, tuple(compiled.positiontup or ()))
    return _OnPostgres(sql, fixed)


def one_of(column: ColumnElement[Any], name: str, count: int) -> ColumnElement[bool]:
    """That a column has one of so many values, which ``listed`` names for it."""
    values: list[BindParameter[Any]] = [bindparam(f"{name}_{at}", type_=column.type) for at in range(count)]
    return column.in_(values)


def listed(name: str, values: Sequence[Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The values in portions: how many places a statement needs for each, and what stands in them.

    The number is a power of two, so that there are few statements; the last value fills what is left.
    """
    for start in range(0, len(values), MOST_AT_ONCE):
        portion = values[start : start + MOST_AT_ONCE]
        count = 1 << (len(portion) - 1).bit_length()
        filled = [*portion, *[portion[-1]] * (count - len(portion))]
        yield count, {f"{name}_{at}": value for at, value in enumerate(filled)}
