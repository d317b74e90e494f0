"""What operators ask, and how the gateway fails: clearly, without detail, and without storing halves."""

from __future__ import annotations

import json
import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

import pytest
import requests
import structlog

from gateway.custody.settings import Storage
from gateway.custody.tables import version
from gateway.settings import Settings
from tests.actors import Hospital, Town, town

ANNA = {"resourceType": "Patient", "id": "mrn-1", "name": [{"family": "Erikadottir"}], "gender": "female"}


def get(place: Town, path: str) -> requests.Response:
    return place.session().get(f"{place.base_url}{path}", timeout=5)


@pytest.fixture
def hospital(embedded: Town) -> Hospital:
    made = embedded.hospital()
    made.puts(ANNA)
    return made


def test_it_lives(embedded: Town):
    assert get(embedded, "/healthz").json() == {"status": "ok"}


def test_without_a_broker_it_is_ready_all_the_same_and_says_so(here: Town):
    answer = get(here, "/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "degraded", "database": "ok", "keys": "ok", "broker": "down"}


def test_with_everything_there_it_is_ready(sqlite_storage: Storage, broker_url: str):
    answer = get(town(Settings(replace(sqlite_storage, broker_url=broker_url))), "/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")


def test_law_5_with_the_broker_down_bundles_are_accepted(sqlite_storage: Storage):
    place = town(Settings(replace(sqlite_storage, broker_url="redis://127.0.0.1:1/0")))
    assert get(place, "/readyz").json()["broker"] == "down"
    assert place.hospital().puts(ANNA).status_code == 201


def test_without_its_tables_it_is_not_ready(embedded: Town, sqlite_storage: Storage):
    with sqlite3.connect(sqlite_storage.data_dir / "careloom.db") as conn:
        conn.execute("DROP TABLE client")
    answer = get(embedded, "/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, "down")


def test_with_a_full_disk_it_is_not_ready_and_says_why(embedded: Town, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1))
    answer = get(embedded, "/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, "full")


def test_a_full_disk_is_named_in_the_log(embedded: Town, hospital: Hospital, logged: list[dict]):
    assert embedded.app is not None
    with embedded.app.extensions["careloom_vault"].database.write() as conn:
        conn.exec_driver_sql("PRAGMA max_page_count = 1").close()
    large = {**ANNA, "name": [{"family": secrets.token_hex(60_000)}]}
    answers = [hospital.puts({**large, "id": f"mrn-{n}"}) for n in range(3)]
    assert 503 in {answer.status_code for answer in answers}
    assert "DiskFull" in {line.get("error") for line in logged}


def test_the_front_page_leads_somewhere(embedded: Town):
    text = get(embedded, "/").text
    assert "/fhir/metadata" in text
    assert "/fhir/.well-known/smart-configuration" in text


def test_discovery_needs_no_token(embedded: Town):
    for path in ("/fhir/metadata", "/fhir/.well-known/smart-configuration"):
        assert get(embedded, path).status_code == 200
    assert (
        get(embedded, "/fhir/.well-known/smart-configuration").headers["Content-Type"] == "application/json"
    )


def test_law_2_metrics_count_and_name_nobody(embedded: Town, hospital: Hospital):
    hospital.reads("Patient/mrn-1")
    hospital.asks("GET", "Patient/erikadottir")
    text = get(embedded, "/metrics").text
    assert 'careloom_requests_total{interaction="read",status="200"} 1' in text
    assert 'careloom_requests_total{interaction="read",status="404"} 1' in text
    assert 'careloom_requests_total{interaction="update",status="201"} 1' in text
    assert "mrn" not in text
    assert hospital.client_id not in text


@pytest.mark.parametrize("path", ["/nowhere", "/fhirx", "/auth", "/fhir/Patient/1/2/3"])
def test_an_address_where_nothing_is_is_404(embedded: Town, path: str):
    answer = get(embedded, path)
    assert answer.status_code == 404
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_a_token_endpoint_takes_posts_only(embedded: Town):
    assert get(embedded, "/auth/token").status_code == 405


# --- when something below breaks ----------------------------------------------------------------------------


@pytest.fixture
def logged() -> Iterator[list[dict]]:
    with structlog.testing.capture_logs() as lines:
        yield lines


def test_law_2_a_cell_that_was_changed_is_a_500_that_says_nothing(
    embedded: Town, hospital: Hospital, logged: list[dict]
):
    assert embedded.app is not None
    with embedded.app.extensions["careloom_vault"].database.write() as conn:
        conn.execute(version.update().values(clinical=b"\x01" * 80))
    answer = hospital.asks("GET", "Patient/mrn-1", X_Request_Id="req-9")
    assert answer.status_code == 500
    assert answer.json()["issue"][0]["code"] == "exception"
    (line,) = logged
    assert (line["request_id"], line["error"]) == ("req-9", "Tampered")
    assert "mrn-1" not in json.dumps(logged)
    assert "Erikadottir" not in json.dumps(logged)


def test_a_database_that_is_locked_is_503_with_a_time_to_wait(
    embedded: Town, hospital: Hospital, sqlite_storage: Storage
):
    assert embedded.app is not None
    with embedded.app.extensions["careloom_vault"].database.write() as conn:
        conn.exec_driver_sql("PRAGMA busy_timeout = 100")
    holder = sqlite3.connect(sqlite_storage.data_dir / "careloom.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        answer = hospital.puts({**ANNA, "active": True})
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["issue"][0]["code"] == "transient"
    assert "active" not in hospital.reads("Patient/mrn-1")


def test_a_patient_whose_key_was_destroyed_is_gone(embedded: Town, hospital: Hospital):
    assert embedded.app is not None
    vault = embedded.app.extensions["careloom_vault"]
    with vault.database.read() as conn:
        row = conn.execute(version.select()).one()
    for ring in (vault.clinical, vault.identity):
        ring.destroy(row.tenant, row.compartment)
    answer = hospital.asks("GET", "Patient/mrn-1")
    assert answer.status_code == 410
    assert "Erikadottir" not in answer.text


def test_law_2_no_log_line_of_a_working_day_names_anybody(hospital: Hospital, logged: list[dict]):
    hospital.reads("Patient/mrn-1")
    hospital.asks("GET", "Patient?family=Erikadottir")
    hospital.puts({**ANNA, "gender": "Erikadottir"})
    assert "Erikadottir" not in json.dumps(logged, default=str)


def test_with_a_key_file_that_is_open_to_others_it_is_not_ready(embedded: Town, sqlite_storage: Storage):
    file = sqlite_storage.key_paths.identity
    file.chmod(0o644)
    answer = get(embedded, "/readyz")
    assert (answer.status_code, answer.json()["keys"]) == (503, "down")
    file.chmod(0o600)
    assert get(embedded, "/readyz").json()["keys"] == "ok"
