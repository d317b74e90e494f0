"""Events that stand alone: many threads, few transactions, nobody goes on before theirs is on the disk."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select, update

from gateway.custody import appender, audit
from gateway.custody.appender import Appender
from gateway.custody.audit import Event
from gateway.custody.database import Database
from gateway.custody.errors import StoreUnavailable, Tampered
from gateway.custody.ids import SYSTEM, Tenant
from gateway.custody.prepared import Glance
from gateway.custody.tables import audit_event, audit_head
from tests.unit.gateway.custody.trails import HOSPITAL, Trail, event

OTHER = Tenant(8)
PATIENCE = 10


class Slow:
    """A database whose transactions end when they are let; it counts them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.begun, self.may_end = threading.Semaphore(0), threading.Semaphore(0)
        self.transactions = 0

    @contextmanager
    def write_prepared(self) -> Iterator[Glance]:
        self.transactions += 1
        self.begun.release()
        assert self.may_end.acquire(timeout=PATIENCE)
        with self._database.write_prepared() as conn:
            yield conn


@pytest.fixture
def trail(tmp_path: Path) -> Trail:
    return Trail(tmp_path)


@pytest.fixture
def slow(trail: Trail) -> Slow:
    return Slow(trail.database)


def told(number: int, log: Tenant = HOSPITAL) -> dict[Tenant, list[Event]]:
    return {log: [event(number)]}


def kept(trail: Trail, log: Tenant = HOSPITAL) -> list[int]:
    with trail.database.read() as conn:
        query = select(audit_event.c.time).where(audit_event.c.log == log).order_by(audit_event.c.seq)
        return list(conn.scalars(query))


def until_queued(shared: Appender, count: int) -> None:
    waiting = threading.Event()
    for _ in range(PATIENCE * 200):
        if len(shared._queue) == count:
            return
        waiting.wait(0.005)
    raise AssertionError("they do not queue")


def test_events_are_there_when_it_returns(trail: Trail) -> None:
    Appender(trail.database).append({HOSPITAL: [event(1), event(2)], SYSTEM: [event(3)]})
    assert kept(trail) == [event(1).time, event(2).time]
    assert kept(trail, SYSTEM) == [event(3).time]


def test_who_comes_while_one_writes_is_written_together(trail: Trail, slow: Slow) -> None:
    shared = Appender(slow)  # type: ignore[arg-type]
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(shared.append, told(0))
        assert slow.begun.acquire(timeout=PATIENCE)
        others = [pool.submit(shared.append, told(number)) for number in range(1, 8)]
        until_queued(shared, 7)
        # Nobody has been told that it is done: nothing has been committed.
        assert not first.done()
        assert not any(other.done() for other in others)
        slow.may_end.release()
        first.result(PATIENCE)
        assert slow.begun.acquire(timeout=PATIENCE)
        assert not any(other.done() for other in others)
        slow.may_end.release()
        for other in others:
            other.result(PATIENCE)
    assert slow.transactions == 2
    assert kept(trail)[0] == event(0).time
    assert sorted(kept(trail)) == [event(number).time for number in range(8)]


def test_one_transaction_has_its_bounds(trail: Trail, slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(appender, "MOST_AT_ONCE", 2)
    shared = Appender(slow)  # type: ignore[arg-type]
    slow.may_end.release(9)
    shared._turn.acquire()
    with ThreadPoolExecutor(5) as pool:
        waiting = [pool.submit(shared.append, told(number)) for number in range(5)]
        until_queued(shared, 5)
        shared._turn.release()
        for one in waiting:
            one.result(PATIENCE)
    assert slow.transactions == 3
    assert len(kept(trail)) == 5


def damage(trail: Trail, log: Tenant) -> None:
    with trail.database.write() as conn:
        conn.execute(update(audit_head).where(audit_head.c.log == log).values(frontier=b"short"))


def test_one_damaged_log_is_no_other_tenants_affair(trail: Trail) -> None:
    trail.append(event(0), log=OTHER)
    damage(trail, OTHER)
    shared = Appender(trail.database)
    shared._turn.acquire()
    with ThreadPoolExecutor(3) as pool:
        good = [pool.submit(shared.append, told(number)) for number in (1, 2)]
        bad = pool.submit(shared.append, told(3, OTHER))
        until_queued(shared, 3)
        shared._turn.release()
        for one in good:
            one.result(PATIENCE)
        with pytest.raises(Tampered):
            bad.result(PATIENCE)
    assert sorted(kept(trail)) == [event(1).time, event(2).time]


class Down:
    @contextmanager
    def write_prepared(self) -> Iterator[Glance]:
        raise StoreUnavailable
        yield


def test_law_4_nobody_goes_on_whose_event_is_not_written() -> None:
    shared = Appender(Down())  # type: ignore[arg-type]
    shared._turn.acquire()
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(shared.append, told(number)) for number in range(4)]
        until_queued(shared, 4)
        shared._turn.release()
        for one in waiting:
            with pytest.raises(StoreUnavailable):
                one.result(PATIENCE)


class Ending:
    @contextmanager
    def write_prepared(self) -> Iterator[Glance]:
        raise SystemExit(0)
        yield


def test_law_4_a_thread_that_is_ended_lets_nobody_take_it_for_a_commit() -> None:
    shared = Appender(Ending())  # type: ignore[arg-type]
    with pytest.raises(SystemExit):
        shared.append(told(0))
    assert shared._queue == []


def test_the_logs_verify_after_many_threads(trail: Trail) -> None:
    shared = Appender(trail.database)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: shared.append({HOSPITAL: [event(n)], OTHER: [event(n)]}), range(60)))
    with trail.database.read() as conn:
        rows = conn.execute(
            select(audit_event).where(audit_event.c.log == OTHER).order_by(audit_event.c.seq)
        ).all()
        head = audit.head_of(conn, OTHER)
    assert [row.seq for row in rows] == list(range(60))
    assert head.size == 60
