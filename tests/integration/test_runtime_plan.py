"""One job, start to end, on both databases: what is written, when, and what happens when others write too."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from sqlalchemy import insert, select

from gateway.custody import audit, backlog, jobs, logs, records, verify
from gateway.custody.errors import Conflict
from gateway.custody.ids import StoredId, parse_pseudonym, pseudonym
from gateway.custody.jobs import SECOND, State
from gateway.custody.opening import open_clinic
from gateway.custody.settings import Storage
from gateway.custody.tables import audit_event, tombstone
from gateway.privacy.policy import load
from gateway.privacy.split import split
from mappers import lossless
from mappers.plan_identity import bears_plan
from mappers.recommendations_to_careplan import act_of
from tests.integration.hospital import CREATININE, HOSPITAL, NOW, Hospital
from workers import plan, reading, station, writing
from workers.station import Station

DAY = 86_400 * SECOND


class Ward:
    """A hospital, one worker, and a clock that both read."""

    def __init__(self, storage: Storage) -> None:
        self.hospital = Hospital(storage)
        self.now = NOW
        clinic, known = open_clinic(storage), station.load_knowledge()
        self.station = Station(clinic, known, lambda: self.now, os.urandom)

    def sends(self, patient: str, *resources: dict[str, Any]) -> StoredId:
        return self.hospital.sends(patient, *resources, now=self.now)

    def decides(self, home: StoredId, plan: dict[str, Any]) -> None:
        """A clinician's version of our plan, as the gateway leaves it: split, and with its job."""
        found = split(lossless.loads(lossless.dumps(plan)), load("clinical"), lambda _, text: text).clinical
        ref = "CarePlan", parse_pseudonym(plan["id"])
        vault = self.hospital.vault
        with vault.database.read() as conn:
            version = records.heads(conn, HOSPITAL, [ref])[ref].version + 1
        change = writing.Change(*ref, version, found)
        claim = jobs.Claim(b"", HOSPITAL, "plan", home, "", 1, 1)
        write = writing.sealed(self.station, claim, vault.clinical.fetch_one(HOSPITAL, home), change)
        theirs = records.Write(*ref, version, home, "ehr", False, write.clinical, write.digest)
        with vault.database.write() as conn:
            records.record_writes(conn, HOSPITAL, [theirs], self.now)
            jobs.enqueue(conn, jobs.Order(HOSPITAL, "plan", "new data", self.now, self.now), [home])

    def head(self, plan: dict[str, Any]) -> tuple[int, str]:
        with self.hospital.vault.database.read() as conn:
            found = records.load(conn, HOSPITAL, "CarePlan", parse_pseudonym(plan["id"]))
        return found.version, found.origin

    def works(self) -> int:
        """Do all plans that are due; how many jobs there were."""
        done = 0
        while found := self.due():
            for job_id in found:
                plan.do(self.station, job_id)
                done += 1
        return done

    def due(self) -> list[bytes]:
        with self.station.clinic.database.read() as conn:
            return [job.id for job in jobs.due(conn, self.now, 100) if job.kind == "plan"]

    def careplan(self, home: StoredId) -> tuple[records.StoredVersion, Any]:
        (found,) = self.hospital.derived(home, "CarePlan")
        return found

    def events(self, kind: str) -> list[Any]:
        with self.station.clinic.database.read() as conn:
            return list(conn.execute(select(audit_event).where(audit_event.c.kind == kind)))

    def states(self, kind: str = "plan") -> list[str]:
        with self.station.clinic.database.read() as conn:
            return sorted(job.state.value for job in backlog.listing(conn) if job.kind == kind)


@pytest.fixture
def ward(storage: Storage) -> Iterator[Ward]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    logs.configure("worker")
    ward = Ward(storage)
    yield ward
    ward.station.clinic.close()
    ward.hospital.close()
    structlog.reset_defaults()
    root.handlers[:], root.level = before[0], before[1]


