"""Whatever is wrong gets one clear error, nothing is stored by halves, and nothing is lost."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.acceptance.careloom import Careloom, until
from tests.acceptance.clients import Client
from tests.acceptance.conftest import House

FHIR_JSON = {"Content-Type": "application/fhir+json"}
PATIENT = {"resourceType": "Patient", "id": "p-1", "gender": "female"}
OBSERVATION = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"text": "weight"},
    "subject": {"reference": "urn:uuid:00000000-0000-4000-8000-00000000dead"},
}


def transaction(*resources: dict[str, Any]) -> dict[str, Any]:
    entries = [
        {
            "fullUrl": f"urn:uuid:00000000-0000-4000-8000-{number:012d}",
            "resource": resource,
            "request": {"method": "POST", "url": resource["resourceType"]},
        }
        for number, resource in enumerate(resources)
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def outcome(answer: requests.Response, *status: int) -> dict[str, Any]:
    """One OperationOutcome that says something."""
    assert answer.status_code in status, answer.text
    assert answer.headers["Content-Type"].startswith("application/fhir+json")
    body = answer.json()
    assert body["resourceType"] == "OperationOutcome"
    assert body["issue"]
    assert all(issue.get("diagnostics") or issue.get("details") for issue in body["issue"])
    return body


@pytest.fixture(scope="module")
def hospital(house: House) -> Client:
    return Client(house.careloom, "ehr", "st-fritz")


@pytest.fixture
def nothing_stored(hospital: Client) -> Iterator[None]:
    """Around a refusal: as many resources after it as before."""
    before = {type_: len(hospital.searches(type_)) for type_ in ("Patient", "Observation")}
    yield
    assert {type_: len(hospital.searches(type_)) for type_ in before} == before


# --- over HTTP ---------------------------------------------------------------------------------------------


def test_no_token(house: House):
    outcome(requests.get(f"{house.careloom.fhir}/Patient/p-1", timeout=30), 401)


def test_a_wrong_token(house: House):
    headers = {"Authorization": "Bearer not-a-token"}
    answer = requests.get(f"{house.careloom.fhir}/Patient/p-1", headers=headers, timeout=30)
    outcome(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_an_assertion_that_has_run_out(hospital: Client):
    answer = hospital.token_answer(exp=1)
    assert (answer.status_code, answer.json()["error"]) in ((400, "invalid_client"), (401, "invalid_client"))


def test_an_assertion_that_is_used_twice(hospital: Client):
    assert hospital.token_answer(jti="once").status_code == 200
    assert hospital.token_answer(jti="once").status_code in (400, 401)


def test_a_revoked_client(house: House):
    client = Client(house.careloom, "ehr", "st-gone")
    assert client.request("GET", "Patient").status_code == 200
    assert house.careloom.run("client", "revoke", client.client_id).returncode == 0
    outcome(client.request("GET", "Patient"), 401)
    assert client.token_answer().status_code in (400, 401)


def test_a_wrong_scope(house: House):
    client = Client(house.careloom, "ehr", "st-fritz", scope="system/Observation.rs")
    outcome(client.puts(PATIENT), 403)
    outcome(client.request("GET", "Patient"), 403)


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"resourceType": "Patient", "resourceType": "Patient"}', b"[" * 5000, b"\xff\xfe", b"null"],
    ids=["empty", "cut", "twice", "deep", "not-utf-8", "null"],
)
def test_broken_json(hospital: Client, body: bytes):
    outcome(hospital.request("POST", "Patient", data=body, headers=FHIR_JSON), 400, 413, 422)


def test_xml(hospital: Client):
    headers = {"Content-Type": "application/fhir+xml"}
    outcome(hospital.request("POST", "Patient", data=b"<Patient/>", headers=headers), 415)
    outcome(hospital.request("GET", "Patient/p-1", headers={"Accept": "application/fhir+xml"}), 406)


def test_an_unknown_type(hospital: Client):
    outcome(hospital.request("GET", "Spaceship/1"), 404)
    outcome(hospital.puts({"resourceType": "Spaceship", "id": "1"}), 400, 404, 422)


@pytest.mark.usefixtures("nothing_stored")
def test_an_invalid_resource_is_told_where(hospital: Client):
    wrong = {"resourceType": "Observation", "status": "perhaps", "valueString": 7}
    body = outcome(hospital.submits(transaction(PATIENT | {"gender": "unkown"}, wrong)), 400, 422)
    places = {place for issue in body["issue"] for place in issue["expression"]}
    assert "Bundle.entry[0].resource.gender" in places
    assert "Bundle.entry[1].resource.status" in places
    assert any("Bundle.entry[1].resource.code" in place or "code" in str(body) for place in places)


@pytest.mark.usefixtures("nothing_stored")
def test_an_unresolved_urn(hospital: Client):
    body = outcome(hospital.submits(transaction(PATIENT, OBSERVATION)), 400, 422)
    assert "Bundle.entry[1]" in json.dumps(body)


@pytest.mark.usefixtures("nothing_stored")
def test_an_unresolved_conditional_reference(hospital: Client):
    reference = {"reference": "Patient?identifier=urn:mrn|nobody"}
    bundle = transaction(PATIENT, {**OBSERVATION, "subject": reference})
    body = outcome(hospital.submits(bundle), 400, 404, 412, 422)
    assert "nobody" not in json.dumps(body)


@pytest.mark.usefixtures("nothing_stored")
def test_a_plan_identifier_is_not_the_hospitals_to_give(hospital: Client):
    plan = {
        "resourceType": "CarePlan",
        "id": "mine",
        "status": "draft",
        "intent": "plan",
        "subject": {"reference": "Patient/p-1"},
        "identifier": [{"system": "urn:careloom:plan", "value": "another"}],
    }
    outcome(hospital.puts(plan), 400, 422)


def test_what_is_not_there(hospital: Client):
    outcome(hospital.request("GET", "Patient/never-was"), 404)


def test_a_search_that_is_not_understood(hospital: Client):
    outcome(hospital.request("GET", "Patient", params={"shoe-size": "42"}), 400)


# --- on the command line -----------------------------------------------------------------------------------


def one_line(ran: Any) -> str:
    """A refusal by a command: not 0, one line that a person can act on, no traceback."""
    assert ran.returncode not in (0, -9), ran.stdout
    lines = [line for line in ran.stderr.strip().splitlines() if line]
    assert len(lines) == 1, ran.stderr
    assert "Traceback" not in lines[0]
    return lines[0]


@pytest.fixture
def fresh(tmp_path: Path) -> Careloom:
    """A data directory in which a patient lies."""
    careloom = Careloom(tmp_path / "data", {}).start()
    assert Client(careloom, "ehr", "st-fritz").puts(PATIENT).status_code == 201
    careloom.stop()
    return careloom


@pytest.fixture
def unstarted(tmp_path: Path) -> Careloom:
    return Careloom(tmp_path / "data", {})


def test_a_port_in_use(unstarted: Careloom):
    with socket.create_server(("127.0.0.1", unstarted.port)):
        assert str(unstarted.port) in one_line(unstarted.run("up", "--port", str(unstarted.port)))


def test_a_setting_that_does_not_exist(unstarted: Careloom):
    assert "CARELOOM_DATABASE_URL" in one_line(unstarted.run("up", CARELOOM_DATBASE_URL="sqlite:///x"))


def test_a_database_that_does_not_answer(unstarted: Careloom):
    url = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"
    line = one_line(unstarted.run("up", "--port", str(unstarted.port), CARELOOM_DATABASE_URL=url))
    assert "database" in line.lower()


def test_a_broker_that_does_not_answer_delays_work_and_refuses_nothing(tmp_path: Path):
    careloom = Careloom(tmp_path / "data", {"CARELOOM_BROKER_URL": "redis://127.0.0.1:1/0"}).start()
    try:
        assert Client(careloom, "ehr", "st-fritz").puts(PATIENT).status_code == 201
        assert len(careloom.open_jobs()) == 1
        until(lambda: "Cannot connect" in careloom.log.read_text("utf-8"), 10, "a word on the broker")
        assert "Traceback" not in careloom.log.read_text("utf-8")
    finally:
        assert careloom.stop() == 0


def test_a_data_directory_that_cannot_be_made(unstarted: Careloom, tmp_path: Path):
    (tmp_path / "file").write_text("not a folder")
    inside = str(tmp_path / "file" / "data")
    one_line(unstarted.run("up", "--port", str(unstarted.port), CARELOOM_DATA_DIR=inside))


def test_commands_on_a_folder_where_nothing_is(unstarted: Careloom):
    assert str(unstarted.folder) in one_line(unstarted.run("audit", "verify"))
    assert not (unstarted.folder / "careloom.db").exists()


def test_wrong_directory_states(fresh: Careloom, subtests_of: Callable[[Careloom], Any]):
    for name, spoil, mend, word in subtests_of(fresh):
        spoil()
        try:
            ran = fresh.run("up", "--port", str(fresh.port), seconds=15)
            assert word in one_line(ran).lower(), (name, ran.stderr)
        finally:
            mend()
    fresh.start()
    assert fresh.json("audit", "verify", "--json")["ok"] is True
    assert fresh.stop() == 0, "nothing was lost"


@pytest.fixture
def subtests_of() -> Callable[[Careloom], Any]:
    """Ways in which a folder goes wrong, each undone again: starting one is what costs time."""

    def ways(careloom: Careloom) -> Iterator[tuple[str, Callable[[], Any], Callable[[], Any], str]]:
        folder = careloom.folder
        key, database = folder / "keys" / "identity.key", folder / "careloom.db"
        aside, text = folder / "aside", key.read_bytes()
        yield "world-readable key", lambda: key.chmod(0o644), lambda: key.chmod(0o600), "identity.key"
        yield "key is no key", lambda: key.write_bytes(b"x"), lambda: key.write_bytes(text), "identity.key"
        yield "key is gone", lambda: key.rename(aside), lambda: aside.rename(key), "identity.key"
        yield (
            "key store is gone",
            lambda: (folder / "keys.db").rename(aside),
            lambda: _back(aside, "keys.db"),
            "key",
        )
        yield (
            "database is no database",
            lambda: _spoil(database, aside),
            lambda: _back(aside, "careloom.db"),
            "data",
        )

    return ways


def _spoil(database: Path, aside: Path) -> None:
    database.rename(aside)
    database.write_bytes(b"this is not a database, whatever its name says" * 100)


def _back(aside: Path, name: str) -> None:
    os.replace(aside, aside.with_name(name))


def test_a_locked_database(fresh: Careloom):
    holder = sqlite3.connect(fresh.folder / "careloom.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        ran = fresh.run("client", "revoke", "some-client")
        assert "database" in one_line(ran).lower()
    finally:
        holder.execute("ROLLBACK")
        holder.close()


def test_a_key_file_that_may_not_be_read(fresh: Careloom):
    if os.geteuid() == 0:
        (fresh.folder / "keys" / "identity.key").rename(fresh.folder / "moved")
        (fresh.folder / "keys" / "identity.key").mkdir()
    else:
        (fresh.folder / "keys" / "identity.key").chmod(0)
    assert "identity.key" in one_line(fresh.run("up", "--port", str(fresh.port)))


def test_an_empty_scope(unstarted: Careloom, tmp_path: Path):
    (tmp_path / "jwks.json").write_text('{"keys": []}')
    who = ("--name", "n", "--role", "ehr", "--organization", "o", "--jwks", str(tmp_path / "jwks.json"))
    one_line(unstarted.run("client", "add", *who, "--scope", ""))


def test_an_unknown_client_cannot_be_revoked(fresh: Careloom):
    one_line(fresh.run("client", "revoke", "nobody"))
    one_line(fresh.run("grant", "add", "--client", "nobody", "--organization", "nowhere"))
