"""What the workers' role may do on a PostgreSQL server: exactly the shared tables, and never a schema change.

Roles belong to the whole server, not to one database: the role may exist already, and making it may be more
than this login is allowed to. Then the message holds the statement that an administrator has to run.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, text

from gateway.custody.errors import NotPermitted
from gateway.custody.postgres import WORKER_ROLE

_MAKE = f"CREATE ROLE {WORKER_ROLE} NOLOGIN"
# Two databases of one server may be migrated at once, and the role is one for both.
_MAKE_ONCE = f"DO $$ BEGIN {_MAKE}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
_JOIN = f"GRANT {WORKER_ROLE} TO CURRENT_USER"
_FOR_AN_ADMINISTRATOR = (
    "This login may not make or join the workers' role. Let an administrator of the server run: "
    f"{_MAKE}; GRANT {WORKER_ROLE} TO {{login}};"
)


def grant(conn: Connection, rights: Mapping[str, str]) -> None:
    """Give the workers' role these rights by table; on SQLite its authorizer has the same list."""
    if conn.dialect.name != "postgresql":
        return
    _make_role(conn)
    schema = conn.scalar(text("SELECT quote_ident(current_schema())"))
    conn.execute(text(f"GRANT USAGE ON SCHEMA {schema} TO {WORKER_ROLE}"))
    for table, verbs in rights.items():
        conn.execute(text(f"GRANT {verbs} ON {table} TO {WORKER_ROLE}"))


def _make_role(conn: Connection) -> None:
    if _may_take(conn):
        return
    allowed = conn.scalar(text("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"))
    if not allowed:
        login = conn.scalar(text("SELECT quote_ident(current_user)"))
        raise NotPermitted(_FOR_AN_ADMINISTRATOR.format(login=login))
    conn.execute(text(_MAKE_ONCE))
    if not _may_take(conn):
        conn.execute(text(_JOIN))


def _may_take(conn: Connection) -> bool:
    """Whether the role exists and this login may act in it."""
    # Before PostgreSQL 16 every member of a role might take it.
    right = "SET" if (conn.dialect.server_version_info or (0,)) >= (16,) else "MEMBER"
    query = text("SELECT pg_has_role(current_user, oid, :right) FROM pg_roles WHERE rolname = :role")
    return bool(conn.scalar(query, {"right": right, "role": WORKER_ROLE}))