def test_law_6_a_patient_gets_one_plan_with_its_provenance_and_its_trace(ward: Ward) -> None:
    home = ward.sends("ann", *ward.hospital.diabetic("ann"))
    assert ward.works() == 1
    stored, body = ward.careplan(home)
    assert (stored.version, body["status"], body["intent"]) == (1, "draft", "plan")
    assert body["subject"]["reference"] == f"Patient/{pseudonym(home)}"
    assert body["activity"]
    derived = ward.hospital.derived(home)
    (provenance,) = (b for s, b in derived if s.type == "Provenance")
    targets = {target["reference"] for target in provenance["target"]}
    assert targets == {reading.reference(s) for s, _ in derived if s.type != "Provenance"}
    assert any(e["what"]["reference"].startswith("Patient/") for e in provenance["entity"])
    assert len(ward.events("worker:create")) == len(derived)
    (read,) = ward.events("worker:read")
    assert (read.patient, read.detail) == (home, "versions=4")
    with ward.station.clinic.database.read() as conn:
        assert verify.verify(conn, {}).ok


def test_law_4_each_write_event_carries_the_digest_of_what_was_sealed(ward: Ward) -> None:
    home = ward.sends("ann", *ward.hospital.diabetic("ann"))
    ward.works()
    told = {(e.type, e.id, e.version): e.digest for e in ward.events("worker:create")}
    assert told == {(s.type, s.id, s.version): s.digest for s, _ in ward.hospital.derived(home)}


def test_law_7_the_same_evidence_writes_nothing_but_the_trace_of_reading(ward: Ward) -> None:
    home = ward.sends("ann", *ward.hospital.diabetic("ann"))
    ward.works()
    before = [s for s, _ in ward.hospital.derived(home)]
    ward.now += SECOND
    with ward.station.clinic.database.write() as conn:
        jobs.enqueue(conn, jobs.Order(HOSPITAL, "plan", "again", ward.now, ward.now), [home])
    assert ward.works() == 1
    assert [s for s, _ in ward.hospital.derived(home)] == before
    assert len(ward.events("worker:read")) == 2


def test_law_7_new_evidence_makes_the_next_version(ward: Ward) -> None:
    home = ward.sends("ann", *ward.hospital.diabetic("ann"))
    ward.works()
    ward.now += DAY
    a1c = ward.hospital.diabetic("ann")[2]
    a1c |= {"id": "ann-new", "effectiveDateTime": "2026-03-03", "valueQuantity": {**a1c["valueQuantity"]}}
    ward.sends("ann", {**a1c, "valueQuantity": {**a1c["valueQuantity"], "value": 6}})
    ward.works()
    stored, body = ward.careplan(home)
    assert stored.version == 2
    assert body["created"].startswith("2026-03-02")


def test_law_7_a_job_waits_for_the_day_on_which_time_alone_would_change_the_answer(ward: Ward) -> None:
    ward.sends("ann", *ward.hospital.diabetic("ann"))
    ward.works()
    with ward.station.clinic.database.read() as conn:
        (waiting,) = [j for j in backlog.listing(conn, State.QUEUED) if j.kind == "plan"]
    assert waiting.reason == "time"
    assert waiting.not_before > ward.now
    assert waiting.not_before % DAY == 0
    ward.now = waiting.not_before
    assert ward.works() == 1


def test_a_new_plan_makes_one_job_for_the_courier(ward: Ward) -> None:
    ward.sends("ann", *ward.hospital.diabetic("ann"))
    ward.works()
    assert ward.states("push") == ["queued"]


def test_data_without_a_patient_yet_make_no_plan_and_no_noise(ward: Ward) -> None:
    home = ward.sends("ann", *ward.hospital.diabetic("ann")[1:])
    assert ward.works() == 1
    assert ward.hospital.derived(home) == []
    ward.sends("ann", ward.hospital.patient("ann"))
    ward.works()
    assert ward.careplan(home)[0].version == 1


def test_the_dead_have_no_plan_and_one_that_they_had_is_completed(ward: Ward) -> None:
    late = ward.sends("bob", ward.hospital.patient("bob", deceasedBoolean=True))
    home = ward.sends("ann", *ward.hospital.diabetic("ann"))
    ward.works()
    assert ward.hospital.derived(late) == []
    ward.sends("ann", ward.hospital.patient("ann", deceasedBoolean=True))
    ward.works()
    stored, body = ward.careplan(home)
    assert (stored.version, body["status"]) == (2, "completed")
    ward.sends("ann", ward.hospital.patient("ann", deceasedBoolean=True, gender="other"))
    ward.works()
    assert ward.careplan(home)[0].version == 2
    goals = [body["lifecycleStatus"] for _, body in ward.hospital.derived(home, "Goal")]
    assert set(goals) <= {"cancelled"}


