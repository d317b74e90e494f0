"""Law 12 at the command line: whatever is empty stops the start, in one line that names it.

An empty list of rules, keys or rights that passed for "nothing is forbidden" would be the worst of faults:
everything would run. Each is tried by its name, and each beside its whole form, which starts.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.app import create_app
from gateway.cli.main import main
from gateway.custody import jobs
from gateway.custody.opening import open_clinic
from gateway.custody.settings import Storage
from gateway.privacy.policy import SHIPPED, PolicyRefused
from gateway.settings import Settings
from tests.actors import Town
from workers import plan, station
from workers.station import Station

EMPTY_POLICIES = {
    "no byte": "",
    "a name only": 'name = "mine"\nkind = "split"\n',
    "tables without a line": 'name = "mine"\nkind = "split"\n[types]\n[elements]\n',
    "extensions only": 'name = "mine"\nkind = "split"\n[extensions]\n"urn:x" = {}\n',
    "comments only": "# everything is allowed\n",
}
EMPTY_KEYS = {
    "no byte": "",
    "no version": '{"current": 1, "keys": {}}',
    "a version without a key": '{"current": 1, "keys": {"1": ""}}',
    "no current version": '{"keys": {"1": "' + "A" * 43 + '="}}',
    "nothing": "{}",
    "null": "null",
    "a list": "[]",
}

Attempt = Callable[..., tuple[int, str]]


@pytest.fixture
def attempt(
    sqlite_storage: Storage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Attempt:
    """A command on this installation: its status and what it said on stderr."""
    monkeypatch.setenv("CARELOOM_DATA_DIR", str(sqlite_storage.data_dir))

    def run(*words: str, **environ: str) -> tuple[int, str]:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        capsys.readouterr()
        status = main(words)
        return status, capsys.readouterr().err

    return run


def refused(told: tuple[int, str], *names: str) -> None:
    status, said = told
    assert status == 1
    assert len(said.strip().splitlines()) == 1, said
    assert "this should not happen" not in said
    for name in names:
        assert name in said


def served(*_: object, **__: object) -> None:
    raise AssertionError("the gateway served")


@pytest.mark.parametrize("text", EMPTY_POLICIES.values(), ids=EMPTY_POLICIES)
@pytest.mark.parametrize("variable", ["CARELOOM_POLICY", "CARELOOM_RELEASE_POLICY"])
def test_law_12_an_empty_policy_stops_the_gateway(
    attempt: Attempt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, text: str
) -> None:
    monkeypatch.setattr("waitress.server.create_server", served)
    mine = tmp_path / "mine.toml"
    mine.write_text(text, "utf-8")
    refused(attempt("gateway", "--port", "0", **{variable: str(mine)}), "mine.toml")


@pytest.mark.parametrize("variable", ["CARELOOM_POLICY", "CARELOOM_RELEASE_POLICY"])
def test_law_12_a_policy_that_is_not_there_stops_the_gateway(
    attempt: Attempt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setattr("waitress.server.create_server", served)
    refused(attempt("gateway", "--port", "0", **{variable: str(tmp_path / "no.toml")}), "no.toml")


@pytest.mark.parametrize("text", EMPTY_KEYS.values(), ids=EMPTY_KEYS)
@pytest.mark.parametrize("side", ["clinical", "identity"])
def test_law_12_an_empty_key_ring_stops_the_gateway(
    attempt: Attempt, sqlite_storage: Storage, monkeypatch: pytest.MonkeyPatch, side: str, text: str
) -> None:
    monkeypatch.setattr("waitress.server.create_server", served)
    path: Path = getattr(sqlite_storage.key_paths, side)
    path.write_text(text, "utf-8")
    refused(attempt("gateway", "--port", "0"), str(path), "restore")
    assert path.read_text("utf-8") == text


@pytest.mark.parametrize("text", EMPTY_KEYS.values(), ids=EMPTY_KEYS)
def test_law_12_an_empty_audit_key_verifies_nothing(
    attempt: Attempt, sqlite_storage: Storage, text: str
) -> None:
    path = sqlite_storage.key_paths.audit
    path.write_text(text, "utf-8")
    refused(attempt("audit", "verify"), str(path))
    refused(attempt("audit", "checkpoint"), str(path))


@pytest.mark.parametrize("text", EMPTY_KEYS.values(), ids=EMPTY_KEYS)
def test_law_12_a_worker_with_an_empty_clinical_key_does_not_open(sqlite_storage: Storage, text: str) -> None:
    sqlite_storage.key_paths.clinical.write_text(text, "utf-8")
    with pytest.raises(Exception, match=r"clinical\.key"):
        open_clinic(sqlite_storage)


def test_law_3_a_worker_opens_without_the_identity_and_audit_keys(sqlite_storage: Storage) -> None:
    """They may be gone from its machine altogether."""
    sqlite_storage.key_paths.identity.unlink()
    sqlite_storage.key_paths.audit.unlink()
    open_clinic(sqlite_storage).close()


@pytest.mark.parametrize("made", ["nothing", "a folder", "a pack without rules"])
def test_law_12_knowledge_without_a_rule_is_refused_by_check_and_by_list(
    attempt: Attempt, tmp_path: Path, made: str
) -> None:
    if made != "nothing":
        (tmp_path / "pack").mkdir()
    if made == "a pack without rules":
        body = {"resourceType": "Library", "id": "pack", "version": "1", "title": "Pack", "status": "draft"}
        (tmp_path / "pack" / "Library.json").write_text(json.dumps(body), "utf-8")
    assert attempt("knowledge", "check", "--folder", str(tmp_path))[0] == 1
    status, said = attempt("knowledge", "list", "--folder", str(tmp_path))
    assert status == 1
    assert "rules" in said


def test_law_12_what_is_whole_starts(attempt: Attempt, sqlite_storage: Storage) -> None:
    """The refusals above are not because nothing ever starts."""
    app = create_app(Settings(sqlite_storage))
    app.extensions["careloom_vault"].close()
    open_clinic(sqlite_storage).close()
    assert station.load_knowledge().guidelines
    assert attempt("audit", "verify")[0] == 0
    for name in SHIPPED:
        assert attempt("policy", "check", name, "--type", "Patient")[0] == 0


@pytest.mark.parametrize("scope", ["", "  ", "system/", "system/*.", "system/Patient.x"])
def test_law_12_a_client_without_rights_is_not_registered(
    attempt: Attempt, tmp_path: Path, scope: str
) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text('{"keys": []}', "utf-8")
    who = ("--name", "n", "--role", "ehr", "--organization", "o", "--jwks", str(keys), "--scope", scope)
    assert attempt("client", "add", *who)[0] == 1


def _planned(embedded: Town, storage: Storage) -> None:
    """A hospital's patient for whom a worker has made a plan."""
    hospital = embedded.hospital()
    person = {"resourceType": "Patient", "id": "mrn-1", "gender": "female", "birthDate": "1961-04-03"}
    assert hospital.puts(person).status_code == 201
    clinic = open_clinic(storage)
    here = Station(clinic, station.load_knowledge(), station.microseconds, os.urandom)
    with clinic.database.read() as conn:
        due = jobs.due(conn, here.clock(), 5)
    for job in due:
        plan.do(here, job.id)
    clinic.close()


