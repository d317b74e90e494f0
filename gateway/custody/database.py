"""The two ways into a database: ``read`` sees one snapshot, ``write`` is one transaction, all or nothing.

SQLite and PostgreSQL are both real forms of the product, so they are made to behave alike here and nowhere
else. On SQLite a writer takes its turn first (``turn.py``), then the file's lock (``BEGIN IMMEDIATE``): no
transaction ever finds out half-way that it may not write. The side says how much can be seen at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import Enum
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, PoolProxiedConnection, Table, create_engine, event, make_url
from sqlalchemy.pool import QueuePool

from gateway.custody import postgres, sqlite
from gateway.custody.errors import StoreUnavailable
from gateway.custody.failures import translated
from gateway.custody.prepared import Glance, Writing, driver_of
from gateway.custody.tables import WORKER_RIGHTS
from gateway.custody.turn import Turn

T = TypeVar("T")

# Well under SQLite's limit of variables in one statement.
_BATCH = 5000
_POOL = {
    "poolclass": QueuePool,
    "pool_size": 8,
    "max_overflow": 8,
    "pool_timeout": 10,
    # The connection given back last has the warmest cache.
    "pool_use_lifo": True,
    "hide_parameters": True,
}


class Side(Enum):
    """Whose process this is: the gateway's own, or a worker's."""

    TRUSTED = "trusted"
    WORKER = "worker"


class Database:
    """One store, seen from one side."""

    def __init__(self, engine: Engine, reading: Engine, writing: Engine, path: Path | None) -> None:
        self._engine, self._reading, self._writing, self._path = engine, reading, writing, path
        self._turn = Turn(path, sqlite.BUSY_SECONDS) if path else None
        # Connections for glances, the one that was used last on top.
        self._looking: list[PoolProxiedConnection] = []

    @classmethod
    def open(cls, url: str, side: Side, *, own_login: bool = False) -> Database:
        """The store at this url, connected to at first use. ``own_login``: the url is the workers' own."""
        if make_url(url).get_backend_name() == "sqlite":
            return cls._open_sqlite(url, side)
        return cls._open_postgres(url, side, own_login)

    @classmethod
    def _open_sqlite(cls, url: str, side: Side) -> Database:
        path = sqlite_path(url)

        def connect() -> Any:
            connection = sqlite.connect(path)
            if side is Side.WORKER:
                sqlite.restrict(connection, WORKER_RIGHTS)
            return connection

        engine = create_engine("sqlite://", creator=connect, **_POOL)
        event.listen(engine, "begin", _begin_sqlite)
        return cls(
            engine,
            engine.execution_options(careloom_begin="BEGIN DEFERRED"),
            engine.execution_options(careloom_begin="BEGIN IMMEDIATE"),
            path,
        )

    @classmethod
    def _open_postgres(cls, url: str, side: Side, own_login: bool) -> Database:
        engine = create_engine(url, connect_args=postgres.connect_arguments(), pool_pre_ping=True, **_POOL)
        if side is Side.WORKER and not own_login:
            event.listen(engine, "connect", postgres.become_worker)
        # A snapshot that nobody writes through, as SQLite's deferred transaction is.
        reading = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        return cls(engine, reading, engine, None)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One snapshot of the store."""
        with translated(), self._reading.begin() as conn:
            yield conn

    @contextmanager
    def glance(self) -> Iterator[Glance]:
        """Prepared statements, each of which sees a snapshot of its own: for questions of one statement."""
        with translated():
            glance = Glance(self._idle() or self._connected(), self._engine.dialect, self._connected)
            try:
                yield glance
            except Exception:
                # Whatever it was, nobody else meets what is left of it.
                glance.held.close()
                raise
            self._looking.append(glance.held)

    def _idle(self) -> PoolProxiedConnection | None:
        try:
            return self._looking.pop()
        except IndexError:
            return None

    def _connected(self) -> PoolProxiedConnection:
        made = self._engine.raw_connection()
        # No longer one of the pool's, and ours until it is closed.
        made.detach()
        if self._path is None:
            made.dbapi_connection.autocommit = True  # type: ignore[union-attr]
        return made

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: committed when the block returns, rolled back when it raises."""
        with self._taking_turn(), translated(), self._writing.begin() as conn:
            yield conn

    @contextmanager
    def write_prepared(self) -> Iterator[Glance]:
        """The same for prepared statements and ``bulk`` alone; begun and ended by the driver itself.

        For the event of a reading: what SQLAlchemy does around a transaction costs more than the event.
        """
        begin = "BEGIN" if self._path is None else "BEGIN IMMEDIATE"
        with self._taking_turn(), self.glance() as at, at.transaction(begin):
            yield at

    def _taking_turn(self) -> AbstractContextManager[None]:
        return nullcontext() if self._turn is None else self._turn.taken()

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self._engine.dialect.name

    def create(self) -> None:
        """Make the file of an embedded store; a server's database is made by who runs the server."""
        if self._path is not None:
            sqlite.create(self._path)

    def empty_log(self) -> bool:
        """Write an embedded store's log into its file and cut it to nothing; whether readers allowed it."""
        if self._path is None:
            return True
        with translated(), self._engine.connect() as conn:
            return sqlite.empty_log(conn.connection.driver_connection)

    def close(self) -> None:
        """Give all connections back."""
        while self._looking:
            self._looking.pop().close()
        self._engine.dispose()
        if self._turn is not None:
            self._turn.close()


def sqlite_path(url: str) -> Path:
    """The file of an SQLite url."""
    name = make_url(url).database
    if not name:
        raise StoreUnavailable("An SQLite url must name a file: sqlite:////path/to/file.db.")
    return Path(name)


def in_batches(items: Iterable[T]) -> Iterator[list[T]]:
    """The items in lists that are short enough for one statement."""
    rest = iter(items)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def bulk(conn: Writing, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert raw tuples, in the order of the table's columns, by the fastest way that the driver has."""
    if not rows:
        return
    driver = driver_of(conn)
    if conn.dialect.name == "sqlite":
        driver.executemany(sqlite.insert(table), rows).close()
    else:
        postgres.copy(driver, table, rows)


def _begin_sqlite(conn: Connection) -> None:
    # Through SQLAlchemy this one word would cost as much as all that a small transaction does.
    driver: Any = conn.connection.driver_connection
    driver.execute(conn.get_execution_options()["careloom_begin"]).close()