def test_a_plan_that_the_ehr_deleted_does_not_come_back_without_cause(ward: Ward) -> None:
    home = ward.sends("ann", *ward.hospital.diabetic("ann"))
    ward.works()
    stored, _ = ward.careplan(home)
    gone = records.Write("CarePlan", stored.id, 2, home, "ehr", True, None, bytes(32))
    with ward.hospital.vault.database.write() as conn:
        records.record_writes(conn, HOSPITAL, [gone], ward.now)
        jobs.enqueue(conn, jobs.Order(HOSPITAL, "plan", "new data", ward.now, ward.now), [home])
    ward.works()
    assert ward.hospital.derived(home, "CarePlan") == []
    assert "dead" not in ward.states()


def test_law_10_a_plan_that_a_clinician_changed_stays_so(ward: Ward) -> None:
    home = ward.sends("ann", *ward.hospital.diabetic("ann"))
    ward.works()
    stored, _ = ward.careplan(home)
    key = ward.hospital.vault.clinical.fetch_one(HOSPITAL, home)
    change = writing.Change("CarePlan", stored.id, 2, {"resourceType": "CarePlan", "status": "active"})
    claim = jobs.Claim(b"", HOSPITAL, "plan", home, "", 1, 1)
    write = writing.sealed(ward.station, claim, key, change)
    theirs = records.Write("CarePlan", stored.id, 2, home, "ehr", False, write.clinical, write.digest)
    with ward.hospital.vault.database.write() as conn:
        records.record_writes(conn, HOSPITAL, [theirs], ward.now)
        jobs.enqueue(conn, jobs.Order(HOSPITAL, "plan", "new data", ward.now, ward.now), [home])
    ward.works()
    with ward.hospital.vault.database.read() as conn:
        head = records.load(conn, HOSPITAL, "CarePlan", stored.id)
    assert head is not None
    assert (head.version, head.origin) == (2, "ehr")


def lines(plan: dict[str, Any]) -> dict[str | None, str]:
    return {act_of(line): line["detail"]["status"] for line in plan["activity"]}


def test_law_10_what_was_declined_and_accepted_outlasts_evidence_that_does_not_concern_it(ward: Ward) -> None:
    home = ward.sends("ann", *ward.hospital.diabetic("ann"))
    ward.works()
    _, plan = ward.careplan(home)
    statin = next(act for act in lines(plan) if act and "statin" in act)
    under_way = next(act for act in lines(plan) if act != statin)
    for line in plan["activity"]:
        if act_of(line) == statin:
            reason = {"coding": [{"system": "http://snomed.info/sct", "code": "105480006"}]}
            line["detail"] |= {"status": "cancelled", "statusReason": reason}
        elif act_of(line) == under_way:
            line["detail"]["status"] = "in-progress"
    ward.decides(home, {**plan, "status": "active"})
    ward.works()
    assert ward.head(plan) == (2, "ehr")
    ward.now += DAY
    acr = {"coding": [{"system": "http://loinc.org", "code": "9318-7"}]}
    ward.sends("ann", ward.hospital.observation("ann-acr", "ann", acr, ("12", "mg/g"), "2026-03-02"))
    ward.sends(
        "ann", ward.hospital.observation("ann-crea2", "ann", CREATININE, ("0.9", "mg/dL"), "2026-03-02")
    )
    ward.works()
    stored, now = ward.careplan(home)
    assert (stored.version, now["status"], now["intent"]) == (3, "active", "plan")
    assert lines(now)[statin] == "cancelled"
    assert lines(now)[under_way] == "in-progress"
    (declined,) = (one["detail"] for one in now["activity"] if act_of(one) == statin)
    assert declined["statusReason"]["coding"][0]["code"] == "105480006"
    assert bears_plan(now)
    with ward.station.clinic.database.write() as conn:
        jobs.enqueue(conn, jobs.Order(HOSPITAL, "plan", "again", ward.now, ward.now), [home])
    ward.works()
    assert ward.head(plan) == (3, "derived")
    diabetes = ward.hospital.diabetic("ann")[1]
    ward.sends("ann", {**diabetes, "onsetDateTime": "2018-05-01"})
    ward.works()
    again = lines(ward.careplan(home)[1])
    assert (again[statin], again[under_way]) == ("not-started", "in-progress")


