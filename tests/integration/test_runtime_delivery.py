"""The courier: a plan reaches its EHR in the EHR's own ids, once, and is tried again when it does not."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import requests
import structlog
from sqlalchemy import insert, select, update

from gateway import delivery, housekeeping
from gateway.courier import Clock
from gateway.custody import backlog, checkpoint, jobs, logs
from gateway.custody.jobs import SECOND, State
from gateway.custody.opening import open_clinic
from gateway.custody.settings import Storage
from gateway.custody.tables import access_token, assertion_seen, audit_event, client
from gateway.delivery import NotTaken, Office
from gateway.housekeeping import CHORES
from gateway.privacy import policy
from gateway.release import Release
from gateway.settings import Settings
from mappers import lossless
from tests.actors import Town
from tests.desk import erasing
from tests.integration.hospital import DIABETES
from workers import plan, station
from workers.station import Station

ENDPOINT = "https://ehr.example/fhir"


@dataclass
class Post:
    """A courier, a worker, and the EHR's server."""

    town: Town
    office: Office
    worker: Station
    taken: list[tuple[str, bytes]] = field(default_factory=list)
    away: bool = False
    now: list[int] = field(default_factory=list)

    def put(self, url: str, body: bytes) -> None:
        if self.away:
            raise requests.ConnectionError("Ann Example")
        self.taken.append((url, body))

    def due(self, kind: str) -> list[bytes]:
        with self.office.vault.database.read() as conn:
            return [job.id for job in jobs.due(conn, self.now[0], 50) if job.kind == kind]

    def plans(self) -> None:
        for job_id in self.due("plan"):
            plan.do(self.worker, job_id)

    def delivers(self) -> None:
        for job_id in self.due("push"):
            delivery.do(self.office, job_id, self.put)

    def states(self) -> list[tuple[str, str | None]]:
        with self.office.vault.database.read() as conn:
            return [(job.state.value, job.error) for job in backlog.listing(conn) if job.kind == "push"]

    def endpoint(self, url: str | None) -> None:
        with self.office.vault.database.write() as conn:
            conn.execute(update(client).values(fhir_endpoint=url))


@pytest.fixture
def post(storage: Storage, here: Town) -> Iterator[Post]:
    logs.configure("courier")
    now = [station.microseconds()]
    assert here.app is not None
    vault = here.app.extensions["careloom_vault"]
    release = Release(vault, policy.load(Settings(storage).release_policy), lambda: now[0], os.urandom)
    clinic = open_clinic(storage)
    yield Post(
        here,
        Office(storage, vault, release, lambda: now[0], os.urandom, erasing(vault, release, lambda: now[0])),
        Station(clinic, station.load_knowledge(), lambda: now[0], os.urandom),
        now=now,
    )
    clinic.close()
    structlog.reset_defaults()


def admit(post: Post) -> Any:
    hospital = post.town.hospital()
    patient = {"resourceType": "Patient", "id": "mrn-1", "gender": "female", "birthDate": "1961-04-03"}
    clinical = "http://terminology.hl7.org/CodeSystem/condition-clinical"
    condition = {
        "resourceType": "Condition",
        "id": "c-1",
        "clinicalStatus": {"coding": [{"system": clinical, "code": "active"}]},
        "code": DIABETES,
        "subject": {"reference": "Patient/mrn-1"},
    }
    for resource in (patient, condition):
        answer = hospital.puts(resource)
        assert answer.status_code == 201, answer.text
    post.now[0] = station.microseconds()
    post.plans()
    return hospital


def test_a_plan_reaches_its_ehr_in_the_ehrs_own_ids(post: Post) -> None:
    hospital = admit(post)
    post.endpoint(ENDPOINT)
    post.delivers()
    ((url, body),) = post.taken
    sent = lossless.loads(body)
    assert url == f"{ENDPOINT}/CarePlan/{sent['id']}"
    assert sent["subject"]["reference"] == "Patient/mrn-1"
    assert lossless.same(sent, hospital.reads(f"CarePlan/{sent['id']}"))
    assert post.states() == [("done", None)]


