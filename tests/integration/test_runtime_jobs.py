"""Jobs and trail on both databases, with many hands at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.custody import audit, backlog, checkpoint, jobs, verify
from gateway.custody.database import Database, Side
from gateway.custody.errors import LostLease
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.jobs import SECOND, State
from gateway.custody.settings import Storage
from gateway.custody.signing import Signer, load
from gateway.custody.tables import audit_event
from tests.unit.gateway.custody.trails import event

HOSPITAL = Tenant(3)
NOW = 1_700_000_000 * SECOND
LEASE = 5 * SECOND
HANDS = 6


@pytest.fixture
def database(storage: Storage) -> Iterator[Database]:
    database = Database.open(storage.database_url, Side.TRUSTED)
    yield database
    database.close()


def ask(database: Database, *patients: StoredId, at: int = NOW) -> None:
    with database.write() as conn:
        jobs.enqueue(conn, jobs.Order(HOSPITAL, "plan", "new data", at, NOW), patients)


def patient(number: int) -> StoredId:
    return StoredId(number.to_bytes(16))


def test_many_bundles_at_once_make_one_job_per_patient(database: Database) -> None:
    patients = [patient(number) for number in range(5)]
    with ThreadPoolExecutor(HANDS) as hands:
        list(hands.map(lambda turn: ask(database, *patients, at=NOW - turn), range(30)))
    with database.read() as conn:
        found = backlog.listing(conn)
    assert len(found) == 5
    assert {listed.not_before for listed in found} == {NOW - 29}


def test_law_6_of_many_workers_one_gets_the_job(database: Database) -> None:
    ask(database, *(patient(number) for number in range(10)))
    with database.read() as conn:
        due = jobs.due(conn, NOW, 20)

    def take(job_id: bytes) -> jobs.Claim | None:
        with database.write() as conn:
            return jobs.claim(conn, job_id, NOW, LEASE)

    with ThreadPoolExecutor(HANDS) as hands:
        claims = [claim for claim in hands.map(take, [job.id for job in due] * 5) if claim is not None]
    assert sorted(claim.patient for claim in claims) == [patient(number) for number in range(10)]


def test_law_6_two_jobs_of_one_patient_are_never_claimed_at_once(database: Database) -> None:
    for round_ in range(10):
        now = NOW + 100 * round_ * LEASE
        ask(database, patient(1), at=now)
        with database.write() as conn:
            (first,) = jobs.due(conn, now, 5)
            dead = jobs.claim(conn, first.id, now, LEASE)
        assert dead is not None
        ask(database, patient(1), at=now)
        later = now + LEASE

        def take(job_id: bytes, later: int = later) -> jobs.Claim | None:
            with database.write() as conn:
                return jobs.claim(conn, job_id, later, LEASE)

        with database.read() as conn:
            both = [job.id for job in jobs.due(conn, later, 5)]
        assert len(both) == 2
        with ThreadPoolExecutor(HANDS) as hands:
            claims = [claim for claim in hands.map(take, both * 3) if claim is not None]
        assert len(claims) == 1
        with database.write() as conn:
            jobs.finish(conn, claims[0], later)
            for row in backlog.listing(conn, State.QUEUED) + backlog.listing(conn, State.RUNNING):
                jobs.close(conn, row.id, State.DONE, later, None)


def test_a_lease_that_was_lost_is_told_on_either_database(database: Database) -> None:
    ask(database, patient(1))
    with database.write() as conn:
        (due,) = jobs.due(conn, NOW, 1)
        dead = jobs.claim(conn, due.id, NOW, LEASE)
        assert dead is not None
        jobs.renew(conn, dead, NOW, LEASE)
    with database.write() as conn:
        (late,) = jobs.due(conn, NOW + LEASE, 1)
        heir = jobs.claim(conn, late.id, NOW + LEASE, LEASE)
        assert heir is not None
    with pytest.raises(LostLease), database.write() as conn:
        jobs.finish(conn, dead, NOW + LEASE)
    with database.write() as conn:
        assert jobs.fail(conn, heir, NOW + LEASE, "Broken") is State.QUEUED
        jobs.mark_sent(conn, [heir.id], NOW)
        assert backlog.counts(conn)[State.QUEUED] == 1


def test_failed_jobs_are_given_another_chance_on_either_database(database: Database) -> None:
    ask(database, patient(1))
    with database.write() as conn:
        (due,) = jobs.due(conn, NOW, 1)
        jobs.close(conn, due.id, State.DEAD, NOW, "Broken")
        assert backlog.retry(conn, NOW) == 1
        assert backlog.forget(conn, NOW) == 0


def test_law_4_writers_side_by_side_leave_one_dense_log_each(database: Database, storage: Storage) -> None:
    def write(number: int) -> None:
        with database.write() as conn:
            for log in (Tenant(0), HOSPITAL):
                audit.append(conn, log, [event(number), event(number)])

    with ThreadPoolExecutor(HANDS) as hands:
        list(hands.map(write, range(40)))
    with database.read() as conn:
        rows = conn.execute(select(audit_event.c.log, audit_event.c.seq)).all()
        report = verify.verify(conn, {})
    assert sorted(map(tuple, rows)) == [(log, seq) for log in (0, 3) for seq in range(80)]
    assert report.ok
    assert report.events == 160


def test_tampering_is_found_on_either_database(database: Database, storage: Storage, tmp_path: Path) -> None:
    signer: Signer = load(storage.key_paths.audit)
    for number in range(20):
        with database.write() as conn:
            audit.append(conn, HOSPITAL, [event(number)])
    assert [c.size for c in checkpoint.take(database, tmp_path, signer, NOW)] == [20]
    with database.write() as conn:
        conn.exec_driver_sql("UPDATE audit_event SET status = 500 WHERE seq = 11")
        conn.exec_driver_sql("DELETE FROM audit_event WHERE seq = 4")
    with database.read() as conn:
        report = verify.verify(conn, checkpoint.witnesses(tmp_path, signer))
    assert [(fault.first, fault.last) for fault in report.faults] == [(4, 4), (11, 11)]
