"""``careloom consent check`` and ``careloom grant add --consent``: what is said, and that nobody is named."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.auth import registry
from gateway.auth.actor import Role
from gateway.auth.registry import Draft
from gateway.auth.scopes import parse
from gateway.cli.consent import consent as command
from gateway.cli.grant import grant
from gateway.custody.settings import Storage
from tests.consents import client, consent, deny
from tests.desk import Desk, diabetic, ehr

CANARY = "mrn-canary-4711"


@pytest.fixture
def folder(sqlite_storage: Storage) -> Path:
    """A hospital, a partner, and a patient who denies it something."""
    with closing(Desk(sqlite_storage)) as desk:
        with desk.vault.database.write() as conn:
            here = ehr(registry.add_organization(conn, "st-anna", 1))
            draft = Draft("app", Role.PARTNER, parse("system/*.rs"), jwks='{"keys": []}')
            registry.add_client(conn, "app", registry.add_organization(conn, "app-gmbh", 1), draft, 1)
        desk.puts(*diabetic(CANARY), actor=here)
        desk.puts(consent("c1", f"Patient/{CANARY}", deny(client("app"))), actor=here)
    assert granted(sqlite_storage.data_dir).exit_code == 0
    return sqlite_storage.data_dir


def granted(folder: Path, *words: str) -> Result:
    named = ("--client", "app", "--organization", "st-anna", "--data-dir", str(folder))
    return CliRunner().invoke(grant, ["add", *named, *words])


def run(folder: Path, id_: str, *words: str, typed: str | None = None) -> Result:
    named = ("--client", "app", "--organization", "st-anna", "--data-dir", str(folder))
    return CliRunner().invoke(command, ["check", *named, *words, "--", id_], input=typed)


def test_it_says_who_may_and_why(folder: Path):
    result = run(folder, CANARY)
    assert result.exit_code == 0, result.output
    partner, engine = result.output.splitlines()
    assert partner.startswith("partner  deny    a provision says deny (Consent/")
    assert engine == ("engine   permit  no Consent speaks of this; the default is opt-out; default opt-out")


def test_as_json_it_says_the_same(folder: Path):
    found = json.loads(run(folder, "-", "--json", typed=f"{CANARY}\n").output)
    assert (found["partner"]["effect"], found["engine"]["effect"]) == ("deny", "permit")
    assert len(found["partner"]["rested_on"]) == 1
    assert found["engine"] == {
        "effect": "permit",
        "default": "opt-out",
        "why": "no Consent speaks of this; the default is opt-out",
        "rested_on": [],
    }


def test_law_2_nobody_is_named(folder: Path):
    for words in ((), ("--json",)):
        for hidden in (CANARY, "Hopkins", "c1"):
            assert hidden not in run(folder, CANARY, *words).output


def test_who_is_not_there_is_one_line_and_not_repeated(folder: Path):
    result = run(folder, "mrn-nobody")
    assert result.exit_code == 1
    assert result.output == "Error: this organization has no such patient\n"


def test_a_grant_says_what_silence_means(folder: Path):
    listed = CliRunner().invoke(grant, ["list", "--json", "--data-dir", str(folder)])
    assert [row["consent"] for row in json.loads(listed.output)] == ["opt-out"]
    assert granted(folder, "--consent", "opt-in").exit_code == 0
    listed = CliRunner().invoke(grant, ["list", "--json", "--data-dir", str(folder)])
    assert [row["consent"] for row in json.loads(listed.output)] == ["opt-in"]
    assert "opt-in" in CliRunner().invoke(grant, ["list", "--data-dir", str(folder)]).output
    assert granted(folder, "--consent", "maybe").exit_code == 2


def test_law_4_the_trail_says_what_silence_meant_when_it_was_granted(folder: Path, sqlite_storage: Storage):
    granted(folder, "--consent", "opt-in")
    with closing(Desk(sqlite_storage)) as desk:
        told = [event.detail for log in (1, 2) for event in desk.events(log) if event.kind == "grant:add"]  # type: ignore[arg-type]
    assert told == ["command line; consent=opt-out", "command line; consent=opt-in"]
