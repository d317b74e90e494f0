"""Bringing plans to EHRs: to whom, how often, in whose name, and how a job ends that never succeeds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from sqlalchemy import insert, update

from gateway import delivery
from gateway.auth.actor import Role
from gateway.custody import backlog, jobs, logs
from gateway.custody.ids import Tenant
from gateway.custody.jobs import SECOND, State
from gateway.custody.tables import client, data
from gateway.delivery import NotTaken, Office
from mappers import lossless
from tests.desk import ST_ANNA, ST_BERTA, Desk, diabetic, ehr, patient

URL = "https://ehr.test/fhir"


class Courier:
    """The courier of a desk, and the servers that it meets."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.office = Office(desk.storage, desk.vault, desk.release, desk.clock, os.urandom, desk.erasure)
        self.taken: list[tuple[str, Any]] = []
        self.failure: Exception | None = None

    def put(self, url: str, body: bytes) -> None:
        if self.failure is not None:
            raise self.failure
        self.taken.append((url, lossless.loads(body)))

    def registers(self, client_id: str, url: str | None, tenant: Tenant = ST_ANNA, **more: Any) -> None:
        row = {
            "client_id": client_id,
            "name": client_id,
            "role": Role.EHR.value,
            "organization": tenant,
            "scope": "system/*.cruds",
            "jwks": "{}",
            "fhir_endpoint": url,
            "created": 1,
            **more,
        }
        with self.desk.vault.database.write() as conn:
            conn.execute(insert(client).values(row))

    def due(self) -> list[bytes]:
        with self.desk.vault.database.read() as conn:
            return [job.id for job in jobs.due(conn, self.desk.now, 50) if job.kind == "push"]

    def delivers(self) -> int:
        due = self.due()
        for job_id in due:
            delivery.do(self.office, job_id, self.put)
        return len(due)

    def states(self) -> list[tuple[str, str | None]]:
        with self.desk.vault.database.read() as conn:
            return [(job.state.value, job.error) for job in backlog.listing(conn) if job.kind == "push"]


@pytest.fixture
def courier(small_desk: Desk) -> Iterator[Courier]:
    logs.configure("courier")
    yield Courier(small_desk)
    structlog.reset_defaults()


@pytest.fixture
def planned(courier: Courier) -> Courier:
    """One patient with a plan that waits to be brought."""
    courier.desk.puts(*diabetic("ann"))
    courier.desk.works()
    return courier


def test_two_clients_of_one_hospital_with_one_server_get_it_once(planned: Courier) -> None:
    planned.registers("first", URL)
    planned.registers("second", URL)
    planned.delivers()
    assert len(planned.taken) == 1


def test_each_server_of_a_hospital_gets_it(planned: Courier) -> None:
    planned.registers("first", URL)
    planned.registers("second", "https://other.test/fhir/")
    planned.delivers()
    assert sorted(url.partition("/CarePlan/")[0] for url, _ in planned.taken) == [
        URL,
        "https://other.test/fhir",
    ]
    assert len({url.rpartition("/")[2] for url, _ in planned.taken}) == 1


@pytest.mark.parametrize(
    "who",
    [
        {"tenant": ST_BERTA},
        {"revoked": 5},
        {"role": Role.PARTNER.value},
        {"role": Role.OFFICER.value},
    ],
    ids=["another hospital", "a revoked client", "a partner", "an officer"],
)
def test_law_12_nobody_else_gets_it(planned: Courier, who: dict[str, Any]) -> None:
    planned.registers("somebody", URL, **who)
    assert planned.delivers() == 1
    assert planned.taken == []
    assert planned.states() == [("done", None)]


def test_what_is_brought_is_what_the_ehr_would_read(planned: Courier) -> None:
    planned.registers("ehr", URL)
    planned.delivers()
    ((_, sent),) = planned.taken
    assert sent["subject"] == {"reference": "Patient/ann"}
    read = planned.desk.reads(f"CarePlan/{sent['id']}", ehr())
    assert sent["activity"] == read["activity"]
    assert sent["meta"]["versionId"] == "1"


def test_law_4_each_delivery_is_an_event_in_the_name_of_the_client_it_goes_to(planned: Courier) -> None:
    planned.registers("first", URL)
    planned.registers("second", "https://other.test/fhir")
    with planned.desk.leaves() as left:
        planned.delivers()
    assert {(one.client_id, one.user, one.type, one.status) for one in left} == {
        (name, delivery.COURIER, "CarePlan", 200) for name in ("first", "second")
    }


def test_a_server_that_never_takes_it_ends_the_job_where_somebody_sees_it(planned: Courier) -> None:
    planned.registers("ehr", URL)
    planned.failure = NotTaken()
    tries = 0
    while planned.states() != [("dead", "NotTaken")]:
        tries += planned.delivers()
        planned.desk.now += 3600 * SECOND
        assert tries <= jobs.attempts_allowed("push")
    assert tries == jobs.attempts_allowed("push")
    assert planned.taken == []