def test_a_delivery_is_in_the_trail_as_what_it_is(post: Post) -> None:
    hospital = admit(post)
    post.endpoint(ENDPOINT)
    post.delivers()
    with post.office.vault.database.read() as conn:
        found = conn.execute(select(audit_event).where(audit_event.c.user == delivery.COURIER)).all()
    assert [(row.type, row.client_id, row.status) for row in found] == [("CarePlan", hospital.client_id, 200)]


def test_a_hospital_without_an_endpoint_is_left_in_peace(post: Post) -> None:
    admit(post)
    post.delivers()
    assert post.taken == []
    assert post.states() == [("done", None)]


def test_what_is_not_taken_is_tried_again_later(post: Post, capsys: pytest.CaptureFixture[str]) -> None:
    admit(post)
    post.endpoint(ENDPOINT)
    post.away = True
    post.delivers()
    assert post.states() == [("queued", "ConnectionError")]
    assert post.due("push") == []
    post.away = False
    post.now[0] += SECOND
    post.delivers()
    assert len(post.taken) == 1
    assert "Ann Example" not in capsys.readouterr().err


def test_the_same_job_twice_is_one_delivery(post: Post) -> None:
    admit(post)
    post.endpoint(ENDPOINT)
    (job_id,) = post.due("push")
    delivery.do(post.office, job_id, post.put)
    delivery.do(post.office, job_id, post.put)
    assert len(post.taken) == 1


class _Server(BaseHTTPRequestHandler):
    status = 200

    def do_PUT(self) -> None:
        self.send_response(type(self).status)
        self.send_header("Location", "http://elsewhere.example/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.mark.parametrize(
    ("status", "taken"), [(200, True), (201, True), (302, False), (400, False), (503, False)]
)
def test_only_success_is_success(status: int, taken: bool) -> None:
    _Server.status = status
    with HTTPServer(("127.0.0.1", 0), _Server) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/fhir/CarePlan/x"
        if taken:
            delivery.put_over_http(url, b"{}")
        else:
            with pytest.raises(NotTaken):
                delivery.put_over_http(url, b"{}")


def test_the_trail_is_signed_and_what_expired_is_forgotten(post: Post) -> None:
    admit(post)
    now = post.now[0]
    with post.office.vault.database.write() as conn:
        for table in (access_token, assertion_seen):
            more = {"client_id": "c", "scope": "s"} if table is access_token else {}
            conn.execute(insert(table).values(digest=b"old", expires=now - 1, **more))
            conn.execute(insert(table).values(digest=b"new", expires=now + 10**9, **more))
    clock = Clock(lambda: post.office, {})
    clock.tick(0.0)
    with post.office.vault.database.read() as conn:
        for table in (access_token, assertion_seen):
            digests = conn.scalars(select(table.c.digest)).all()
            assert b"old" not in digests
            assert b"new" in digests
    assert list((post.office.storage.data_dir / checkpoint.FOLDER).glob("*.log"))


def test_a_chore_that_fails_is_said_and_tried_again_when_its_time_comes(
    post: Post, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[str] = []

    def broken(_: Office) -> None:
        calls.append("broken")
        raise ZeroDivisionError

    chores = (
        housekeeping.Chore("break", 10.0, broken),
        housekeeping.Chore("go on", 5.0, lambda _: calls.append("on")),
    )
    monkeypatch.setattr("gateway.courier.CHORES", chores)
    clock = Clock(lambda: post.office, {})
    for now in (100.0, 104.0, 105.0, 110.0, 159.0, 160.0):
        clock.tick(now)
    # What failed is not said each few seconds.
    assert calls == ["broken", "on", "on", "on", "on", "broken"]
    assert capsys.readouterr().err.count("ZeroDivisionError") == 2


def test_the_chores_have_names_of_their_own() -> None:
    assert len({chore.name for chore in CHORES}) == len(CHORES)


def test_a_fault_of_the_store_leaves_the_job_to_be_claimed_again(post: Post) -> None:
    admit(post)
    (job_id,) = post.due("push")
    with post.office.vault.database.write() as conn:
        claim = jobs.claim(conn, job_id, post.now[0], delivery.LEASE)
    assert claim is not None
    delivery.do(post.office, job_id, post.put)
    with post.office.vault.database.read() as conn:
        assert backlog.counts(conn)[State.RUNNING] == 1