def test_law_12_a_partner_whom_nobody_granted_anything_finds_nothing(
    embedded: Town, sqlite_storage: Storage
) -> None:
    _planned(embedded, sqlite_storage)
    friend, stranger = embedded.partner("app-gmbh", "st-anna"), embedded.partner("other-gmbh")
    assert len(friend.searches("CarePlan")) == 1
    for query in ("Patient", "Patient?gender=female", "CarePlan", "CarePlan?identifier=urn:careloom:plan|"):
        assert stranger.searches(query) == []
    shown = friend.searches("CarePlan")[0]["id"]
    assert friend.asks("GET", f"CarePlan/{shown}").status_code == 200
    assert stranger.asks("GET", f"CarePlan/{shown}").status_code == 404


def test_law_12_a_grant_that_ended_is_no_grant(embedded: Town, sqlite_storage: Storage) -> None:
    _planned(embedded, sqlite_storage)
    friend = embedded.partner("app-gmbh", "st-anna")
    (found,) = friend.searches("CarePlan")
    embedded.registration.revoke_grant(friend.client_id, "st-anna")
    assert friend.searches("CarePlan") == []
    assert friend.asks("GET", f"CarePlan/{found['id']}").status_code == 404


@pytest.mark.parametrize("wrong", [{"policy": "partner-limited"}, {"release_policy": "clinical"}])
def test_law_12_a_policy_of_the_other_kind_does_not_start(sqlite_storage: Storage, wrong: dict[str, str]):
    """A release profile splits nothing; a split lets a partner read what no profile has narrowed."""
    with pytest.raises(PolicyRefused):
        create_app(Settings(sqlite_storage, **wrong))
