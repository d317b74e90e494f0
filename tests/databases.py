"""Databases on a server that tests use one after the other: emptied between two, and made anew when altered.

To clone a template and drop it again takes a server about a second; to delete some rows takes milliseconds. A
database whose tables, columns or rights are not those of its template any more is dropped all the same.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from gateway.custody.migrations import Store

Names = Mapping[Store, str]

_FORM = text(
    """
    SELECT md5(string_agg(concat_ws(' ', c.relname, c.relkind, c.relacl::text, columns, checks), ';'
                          ORDER BY c.relname))
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname IN ('public', 'public_trail')
    LEFT JOIN LATERAL (
        SELECT string_agg(concat_ws(' ', attname, atttypid, attnotnull), ',' ORDER BY attnum) AS columns
        FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0) a ON true
    LEFT JOIN LATERAL (
        SELECT string_agg(conname, ',' ORDER BY conname) AS checks
        FROM pg_constraint WHERE conrelid = c.oid) k ON true
    """
)
"""What tells whether a database has another form than its template."""
_TABLES = text("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
_REVISION = "alembic_version"


def at(server: str, name: str) -> str:
    """The url of a database on a server."""
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def execute(url: str, *statements: str) -> None:
    """Statements that no transaction may hold, such as ``CREATE DATABASE``."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as conn:
        for statement in statements:
            conn.execute(text(statement))


class Databases:
    """Lends databases, one of each kind at a time, migrated and empty."""

    def __init__(self, server: str, templates: Names) -> None:
        self._server, self._templates = server, templates
        self._free: list[dict[Store, str]] = []
        self._forms = {store: _form(at(server, name)) for store, name in templates.items()}

    @contextmanager
    def lent(self) -> Iterator[dict[Store, str]]:
        """The urls of a database of each kind."""
        names = self._free.pop() if self._free else self._made()
        try:
            yield {store: at(self._server, name) for store, name in names.items()}
        finally:
            if all(self._emptied(store, name) for store, name in names.items()):
                self._free.append(names)
            else:
                self._drop(names)

    def close(self) -> None:
        """Drop what is there."""
        while self._free:
            self._drop(self._free.pop())

    def _made(self) -> dict[Store, str]:
        names = {store: f"careloom_{uuid.uuid4().hex[:16]}" for store in self._templates}
        clones = [f"CREATE DATABASE {names[store]} TEMPLATE {self._templates[store]}" for store in names]
        # What is set for a template does not come along.
        lazy = [f"ALTER DATABASE {name} SET synchronous_commit = off" for name in names.values()]
        execute(self._server, *clones, *lazy)
        return names

    def _drop(self, names: Names) -> None:
        execute(self._server, *(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)" for name in names.values()))

    def _emptied(self, store: Store, name: str) -> bool:
        """Whether it is as its template again."""
        engine = create_engine(at(self._server, name), poolclass=NullPool)
        try:
            with engine.begin() as conn:
                # Somebody who still holds a lock is somebody who still uses it.
                conn.execute(text("SET LOCAL lock_timeout = '2s'"))
                for table in conn.scalars(_TABLES).all():
                    if table != _REVISION:
                        conn.execute(text(f"DELETE FROM {table}"))
            return _form(at(self._server, name)) == self._forms[store]
        except SQLAlchemyError:
            return False


def _form(url: str) -> tuple[object, ...]:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as conn:
        revision = conn.scalars(text(f"SELECT version_num FROM {_REVISION}")).all()
        return conn.scalar(_FORM), tuple(revision)
