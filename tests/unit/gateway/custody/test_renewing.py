"""The kept row of knowledge, on the embedded database; both databases are in the integration tests."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from gateway.custody import renewing
from gateway.custody.tables import adopted_knowledge
from tests.unit.gateway.custody.trails import store


def test_there_is_one_row_and_it_says_since_when(tmp_path: Path):
    database = store(tmp_path)
    for now, digest in enumerate(("first", "first", "second"), start=1):
        with database.write() as conn:
            renewing.adopt(conn, "plan", digest, now)
    with database.read() as conn:
        assert [tuple(row) for row in conn.execute(select(adopted_knowledge))] == [(1, "second", 3)]
    database.close()