def test_a_dead_delivery_that_is_retried_succeeds(planned: Courier) -> None:
    planned.registers("ehr", URL)
    with planned.desk.vault.database.write() as conn:
        (job_id,) = planned.due()
        jobs.close(conn, job_id, State.DEAD, planned.desk.now, "NotTaken")
        assert backlog.retry(conn, planned.desk.now) == 1
    planned.delivers()
    assert len(planned.taken) == 1
    assert planned.states() == [("done", None)]


def test_one_server_that_is_away_leaves_the_job_open_for_both(planned: Courier) -> None:
    """A PUT under its own id may be repeated: the other server takes it twice and has it once."""
    planned.registers("first", URL)
    planned.registers("second", "https://other.test/fhir")
    real = planned.put

    def put(url: str, body: bytes) -> None:
        if url.startswith(URL) and planned.desk.now < later:
            raise NotTaken
        real(url, body)

    later = planned.desk.now + SECOND
    planned.put = put  # type: ignore[method-assign]
    planned.delivers()
    assert planned.states() == [("queued", "NotTaken")]
    planned.desk.now += 60 * SECOND
    planned.delivers()
    assert {url for url, _ in planned.taken} == {
        f"{place}/CarePlan/{planned.taken[0][1]['id']}" for place in (URL, "https://other.test/fhir")
    }
    assert planned.states() == [("done", None)]


def test_a_patient_who_was_erased_meanwhile_ends_the_job_in_silence(planned: Courier) -> None:
    planned.registers("ehr", URL)
    planned.desk.erases(planned.desk.id_of("Patient/ann"))
    planned.delivers()
    assert planned.taken == []
    assert planned.states() == [("done", None)]


def test_a_plan_is_brought_again_when_it_changes_and_only_then(planned: Courier) -> None:
    planned.registers("ehr", URL)
    planned.delivers()
    planned.desk.now += SECOND
    planned.desk.puts(patient("ann"))
    planned.desk.works()
    assert planned.delivers() == 0
    planned.desk.puts(patient("ann", deceasedBoolean=True))
    planned.desk.works()
    assert planned.delivers() == 1
    assert [sent["status"] for _, sent in planned.taken] == ["draft", "completed"]


def test_a_claim_that_another_courier_holds_is_left_to_it(planned: Courier) -> None:
    planned.registers("ehr", URL)
    (job_id,) = planned.due()
    with planned.desk.vault.database.write() as conn:
        assert jobs.claim(conn, job_id, planned.desk.now, delivery.LEASE)
    delivery.do(planned.office, job_id, planned.put)
    assert planned.taken == []
    planned.desk.now += delivery.LEASE + 1
    delivery.do(planned.office, job_id, planned.put)
    assert len(planned.taken) == 1


def test_law_6_a_courier_that_lost_its_lease_finishes_nothing(planned: Courier) -> None:
    planned.registers("ehr", URL)
    (job_id,) = planned.due()

    def slow(url: str, body: bytes) -> None:
        planned.desk.now += delivery.LEASE + 1
        with planned.desk.vault.database.write() as conn:
            assert jobs.claim(conn, job_id, planned.desk.now, delivery.LEASE)

    delivery.do(planned.office, job_id, slow)
    assert planned.states() == [("running", None)]


def test_a_job_that_is_gone_is_nothing_to_do(courier: Courier) -> None:
    delivery.do(courier.office, b"\0" * 16, courier.put)
    assert courier.taken == []


def test_the_lease_is_longer_than_a_delivery_can_take() -> None:
    assert (delivery.CONNECT_SECONDS + delivery.ANSWER_SECONDS) * SECOND < delivery.LEASE


def test_law_2_what_is_kept_of_a_failure_is_its_kind(
    planned: Courier, capsys: pytest.CaptureFixture[str]
) -> None:
    planned.registers("ehr", URL)
    planned.failure = ValueError("Änne Hopkins, born 1961-04-17")
    planned.delivers()
    assert planned.states() == [("queued", "ValueError")]
    said = capsys.readouterr().err
    assert "not delivered" in said
    assert "Hopkins" not in said
    assert "ehr.test" not in said


def test_a_client_without_an_endpoint_is_passed_over(planned: Courier) -> None:
    planned.registers("quiet", None)
    planned.registers("ehr", URL)
    planned.delivers()
    assert len(planned.taken) == 1
    with planned.desk.vault.database.write() as conn:
        conn.execute(update(data.tables["client"]).values(fhir_endpoint=None))
    assert planned.states() == [("done", None)]
