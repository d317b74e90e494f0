"""How a PostgreSQL server is spoken to: with time-outs, in the workers' role where that is whose side it is.

The role is made by the first migration. ``SET ROLE`` guards against our own mistakes; a login of the workers'
own (``CARELOOM_WORKER_DATABASE_URL``) guards against a worker that has been taken over.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Integer, LargeBinary, Table, Text

WORKER_ROLE = "careloom_worker"

_LIMITS = "-c lock_timeout=10s -c statement_timeout=60s -c idle_in_transaction_session_timeout=60s"
# To compile a plan takes a server longer than any of our statements does.
_OPTIONS = f"{_LIMITS} -c jit=off"
_COPY_TYPES = ((BigInteger, "int8"), (Integer, "int4"), (LargeBinary, "bytea"), (Text, "text"))


def connect_arguments() -> dict[str, Any]:
    """What every connection is opened with."""
    return {"connect_timeout": 5, "options": _OPTIONS, "application_name": "careloom"}


def become_worker(connection: Any, _record: Any) -> None:
    """Give up the login's own rights for those of the workers' role."""
    connection.autocommit = True
    connection.execute(f"SET ROLE {WORKER_ROLE}")
    connection.autocommit = False


def copy(connection: Any, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows by binary COPY."""
    statement, types = _copy_plan(table)
    with connection.cursor() as cursor, cursor.copy(statement) as stream:
        stream.set_types(types)
        for row in rows:
            stream.write_row(row)


@lru_cache(maxsize=64)
def _copy_plan(table: Table) -> tuple[str, tuple[str, ...]]:
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    types = tuple(_copy_type(column.type) for column in table.columns)
    return f"COPY {table.name} ({columns}) FROM STDIN (FORMAT BINARY)", types


def _copy_type(declared: object) -> str:
    return next(name for kind, name in _COPY_TYPES if isinstance(declared, kind))
