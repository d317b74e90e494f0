"""What is deleted by the clock and what is kept: to the microsecond, and nothing that still has a meaning."""

from __future__ import annotations

import os
from dataclasses import replace
from hashlib import sha256

import pytest
import structlog
from sqlalchemy import insert, select

from gateway.copies import Copies
from gateway.custody import backlog, checkpoint, jobs, signing, verify
from gateway.custody.checkpoint import Pace
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.jobs import State
from gateway.custody.tables import access_token, assertion_seen, data
from gateway.delivery import Office
from gateway.housekeeping import (
    ANSWERS_KEPT,
    CHORES,
    JOBS_KEPT,
    forget_what_expired,
    sign_the_trail,
    watch_the_receivers,
)
from gateway.refusal import Kind
from gateway.stored import Repeat
from gateway.syslog.line import Target
from tests.desk import ST_ANNA, ST_BERTA, Desk, bundle, diabetic, ehr, patient, put, refusal

MINUTE = 60 * jobs.SECOND
SUBJECTS = [StoredId(bytes([number]) * 16) for number in range(1, 6)]


@pytest.fixture
def office(small_desk: Desk) -> Office:
    desk = small_desk
    return Office(desk.storage, desk.vault, desk.release, desk.clock, os.urandom, desk.erasure)


@pytest.mark.parametrize("table", [access_token, assertion_seen], ids=lambda table: table.name)
def test_what_expired_goes_and_what_holds_stays(small_desk: Desk, office: Office, table) -> None:
    more = {"client_id": "c", "scope": "s"} if table is access_token else {}
    expires = {b"past": -1, b"this instant": 0, b"soon": 1}
    with small_desk.vault.database.write() as conn:
        for digest, ahead in expires.items():
            conn.execute(insert(table).values(digest=digest, expires=small_desk.now + ahead, **more))
    forget_what_expired(office)
    assert {bytes(row.digest) for row in small_desk.rows(table)} == {b"this instant", b"soon"}


def _sends(desk: Desk, key: str, person: str = "ann") -> bytes:
    body = bundle(put(patient(person)))
    repeat = Repeat(key, sha256(person.encode()).digest())
    return desk.intake.transaction(ehr(), body, repeat).body


def test_an_answer_is_kept_for_a_day_and_the_same_key_is_new_afterwards(
    small_desk: Desk, office: Office
) -> None:
    first = _sends(small_desk, "key")
    small_desk.now += ANSWERS_KEPT
    forget_what_expired(office)
    assert _sends(small_desk, "key") == first
    with refusal(Kind.UNPROCESSABLE):
        _sends(small_desk, "key", "bob")
    small_desk.now += 1
    forget_what_expired(office)
    assert _sends(small_desk, "key", "bob") != first


def test_jobs_that_were_done_go_after_a_month_and_no_others(small_desk: Desk, office: Office) -> None:
    with small_desk.vault.database.write() as conn:
        order = jobs.Order(ST_ANNA, "plan", "new data", small_desk.now, small_desk.now)
        jobs.enqueue(conn, order, SUBJECTS)
        done, late, dead, running, _ = jobs.due(conn, small_desk.now, 10)
        jobs.close(conn, done.id, State.DONE, small_desk.now - JOBS_KEPT - 1, None)
        jobs.close(conn, late.id, State.DONE, small_desk.now - JOBS_KEPT, None)
        jobs.close(conn, dead.id, State.DEAD, small_desk.now - 10 * JOBS_KEPT, "Broken")
        assert jobs.claim(conn, running.id, small_desk.now, 1)
    forget_what_expired(office)
    with small_desk.vault.database.read() as conn:
        left = {job.id: job.state for job in backlog.listing(conn)}
    assert done.id not in left
    assert (left[late.id], left[dead.id], left[running.id]) == (State.DONE, State.DEAD, State.RUNNING)
    assert len(left) == 4


def test_nothing_of_a_patient_is_ever_forgotten_by_the_clock(small_desk: Desk, office: Office) -> None:
    small_desk.puts(*diabetic("ann"))
    small_desk.works()
    # What expires, and what the watch remembers of the trail.
    but = ("job", "idempotency", "access_token", "assertion_seen", "watch_cursor", "client_seen")
    before = small_desk.counts(*but)
    small_desk.now += 20 * 365 * 24 * 3600 * jobs.SECOND
    for chore in CHORES:
        chore.do(office)
    assert small_desk.counts(*but) == before
    assert small_desk.reads("Patient/ann")["name"]


