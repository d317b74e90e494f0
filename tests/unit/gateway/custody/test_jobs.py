"""The life of a job: cases one by one, then any order of anything against a model."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import Connection, select

from gateway.custody import backlog, jobs
from gateway.custody.errors import LostLease
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.jobs import SECOND, State
from gateway.custody.tables import job
from tests.unit.gateway.custody.trails import store

HOSPITAL = Tenant(3)
ANN, BOB = StoredId(b"a" * 16), StoredId(b"b" * 16)
LEASE = 5 * SECOND
NOW = 1_700_000_000 * SECOND


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[Connection]:
    with store(tmp_path).write() as conn:
        yield conn


def drawn() -> jobs.Draw:
    numbers = count(1)
    return lambda size: next(numbers).to_bytes(size)


def ask(
    conn: Connection, *patients: StoredId, at: int = NOW, now: int = NOW, draw: jobs.Draw | None = None
) -> None:
    more = {} if draw is None else {"draw": draw}
    jobs.enqueue(conn, jobs.Order(HOSPITAL, "plan", "written", at, now), patients, **more)


def claimed(conn: Connection, now: int = NOW) -> jobs.Claim:
    (due,) = jobs.due(conn, now, 10)
    claim = jobs.claim(conn, due.id, now, LEASE)
    assert claim is not None
    return claim


def test_ten_bundles_make_one_job(conn: Connection) -> None:
    for _ in range(10):
        ask(conn, ANN)
    assert len(jobs.due(conn, NOW, 10)) == 1


def test_a_job_that_waits_for_a_day_is_brought_forward_and_never_put_off(conn: Connection) -> None:
    ask(conn, ANN, at=NOW + 100)
    assert jobs.due(conn, NOW, 10) == []
    ask(conn, ANN, at=NOW)
    ask(conn, ANN, at=NOW + 200)
    assert [listed.not_before for listed in backlog.listing(conn)] == [NOW]


def test_nothing_to_do_makes_no_job(conn: Connection) -> None:
    ask(conn)
    assert backlog.listing(conn) == []


def test_what_was_sent_is_sent_again_only_after_a_while(conn: Connection) -> None:
    ask(conn, ANN)
    (due,) = jobs.due(conn, NOW, 10)
    jobs.mark_sent(conn, [due.id], NOW)
    assert jobs.due(conn, NOW + jobs.RESEND_AFTER - 1, 10) == []
    assert jobs.due(conn, NOW + jobs.RESEND_AFTER, 10) == [jobs.Due(due.id, "plan", NOW)]


def test_new_data_while_one_runs_make_one_more(conn: Connection) -> None:
    ask(conn, ANN)
    running = claimed(conn)
    ask(conn, ANN)
    (waiting,) = backlog.listing(conn, State.QUEUED)
    assert waiting.id != running.id
    assert jobs.due(conn, NOW, 10) == []
    assert jobs.claim(conn, waiting.id, NOW, LEASE) is None
    jobs.finish(conn, running, NOW)
    assert [due.id for due in jobs.due(conn, NOW, 10)] == [waiting.id]
    assert jobs.claim(conn, waiting.id, NOW, LEASE) is not None


def test_patients_do_not_wait_for_each_other(conn: Connection) -> None:
    ask(conn, ANN, BOB)
    assert [jobs.claim(conn, due.id, NOW, LEASE) is not None for due in jobs.due(conn, NOW, 10)] == [
        True,
        True,
    ]


def test_a_job_is_claimed_once(conn: Connection) -> None:
    ask(conn, ANN)
    running = claimed(conn)
    assert jobs.claim(conn, running.id, NOW + LEASE - 1, LEASE) is None
    assert jobs.claim(conn, bytes(16), NOW, LEASE) is None
    jobs.finish(conn, running, NOW)
    assert jobs.claim(conn, running.id, NOW + LEASE, LEASE) is None


def test_a_job_whose_worker_died_is_sent_again_at_once_and_claimed(conn: Connection) -> None:
    ask(conn, ANN)
    dead = claimed(conn)
    assert jobs.due(conn, NOW + LEASE - 1, 10) == []
    heir = claimed(conn, NOW + LEASE)
    assert (heir.id, heir.fence, heir.attempts) == (dead.id, dead.fence + 1, 2)


def test_law_6_a_worker_that_was_thought_dead_cannot_finish(conn: Connection) -> None:
    ask(conn, ANN)
    dead = claimed(conn)
    heir = claimed(conn, NOW + LEASE)
    for deed in (jobs.finish, lambda *a: jobs.renew(*a, LEASE), lambda *a: jobs.fail(*a, "Late")):
        with pytest.raises(LostLease):
            deed(conn, dead, NOW + LEASE)
    jobs.finish(conn, heir, NOW + LEASE)


def test_a_lease_that_is_renewed_goes_on(conn: Connection) -> None:
    ask(conn, ANN)
    running = claimed(conn)
    jobs.renew(conn, running, NOW + LEASE - 1, LEASE)
    assert jobs.claim(conn, running.id, NOW + LEASE, LEASE) is None


def test_newer_work_for_the_patient_supersedes_what_a_dead_worker_left(conn: Connection) -> None:
    ask(conn, ANN)
    dead = claimed(conn)
    ask(conn, ANN)
    waiting = next(due for due in jobs.due(conn, NOW + LEASE, 10) if due.id != dead.id)
    assert jobs.claim(conn, waiting.id, NOW + LEASE, LEASE) is not None
    with pytest.raises(LostLease):
        jobs.finish(conn, dead, NOW + LEASE)
    assert backlog.counts(conn)[State.DONE] == 1


def test_a_failure_waits_longer_each_time_and_ends_dead(conn: Connection) -> None:
    ask(conn, ANN)
    now, waits = NOW, []
    for _ in range(5):
        running = claimed(conn, now)
        state = jobs.fail(conn, running, now, "Broken")
        waits.append(backlog.listing(conn)[0].not_before - now)
        now = max(now, backlog.listing(conn)[0].not_before)
    assert state is State.DEAD
    assert [wait // SECOND for wait in waits[:4]] == [1, 4, 16, 64]
    assert jobs.due(conn, now + 10**12, 10) == []
    assert backlog.listing(conn, State.DEAD)[0].error == "Broken"


def test_a_job_that_kills_its_workers_ends_dead(conn: Connection) -> None:
    ask(conn, ANN)
    for attempt in range(5):
        claimed(conn, NOW + attempt * LEASE)
    (due,) = jobs.due(conn, NOW + 5 * LEASE, 10)
    assert jobs.claim(conn, due.id, NOW + 5 * LEASE, LEASE) is None
    assert [listed.error for listed in backlog.listing(conn, State.DEAD)] == ["AttemptsExhausted"]


def test_an_endpoint_that_is_away_for_days_is_waited_for() -> None:
    assert sum(jobs.pause(n) for n in range(1, jobs.attempts_allowed("push"))) > 7 * 86_400 * SECOND


def test_a_failure_beside_waiting_work_leaves_the_work_to_it(conn: Connection) -> None:
    ask(conn, ANN)
    running = claimed(conn)
    ask(conn, ANN)
    assert jobs.fail(conn, running, NOW, "Broken") is State.DONE
    assert backlog.counts(conn)[State.QUEUED] == 1


def test_dead_jobs_live_again_when_asked(conn: Connection) -> None:
    ask(conn, ANN, BOB)
    for attempt in range(6):
        for due in jobs.due(conn, NOW + attempt * LEASE, 10):
            jobs.claim(conn, due.id, NOW + attempt * LEASE, LEASE)
    assert backlog.counts(conn)[State.DEAD] == 2
    ask(conn, BOB)
    assert backlog.retry(conn, NOW, bytes(16)) == 0
    assert backlog.retry(conn, NOW) == 1
    assert backlog.counts(conn) == {State.QUEUED: 2, State.RUNNING: 0, State.DONE: 1, State.DEAD: 0}


def test_the_ids_are_drawn_by_the_caller(conn: Connection) -> None:
    ask(conn, ANN, draw=drawn())
    assert [listed.id for listed in backlog.listing(conn)] == [(1).to_bytes(16)]


def test_the_table_itself_refuses_a_second_waiting_job(conn: Connection) -> None:
    ask(conn, ANN)
    ask_again = (
        "INSERT INTO job SELECT zeroblob(16), tenant, kind, patient, state, reason, created, not_before,"
    )
    with pytest.raises(Exception, match="UNIQUE"):
        conn.exec_driver_sql(f"{ask_again} sent, lease_until, fence, attempts, finished, error FROM job")
    assert sqlite3.sqlite_version_info >= (3, 35)


def test_what_was_done_long_ago_is_forgotten_and_what_is_dead_is_not(conn: Connection) -> None:
    ask(conn, ANN, BOB)
    done, dead = (jobs.claim(conn, due.id, NOW, LEASE) for due in jobs.due(conn, NOW, 10))
    assert done is not None
    assert dead is not None
    jobs.finish(conn, done, NOW)
    jobs.close(conn, dead.id, State.DEAD, NOW, "Broken")
    assert backlog.forget(conn, NOW) == 0
    assert backlog.forget(conn, NOW + 1) == 1
    assert [listed.id for listed in backlog.listing(conn)] == [dead.id]


class Life(RuleBasedStateMachine):
    """Hospitals send, workers take, die, come back, fail and finish, in any order, while time goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.database = store(Path(self.folder.name))
        self.now, self.draw = NOW, drawn()
        self.claims: list[tuple[jobs.Claim, int]] = []
        self.unseen: dict[StoredId, bool] = {}
        """Patients with data that no finished job has seen."""
        self.seen_by: dict[bytes, set[int]] = {}

    def teardown(self) -> None:
        self.database.close()
        self.folder.cleanup()

    @rule(patient=st.sampled_from([ANN, BOB]), later=st.sampled_from([0, 0, 3]))
    def data_arrive(self, patient: StoredId, later: int) -> None:
        with self.database.write() as conn:
            ask(conn, patient, at=self.now + later * SECOND, now=self.now, draw=self.draw)
        self.unseen[patient] = True
        self.claims = [(c, 0 if c.patient == patient else fresh) for c, fresh in self.claims]

    @rule(seconds=st.integers(0, 9))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds * SECOND

    @rule(data=st.data())
    def a_worker_takes_one(self, data: st.DataObject) -> None:
        with self.database.write() as conn:
            due = jobs.due(conn, self.now, 10)
            if not due:
                return
            claim = jobs.claim(conn, data.draw(st.sampled_from(due)).id, self.now, LEASE)
        if claim is not None:
            self.claims.append((claim, 1))

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), deed=st.sampled_from(["finish", "fail", "renew", "die"]))
    def a_worker_ends(self, data: st.DataObject, deed: str) -> None:
        claim, fresh = data.draw(st.sampled_from(self.claims))
        try:
            with self.database.write() as conn:
                if deed == "finish":
                    jobs.finish(conn, claim, self.now)
                elif deed == "fail":
                    jobs.fail(conn, claim, self.now, "Broken")
                elif deed == "renew":
                    jobs.renew(conn, claim, self.now, LEASE)
        except LostLease:
            pass
        else:
            if deed == "finish" and fresh:
                self.unseen[claim.patient] = False
        if deed != "renew":
            self.claims = [(c, f) for c, f in self.claims if c is not claim]

    @invariant()
    def data_that_nobody_saw_have_a_job(self) -> None:
        with self.database.read() as conn:
            rows = conn.execute(select(job.c.patient, job.c.state)).all()
        for patient, unseen in self.unseen.items():
            states = [state for mine, state in rows if mine == patient]
            assert not unseen or {"queued", "running", "dead"} & set(states)
            assert states.count("queued") <= 1

    @invariant()
    def nobody_is_worked_on_twice(self) -> None:
        with self.database.read() as conn:
            alive = select(job.c.patient).where(job.c.state == "running", job.c.lease_until > self.now)
            patients = conn.scalars(alive).all()
        assert len(patients) == len(set(patients))


Life.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestLife = Life.TestCase
