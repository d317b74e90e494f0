"""What acknowledges a clock, and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.custody.acknowledged import KIND, REASONS, acknowledge, clock_of
from gateway.custody.audit import COLUMNS
from gateway.custody.operator import typed_by
from tests.unit.gateway.custody.trails import HOSPITAL, START, Trail, event

WHY = ("clock-set-back", "OPS-114")
TOLD = (typed_by("alice"), START + 100)


@pytest.fixture
def trail(tmp_path: Path) -> Trail:
    made = Trail(tmp_path)
    made.append(*map(event, range(4)), event(4, START - 10**10), event(5, START - 10**10 + 1))
    return made


def rows(trail: Trail) -> list[tuple[object, ...]]:
    with trail.database.read() as conn:
        return [tuple(row) for row in conn.exec_driver_sql("SELECT * FROM audit_event ORDER BY seq")]


def says(trail: Trail, *clocks: int) -> None:
    with trail.database.write() as conn:
        acknowledge(conn, HOSPITAL, clocks, WHY, TOLD)


def test_a_clock_that_is_acknowledged_is_told_apart(trail: Trail):
    assert [fault.first for fault in trail.report().faults] == [4]
    says(trail, 4)
    report = trail.report()
    assert (report.ok, [fault.first for fault in report.acknowledged]) == (True, [4])
    assert clock_of(rows(trail)[-1]) == 4
    last = dict(zip(COLUMNS, rows(trail)[-1], strict=True))
    assert (last["kind"], last["user"]) == (KIND, "urn:careloom:login|alice")
    assert last["detail"] == "command line: clock at 4, clock-set-back, OPS-114"


def test_only_the_event_that_is_named_is_excused(trail: Trail):
    says(trail, 3, 5)
    assert [fault.first for fault in trail.report().faults] == [4]


def test_nobody_excuses_what_comes_later(tmp_path: Path):
    trail = Trail(tmp_path)
    trail.append(event(0))
    says(trail, 2)
    trail.append(event(2, START - 10**10))
    assert [fault.first for fault in trail.report().faults] == [2]


@pytest.mark.parametrize("why", [("because", None), ("accepted", "Anne Hopkins"), ("accepted", "a\nb")])
def test_reason_and_ticket_have_a_narrow_form(trail: Trail, why: tuple[str, str | None]):
    with pytest.raises(ValueError, match="no such"), trail.database.write() as conn:
        acknowledge(conn, HOSPITAL, [4], why, TOLD)
    assert all(REASONS.values())


def test_other_events_say_nothing_of_clocks(trail: Trail):
    assert {clock_of(row) for row in rows(trail)} == {None}