def _witnesses(office: Office) -> dict[Tenant, list[int]]:
    folder = office.storage.data_dir / checkpoint.FOLDER
    found = checkpoint.witnesses(folder, signing.load(office.storage.key_paths.audit))
    return {log: [one.size for one in witness.checkpoints] for log, witness in found.items()}


def test_the_trail_is_signed_when_it_grew_and_not_when_it_did_not(small_desk: Desk, office: Office) -> None:
    small_desk.puts(patient("ann"))
    sign_the_trail(office)
    small_desk.now += MINUTE
    sign_the_trail(office)
    first = small_desk.trail()
    small_desk.puts(patient("bob"))
    sign_the_trail(office)
    assert _witnesses(office)[ST_ANNA] == [first, small_desk.trail()]


def test_the_trail_is_signed_at_the_pace_that_was_asked_for(small_desk: Desk, office: Office) -> None:
    small_desk.puts(patient("ann"))
    sign_the_trail(office)
    first = small_desk.trail()
    small_desk.puts(patient("bob"))
    small_desk.now += MINUTE - 1
    sign_the_trail(office)
    assert _witnesses(office)[ST_ANNA] == [first]
    sign_the_trail(replace(office, copies=Copies(pace=Pace(1, 24 * 60 * MINUTE))))
    assert _witnesses(office)[ST_ANNA] == [first, small_desk.trail()]


def test_a_receiver_that_is_late_is_named_and_one_that_is_not_is_not(
    small_desk: Desk, office: Office
) -> None:
    office = replace(office, copies=Copies(siem=Target("siem.example.org"), late_seconds=300))
    small_desk.puts(patient("ann"))
    small_desk.now += 300 * jobs.SECOND
    with structlog.testing.capture_logs() as lines:
        watch_the_receivers(office)
        assert lines == []
        small_desk.now += jobs.SECOND
        watch_the_receivers(office)
    (line,) = lines
    assert (line["receiver"], line["events"], line["seconds"], line["log_level"]) == (
        "siem",
        small_desk.trail(),
        301,
        "warning",
    )


def test_each_log_is_signed_for_itself(small_desk: Desk, office: Office) -> None:
    small_desk.puts(patient("ann"))
    small_desk.puts(patient("ann"), actor=ehr(ST_BERTA))
    small_desk.puts(patient("bob"), actor=ehr(ST_BERTA))
    sign_the_trail(office)
    signed = _witnesses(office)
    assert signed[ST_ANNA] == [small_desk.trail(ST_ANNA)]
    assert signed[ST_BERTA] == [small_desk.trail(ST_BERTA)]
    folder = office.storage.data_dir / checkpoint.FOLDER
    with small_desk.vault.database.read() as conn:
        report = verify.verify(
            conn, checkpoint.witnesses(folder, signing.load(office.storage.key_paths.audit))
        )
    assert report.ok
    assert report.checkpoints == 2


def test_what_was_altered_is_not_signed_over(small_desk: Desk, office: Office) -> None:
    small_desk.puts(patient("ann"))
    sign_the_trail(office)
    small_desk.puts(patient("bob"))
    small_desk.now += MINUTE
    with small_desk.vault.database.write() as conn:
        conn.exec_driver_sql("UPDATE audit_event SET status = 200, kind = 'x' WHERE seq = 1")
    with pytest.raises(Exception, match="audit verify"):
        sign_the_trail(office)
    assert len(_witnesses(office)[ST_ANNA]) == 1


def test_every_chore_is_done_again_soon_enough_to_matter() -> None:
    every = {chore.do: chore.every_seconds for chore in CHORES}
    assert every[sign_the_trail] <= 60
    assert every[forget_what_expired] <= 3600


def test_forgetting_writes_no_event_and_needs_none(small_desk: Desk, office: Office) -> None:
    """What is forgotten was nobody's access: the trail does not grow by the clock."""
    small_desk.puts(patient("ann"))
    with small_desk.leaves() as left:
        forget_what_expired(office)
        sign_the_trail(office)
    assert left == []
    with small_desk.vault.database.read() as conn:
        assert conn.execute(select(data.tables["audit_event"])).all()
