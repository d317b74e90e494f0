"""Whoever is handed the trail: one hands it on, what was taken stays taken, and how far it is can be told."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest
from sqlalchemy import select

from gateway.custody import audit, receivers
from gateway.custody.database import Database, Side
from gateway.custody.errors import LostLease, NotPermitted
from gateway.custody.ids import Tenant
from gateway.custody.jobs import SECOND
from gateway.custody.receivers import Cursor, Hold, Standing
from gateway.custody.settings import Storage
from gateway.custody.tables import trail_cursor, trail_receiver
from tests.receivers import database as database
from tests.unit.gateway.custody.trails import START, event

NOW, LEASE = START, 60 * SECOND
ONE, TWO = Tenant(1), Tenant(2)


def hold(database: Database, holder: str, now: int = NOW) -> Hold | None:
    with database.write() as conn:
        return receivers.hold(conn, "siem", holder, now, LEASE)


def held(database: Database, holder: str = "a", now: int = NOW) -> Hold:
    found = hold(database, holder, now)
    assert found
    return found


def took(database: Database, by: Hold, *cursors: Cursor, now: int = NOW) -> None:
    with database.write() as conn:
        receivers.took(conn, by, cursors, now)


def at(database: Database) -> list[Cursor]:
    with database.read() as conn:
        return list(receivers.cursors(conn, "siem").values())


def standing(database: Database, logs: frozenset[Tenant] | None = None, now: int = NOW) -> Standing:
    with database.read() as conn:
        return receivers.standing(conn, "siem", logs, now)


def appended(database: Database, log: Tenant, *numbers: int) -> None:
    with database.write() as conn:
        audit.append(conn, log, [event(number, START + number * SECOND) for number in numbers])


def test_one_process_at_a_time_hands_on(database: Database):
    first = held(database, "a")
    assert hold(database, "b", NOW + LEASE - 1) is None
    assert hold(database, "a", NOW + 5) == first
    assert hold(database, "b", NOW + 5 + LEASE) == replace(first, holder="b", fence=first.fence + 1)


def test_who_was_thought_dead_moves_nothing(database: Database):
    first = held(database, "a")
    second = held(database, "b", NOW + LEASE)
    took(database, second, Cursor(ONE, 7))
    with pytest.raises(LostLease):
        took(database, first, Cursor(ONE, 9))
    with pytest.raises(LostLease), database.write() as conn:
        receivers.waits(conn, first, "TimeoutError")
    assert at(database) == [Cursor(ONE, 7)]


def test_one_who_comes_back_under_its_old_name_is_another(database: Database):
    first = held(database, "a")
    held(database, "b", NOW + LEASE)
    again = held(database, "a", NOW + 2 * LEASE)
    assert again.fence > first.fence
    with pytest.raises(LostLease):
        took(database, first, Cursor(ONE, 9))


def test_what_is_released_is_free_at_once(database: Database):
    first = held(database, "a")
    with database.write() as conn:
        receivers.release(conn, first)
    assert hold(database, "b", NOW + 1)


def test_nobody_releases_what_is_another_s(database: Database):
    first = held(database, "a")
    held(database, "b", NOW + LEASE)
    with database.write() as conn:
        receivers.release(conn, first)
    assert hold(database, "c", NOW + LEASE + 1) is None


def test_cursors_are_each_log_s_and_each_receiver_s_own(database: Database):
    by = held(database)
    took(database, by, Cursor(ONE, 3, 30, 300), Cursor(TWO, 4))
    took(database, by, Cursor(ONE, 5, 50, 500))
    assert at(database) == [Cursor(ONE, 5, 50, 500), Cursor(TWO, 4)]
    with database.read() as conn:
        assert receivers.cursors(conn, "another") == {}


def test_moving_a_cursor_and_losing_the_lease_are_one_transaction(database: Database):
    by = held(database)
    with pytest.raises(LostLease), database.write() as conn:
        receivers.took(conn, replace(by, fence=by.fence + 1), [Cursor(ONE, 9)], NOW)
    assert at(database) == []


def test_one_that_never_took_anything_has_everything_before_it(database: Database):
    appended(database, ONE, 0, 1, 2)
    appended(database, TWO, 5)
    told = standing(database, now=START + 10 * SECOND)
    assert (told.events, told.seconds, told.answered, told.trouble, told.cursors) == (4, 10, None, None, ())


def test_the_oldest_event_that_waits_says_for_how_long(database: Database):
    appended(database, ONE, 0, 1, 2)
    appended(database, TWO, 5)
    took(database, held(database), Cursor(ONE, 2), now=START + 3 * SECOND)
    told = standing(database, now=START + 10 * SECOND)
    assert (told.events, told.seconds, told.answered) == (2, 8, START + 3 * SECOND)
    took(database, held(database), Cursor(ONE, 3), Cursor(TWO, 1))
    told = standing(database, now=START + 10 * SECOND)
    assert (told.events, told.seconds) == (0, 0)


def test_only_the_logs_that_are_asked_for_count(database: Database):
    appended(database, ONE, 0, 1)
    appended(database, TWO, 5, 6, 7)
    assert standing(database, frozenset({TWO})).events == 3
    assert standing(database, frozenset({Tenant(9)})).events == 0


def test_trouble_is_told_until_something_is_taken(database: Database):
    by = held(database)
    with database.write() as conn:
        receivers.waits(conn, by, "ConnectionRefusedError")
    assert standing(database).trouble == "ConnectionRefusedError"
    took(database, by)
    assert standing(database).trouble is None


@pytest.mark.parametrize(("events", "seconds", "late"), [(1, 61, True), (1, 60, False), (0, 0, False)])
def test_late_is_what_has_waited_too_long(events: int, seconds: int, late: bool):
    assert Standing("siem", events, seconds, None, None, ()).late(60) is late


def test_law_3_workers_may_not_touch_a_cursor(storage: Storage):
    with closing(Database.open(storage.database_url, Side.WORKER)) as worker:
        for table in (trail_receiver, trail_cursor):
            with pytest.raises(NotPermitted), worker.read() as conn:
                conn.execute(select(table)).all()
