"""A start and a stop are events of the system log, and no reason not to serve."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from gateway.custody.database import Database, Side
from gateway.custody.ids import SYSTEM
from gateway.custody.settings import Storage
from gateway.custody.tables import audit_event
from gateway.run import presence


@pytest.fixture
def database(storage: Storage) -> Iterator[Database]:
    opened = Database.open(storage.database_url, Side.TRUSTED)
    yield opened
    opened.close()


def told(database: Database) -> list[tuple[int, str, str, str, int]]:
    c = audit_event.c
    query = select(c.log, c.kind, c.action, c.detail, c.time).where(c.kind.startswith("system:"))
    with database.read() as conn:
        return [tuple(row) for row in conn.execute(query.order_by(c.seq))]


def test_law_4_the_gateway_is_seen_to_start_and_to_stop(database: Database):
    times = iter((1, 2))
    with presence.recorded(database, lambda: next(times), "1.2.3"):
        assert told(database) == [(SYSTEM, "system:start", "E", "1.2.3", 1)]
    assert told(database)[1:] == [(SYSTEM, "system:stop", "E", "1.2.3", 2)]


def test_what_ends_it_goes_on_and_is_told(database: Database):
    with pytest.raises(KeyError), presence.recorded(database, lambda: 1, "1.2.3"):
        raise KeyError
    assert [kind for _, kind, *_ in told(database)] == ["system:start", "system:stop"]


def test_a_trail_that_cannot_be_written_stops_no_start(
    database: Database, capsys: pytest.CaptureFixture[str]
):
    with database.write() as conn:
        conn.exec_driver_sql("ALTER TABLE audit_head RENAME TO elsewhere")
    served = []
    with presence.recorded(database, lambda: 1, "1.2.3"):
        served.append(True)
    with database.write() as conn:
        conn.exec_driver_sql("ALTER TABLE elsewhere RENAME TO audit_head")
    assert served
    assert told(database) == []
    out = capsys.readouterr()
    assert (out.out + out.err).count("activity not recorded") == 2
