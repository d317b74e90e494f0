"""A change of knowledge makes jobs for whom it concerns, on both databases and with many workers at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, func, insert, select

from gateway.custody import jobs, renewing
from gateway.custody.database import Database, Side
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.jobs import SECOND
from gateway.custody.settings import Storage
from gateway.custody.tables import adopted_knowledge, job, record

HOSPITALS = (Tenant(3), Tenant(4))
NOW = 1_700_000_000 * SECOND
MANY = 130


def patient(number: int) -> StoredId:
    return StoredId(number.to_bytes(16))


def record_of(number: int, type_: str = "Patient", deleted: int = 0) -> dict[str, object]:
    return {
        "tenant": HOSPITALS[number % 2],
        "type": type_,
        "id": patient(number),
        "version": 1,
        "write_no": number,
        "compartment": patient(number),
        "deleted": deleted,
    }


@pytest.fixture
def workers(storage: Storage) -> Iterator[Database]:
    """The workers' side, of an installation with some patients."""
    trusted = Database.open(storage.database_url, Side.TRUSTED)
    with trusted.write() as conn:
        conn.execute(insert(record), [record_of(number) for number in range(1, MANY + 1)])
        conn.execute(insert(record), [record_of(1_001, "Observation"), record_of(1_002, deleted=1)])
    trusted.close()
    database = Database.open(storage.worker_database_url or storage.database_url, Side.WORKER)
    yield database
    database.close()


def adopt(database: Database, digest: str, now: int = NOW) -> int:
    with database.write() as conn:
        return renewing.adopt(conn, "plan", digest, now)


def waiting(database: Database) -> list[tuple[int, bytes, int, str]]:
    with database.read() as conn:
        rows = conn.execute(select(job.c.tenant, job.c.patient, job.c.not_before, job.c.reason))
        return sorted(tuple(row) for row in rows)


def test_law_7_other_knowledge_makes_a_job_for_every_patient_that_is_there(workers: Database) -> None:
    assert adopt(workers, "first") == MANY
    found = waiting(workers)
    assert [(tenant, id_) for tenant, id_, _, _ in found] == sorted(
        (HOSPITALS[number % 2], patient(number)) for number in range(1, MANY + 1)
    )
    assert {reason for *_, reason in found} == {"knowledge"}


def test_law_7_the_same_knowledge_makes_none(workers: Database) -> None:
    adopt(workers, "first")
    with workers.write() as conn:
        conn.execute(job.update().values(state="done"))
    assert adopt(workers, "first", NOW + SECOND) == 0
    with workers.read() as conn:
        assert renewing.known(conn) == "first"
        assert conn.scalar(select(func.count()).where(job.c.state == "queued")) == 0
    assert adopt(workers, "second", NOW + SECOND) == MANY


def test_they_fall_due_one_after_the_other_so_that_new_data_are_not_kept_waiting(workers: Database) -> None:
    adopt(workers, "first")
    due = sorted(not_before for _, _, not_before, _ in waiting(workers))
    assert due[0] == NOW
    assert due[-1] == NOW + (MANY - 1) // renewing.A_SECOND * SECOND
    assert all(due.count(moment) <= renewing.A_SECOND for moment in due)


def test_a_job_that_waits_for_a_later_day_is_brought_forward_and_not_doubled(workers: Database) -> None:
    later = jobs.Order(HOSPITALS[1], "plan", "time", NOW + 1_000 * SECOND, NOW)
    with workers.write() as conn:
        jobs.enqueue(conn, later, [patient(1)])
    adopt(workers, "first")
    mine = [row for row in waiting(workers) if row[1] == patient(1)]
    assert [(not_before < NOW + 1_000 * SECOND, reason) for *_, not_before, reason in mine] == [
        (True, "knowledge")
    ]


def test_of_many_workers_that_begin_at_once_one_makes_the_jobs(workers: Database) -> None:
    with ThreadPoolExecutor(4) as hands:
        told = list(hands.map(lambda _: adopt(workers, "first"), range(8)))
    assert sorted(told) == [0] * 7 + [MANY]
    assert len(waiting(workers)) == MANY


def test_law_6_a_worker_that_dies_in_between_leaves_it_to_the_next(workers: Database) -> None:
    class Killed(BaseException):
        """The process ends here."""

    def adopt_and_die() -> None:
        with workers.write() as conn:
            renewing.adopt(conn, "plan", "first", NOW)
            raise Killed

    with pytest.raises(Killed):
        adopt_and_die()
    assert waiting(workers) == []
    assert adopt(workers, "first") == MANY


def test_before_the_first_worker_nothing_is_known(workers: Database) -> None:
    with workers.read() as conn:
        assert renewing.known(conn) == ""
        assert conn.scalar(select(func.count()).select_from(adopted_knowledge)) == 0


def test_workers_may_change_the_row_and_not_take_it_away(workers: Database) -> None:
    adopt(workers, "first")
    with pytest.raises(Exception, match="no right to that table"), workers.write() as conn:
        conn.execute(delete(adopted_knowledge))
