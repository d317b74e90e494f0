"""Grants that there were before consent was enforced go on as they were: patients opt out of them."""

from __future__ import annotations

from importlib import import_module

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import insert, select

from gateway.auth import registry
from gateway.custody.database import Database, Side
from gateway.custody.settings import Storage
from gateway.custody.tables import access_grant

REVISION = "gateway.custody.migrations.data.0009_consent"


def test_a_grant_from_before_is_opt_out(storage: Storage):
    database = Database.open(storage.database_url, Side.TRUSTED)
    try:
        with database.write() as conn:
            for client_id, consent in (("old", "permit"), ("new", "opt-in"), ("plain", "opt-out")):
                values = {"client_id": client_id, "tenant": 1, "consent": consent, "created": 1}
                conn.execute(insert(access_grant).values(**values))
            with Operations.context(MigrationContext.configure(conn)):
                import_module(REVISION).upgrade()
        with database.read() as conn:
            rows = conn.execute(select(access_grant.c.client_id, access_grant.c.consent))
            assert dict(map(tuple, rows)) == {"old": "opt-out", "new": "opt-in", "plain": "opt-out"}
            assert registry.opt_in(conn, "old") == frozenset()
            assert registry.opt_in(conn, "new") == {1}
    finally:
        database.close()