def test_a_patient_who_was_erased_ends_the_job_with_nothing(ward: Ward) -> None:
    home = ward.sends("ann", *ward.hospital.diabetic("ann"))
    ward.hospital.vault.clinical.destroy(HOSPITAL, home)
    ward.works()
    assert ward.states() == ["done"]
    bob = ward.sends("bob", *ward.hospital.diabetic("bob"))
    with ward.hospital.vault.database.write() as conn:
        conn.execute(insert(tombstone).values(tenant=HOSPITAL, type="Patient", id=bob, erased=ward.now))
    ward.works()
    assert ward.hospital.derived(bob) == []
    assert ward.states() == ["done", "done"]


def test_a_writer_that_was_faster_makes_the_job_start_again_from_what_stands(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = ward.sends("ann", *ward.hospital.diabetic("ann"))
    real, conflicts = writing.commit, [Conflict(), Conflict()]

    def commit(*arguments: Any) -> None:
        if conflicts:
            raise conflicts.pop()
        real(*arguments)

    monkeypatch.setattr(writing, "commit", commit)
    ward.works()
    assert ward.careplan(home)[0].version == 1


def test_law_8_an_error_is_an_error_that_someone_sees(
    ward: Ward, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = ward.sends("ann", *ward.hospital.diabetic("ann"))

    def broken(*_: object) -> None:
        raise ZeroDivisionError("Ann Example")

    monkeypatch.setattr(plan.apply, "plan", broken)
    for wait in (0, 1, 4, 16, 64):
        ward.now += wait * SECOND
        assert len(ward.due()) == 1
        plan.do(ward.station, ward.due()[0])
    with ward.station.clinic.database.read() as conn:
        (dead,) = backlog.listing(conn, State.DEAD)
    assert dead.error == "ZeroDivisionError"
    assert ward.hospital.derived(home) == []
    assert "Ann Example" not in capsys.readouterr().err
    monkeypatch.undo()
    with ward.station.clinic.database.write() as conn:
        assert backlog.retry(conn, ward.now) == 1
    ward.works()
    assert ward.careplan(home)[0].version == 1


def test_law_6_a_worker_that_lost_its_lease_writes_nothing(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = ward.sends("ann", *ward.hospital.diabetic("ann"))
    real = plan.apply.plan

    def slow(*arguments: Any) -> Any:
        monkeypatch.setattr(plan.apply, "plan", real)
        ward.now += 6 * SECOND
        with ward.station.clinic.database.write() as conn:
            (due,) = jobs.due(conn, ward.now, 5)
            heir = jobs.claim(conn, due.id, ward.now, 5 * SECOND)
        assert heir is not None
        return real(*arguments)

    monkeypatch.setattr(plan.apply, "plan", slow)
    plan.do(ward.station, ward.due()[0])
    assert ward.hospital.derived(home) == []
    assert ward.states() == ["running"]
    ward.now += 6 * SECOND
    ward.works()
    assert ward.careplan(home)[0].version == 1


def test_law_4_a_plan_whose_trace_cannot_be_written_is_not_written(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = ward.sends("ann", *ward.hospital.diabetic("ann"))

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(audit, "append", broken)
    plan.do(ward.station, ward.due()[0])
    assert ward.hospital.derived(home) == []
    assert ward.states() == ["queued"]


def test_a_drug_that_is_kept_outside_the_compartment_is_read_too(ward: Ward) -> None:
    drug = {
        "resourceType": "Medication",
        "id": "m1",
        "code": {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "860975"}]},
    }
    statement = {
        "resourceType": "MedicationRequest",
        "id": "r1",
        "status": "active",
        "intent": "order",
        "subject": ward.hospital.reference("Patient", "ann"),
        "medicationReference": ward.hospital.reference("Medication", "m1"),
        "authoredOn": "2026-01-01",
    }
    ward.sends("ann", *ward.hospital.diabetic("ann"), drug, statement)
    ward.works()
    (read,) = ward.events("worker:read")
    assert read.detail == "versions=6"
