"""How far each receiver is, in the words that machines ask for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.copies import SIEM, Copies, checkpoints_at
from gateway.custody import audit
from gateway.custody.database import Database
from gateway.custody.ids import Tenant
from gateway.custody.jobs import SECOND
from gateway.custody.receivers import Standing
from gateway.standing import lines, standings, states
from gateway.syslog.line import Target
from tests.unit.gateway.custody.trails import START, event, store

COPIES = Copies(siem=Target("siem.example.org"), late_seconds=300, places=("s3://notes/a",))
PLACE = checkpoints_at("s3://notes/a")


@pytest.fixture
def database(tmp_path: Path) -> Database:
    database = store(tmp_path)
    with database.write() as conn:
        audit.append(conn, Tenant(1), [event(0), event(1)])
    return database


def test_everybody_who_is_configured_is_told_of_even_before_anything_was_sent(database: Database):
    found = standings(database, COPIES, START + 400 * SECOND)
    assert [(one.name, one.events, one.seconds) for one in found] == [(SIEM, 2, 400), (PLACE, 2, 400)]
    assert standings(database, Copies(), START) == []


def test_who_waits_for_longer_than_is_allowed_is_late(database: Database):
    assert states(standings(database, COPIES, START + 300 * SECOND), COPIES) == {SIEM: "ok", PLACE: "ok"}
    assert states(standings(database, COPIES, START + 301 * SECOND), COPIES) == {SIEM: "late", PLACE: "late"}


def test_prometheus_is_told_in_its_own_form():
    told = list(
        lines(
            [Standing(SIEM, 5, 7, 9 * SECOND + 1, "TimeoutError", ()), Standing('a"\\', 0, 0, None, None, ())]
        )
    )
    assert 'careloom_trail_waiting_events{receiver="siem"} 5' in told
    assert 'careloom_trail_waiting_seconds{receiver="siem"} 7' in told
    assert 'careloom_trail_answered_timestamp_seconds{receiver="siem"} 9' in told
    assert 'careloom_trail_waiting_events{receiver="a\\"\\\\"} 0' in told
    assert not [line for line in told if line.startswith("careloom_trail_answered") and "siem" not in line]
    helped = re.compile(r"# (HELP|TYPE) (careloom_[a-z_]+) ")
    assert {found[2] for line in told if (found := helped.match(line))} == {
        line.partition("{")[0] for line in told if not line.startswith("#")
    }


def test_where_nobody_is_handed_anything_nothing_is_told():
    assert list(lines([])) == []
