"""The one transaction: everything in the order of its locks, or nothing."""

from __future__ import annotations

import os
from hashlib import sha256
from typing import Any

import pytest

from gateway import trace
from gateway.custody import audit, jobs, records
from gateway.custody.errors import Conflict
from gateway.custody.identity import halves, idempotency, links, names
from gateway.custody.tables import job, version
from gateway.intake import commit as committing
from gateway.intake import merges, repeats
from gateway.intake.commit import Batch, commit
from gateway.intake.entries import Entry
from gateway.intake.versions import Versions
from gateway.stored import Answer, Repeat
from tests.desk import NOW, ST_ANNA, Desk, ehr, observation, patient

STEPS = [
    (records, "record_writes"),
    (halves, "put"),
    (links, "put"),
    (names, "put"),
    (merges, "write"),
    (jobs, "enqueue"),
    (idempotency, "store"),
    (audit, "append"),
]
"""What a commit does, in the order of docs/data-model.md."""


class FaultError(Exception):
    """Something that goes wrong in the middle."""


def prepared(desk: Desk, *resources: dict[str, Any]) -> Batch:
    """A request as it stands when everything is sealed and nothing written."""
    entries = [Entry("", "PUT", r["resourceType"], r["id"], r) for r in resources]
    versions = Versions(desk.vault, desk.intake.policy, desk.looking, os.urandom)
    outcomes = versions.following(ehr(), entries, NOW)
    sealed = [o.sealed for o in outcomes if o.sealed is not None]
    events = [trace.event(ehr(), trace.Deed("update", o.entry.type), NOW) for o in outcomes]
    repeat = Repeat("key-1", sha256(b"body").digest())
    answer = repeats.record(ehr(), repeat, Answer(200, b"{}"), NOW, ())
    said = merges.told(desk.vault, ST_ANNA, outcomes)
    settlement = merges.settle(desk.vault, desk.looking, ST_ANNA, said, NOW)
    return Batch(ST_ANNA, sealed, events, answer, NOW, settlement)


@pytest.fixture
def desk(small_desk: Desk) -> Desk:
    return small_desk


@pytest.mark.parametrize(("module", "name"), STEPS, ids=lambda step: getattr(step, "__name__", step))
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_law_4_what_fails_at_any_step_leaves_no_row(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, module: Any, name: str, after: bool
):
    desk.puts(patient("mrn-1"))
    batch = prepared(desk, patient("mrn-1", gender="other"), observation("o1", "Patient/mrn-1"))
    before = desk.counts(), desk.rows(version), desk.rows(job), desk.head("Patient/mrn-1")
    real = getattr(module, name)

    def faulty(*arguments: Any, **named: Any) -> None:
        if after:
            real(*arguments, **named)
        raise FaultError

    monkeypatch.setattr(module, name, faulty)
    with pytest.raises(FaultError):
        commit(desk.vault, batch, os.urandom)
    assert (desk.counts(), desk.rows(version), desk.rows(job), desk.head("Patient/mrn-1")) == before


def test_the_statements_stand_in_the_order_of_their_locks(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    batch, done = prepared(desk, patient("mrn-1")), []

    def watched(step: tuple[Any, str]) -> Any:
        real = getattr(*step)

        def run(*arguments: Any) -> Any:
            done.append(step)
            return real(*arguments)

        return run

    for step in STEPS:
        monkeypatch.setattr(*step, watched(step))
    commit(desk.vault, batch, os.urandom)
    assert done == STEPS


def test_a_head_that_moved_meanwhile_is_a_conflict_and_nothing_is_stored(desk: Desk):
    late = prepared(desk, patient("mrn-1"))
    desk.puts(patient("mrn-1", gender="other"))
    before = desk.counts()
    with pytest.raises(Conflict):
        commit(desk.vault, late, os.urandom)
    assert desk.counts() == before
    assert desk.reads("Patient/mrn-1")["gender"] == "other"


def test_an_answer_that_was_given_meanwhile_is_a_conflict_and_nothing_is_stored(desk: Desk):
    first, second = prepared(desk, patient("mrn-1")), prepared(desk, patient("mrn-2"))
    commit(desk.vault, first, os.urandom)
    before = desk.counts()
    with pytest.raises(Conflict):
        commit(desk.vault, second, os.urandom)
    assert desk.counts() == before


def test_a_job_is_due_at_once_and_says_why(desk: Desk):
    commit(desk.vault, prepared(desk, patient("mrn-1")), os.urandom)
    (made,) = desk.rows(job)
    assert (made.kind, made.reason, made.not_before, made.created) == ("plan", "new data", NOW, NOW)
    assert (made.tenant, made.patient) == (ST_ANNA, desk.id_of("Patient/mrn-1"))


def test_what_changes_nothing_writes_its_trace_alone(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    before = desk.counts("audit_event", "audit_head")
    batch = prepared(desk, patient("mrn-1"))
    monkeypatch.setattr(committing.jobs, "enqueue", None)
    with desk.leaves() as events:
        commit(desk.vault, Batch(ST_ANNA, [], batch.events, None, NOW), os.urandom)
    assert len(events) == 1
    assert desk.counts("audit_event", "audit_head") == before
