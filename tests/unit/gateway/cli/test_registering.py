"""What the registering commands print and refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from gateway.cli.client import client
from gateway.cli.grant import grant
from gateway.cli.officer import officer
from gateway.custody.settings import Storage
from tests.unit.gateway.auth.keys import ec, jwks, rsa


class Desk:
    """Runs commands on one installation."""

    def __init__(self, storage: Storage, folder: Path) -> None:
        self.data_dir = storage.data_dir
        self.jwks = folder / "public.jwks"
        self.jwks.write_bytes(jwks(ec()))

    def run(self, command: click.Command, *words: str) -> Result:
        return CliRunner().invoke(
            command, [*words, "--data-dir", str(self.data_dir)], env={"CARELOOM_RATE": None}
        )

    def json(self, command: click.Command, *words: str) -> Any:
        result = self.run(command, *words)
        assert result.exit_code == 0, result.output
        return json.loads(result.output)

    def adds(self, role: str = "ehr", organization: str = "st-anna", scope: str = "system/*.rs") -> str:
        who = ("--name", "n", "--role", role, "--organization", organization, "--scope", scope)
        return str(self.json(client, "add", *who, "--jwks", str(self.jwks))["client_id"])

    def refuses(self, command: click.Command, *words: str) -> str:
        result = self.run(command, *words)
        lines = result.output.strip().splitlines()
        assert result.exit_code == 1
        assert len(lines) == 1
        return lines[0]


@pytest.fixture
def desk(sqlite_storage: Storage, tmp_path: Path) -> Desk:
    return Desk(sqlite_storage, tmp_path)


def test_a_client_is_registered_and_printed_as_json(desk: Desk):
    who = ("--name", "EHR", "--role", "ehr", "--organization", "St. Anna", "--scope", "system/*.cruds")
    told = desk.json(client, "add", *who, "--jwks", str(desk.jwks), "--fhir-endpoint", "https://h.test/fhir")
    assert told["client_id"]
    assert (told["name"], told["role"], told["organization"]) == ("EHR", "ehr", "St. Anna")
    assert (told["scope"], told["revoked"]) == ("system/*.cruds", None)


def test_keys_may_lie_at_an_address(desk: Desk):
    who = ("--name", "n", "--role", "ehr", "--organization", "o", "--scope", "system/*.rs")
    assert desk.json(client, "add", *who, "--jwks-url", "https://h.test/jwks")["client_id"]


def test_clients_are_listed_and_revoked(desk: Desk):
    first, second = desk.adds(), desk.adds("partner", "app-gmbh")
    assert desk.run(client, "revoke", first).exit_code == 0
    listed = {each["client_id"]: each["revoked"] for each in desk.json(client, "list", "--json")}
    assert listed[first] is not None
    assert listed[second] is None
    assert first in desk.run(client, "list").output
    assert desk.json(client, "revoke", second, "--json") == {"client_id": second, "revoked": True}


def test_an_empty_list_is_said_to_be_empty(desk: Desk):
    assert desk.run(client, "list").output == "none\n"
    assert desk.json(grant, "list", "--json") == []


def test_grants_are_given_listed_and_ended(desk: Desk):
    desk.adds()
    partner = desk.adds("partner", "app-gmbh")
    who = ("--client", partner, "--organization", "st-anna")
    assert desk.json(grant, "add", *who, "--json")["granted"] is True
    (told,) = desk.json(grant, "list", "--json")
    assert (told["client_id"], told["organization"], told["revoked"]) == (partner, "st-anna", None)
    assert "may no longer" in desk.run(grant, "revoke", *who).output
    assert desk.json(grant, "list", "--json")[0]["revoked"]


def test_a_grant_names_the_profile_that_its_partner_sees(desk: Desk):
    desk.adds()
    who = ("--client", desk.adds("partner", "app-gmbh"), "--organization", "st-anna")
    desk.run(grant, "add", *who)
    assert desk.json(grant, "list", "--json")[0]["profile"] is None
    desk.run(grant, "add", *who, "--profile", "partner-safe-harbor")
    assert desk.json(grant, "list", "--json")[0]["profile"] == "partner-safe-harbor"
    assert desk.run(grant, "add", *who, "--profile", "clinical").exit_code == 2


def test_an_officer_is_a_client_who_reads_the_trail_and_nothing_else(desk: Desk):
    told = desk.json(officer, "add", "--name", "o", "--organization", "st-anna", "--jwks", str(desk.jwks))
    assert (told["role"], told["scope"]) == ("officer", "system/AuditEvent.rs")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"--scope": ""}, "scope"),
        ({"--scope": "openid"}, "scope"),
        ({"--scope": "system/Spaceship.rs"}, "FHIR R4"),
        ({"--role": "partner", "--scope": "system/*.cruds"}, "partner"),
        ({"--role": "officer", "--scope": "system/*.rs"}, "officer"),
        ({"--name": " "}, "name"),
        ({"--organization": ""}, "organization"),
        ({"--jwks": None}, "--jwks"),
        ({"--jwks-url": "https://h.test/jwks"}, "--jwks"),
        ({"--jwks": None, "--jwks-url": "http://h.test/jwks"}, "--jwks-url"),
        ({"--fhir-endpoint": "ftp://h.test"}, "--fhir-endpoint"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(desk: Desk, change: dict[str, str | None], word: str):
    given = {"--name": "n", "--role": "ehr", "--organization": "o", "--scope": "system/*.rs"}
    given |= {"--jwks": str(desk.jwks)}
    words = [w for name, value in (given | change).items() if value is not None for w in (name, value)]
    assert word in desk.refuses(client, "add", *words)


def test_a_private_key_is_refused_before_it_is_kept(desk: Desk):
    desk.jwks.write_bytes(jwks(rsa(), private=True))
    who = ("--name", "n", "--role", "ehr", "--organization", "o", "--scope", "system/*.rs")
    assert "private" in desk.refuses(client, "add", *who, "--jwks", str(desk.jwks))
    assert desk.json(client, "list", "--json") == []


def test_whom_nobody_knows_cannot_be_revoked_or_granted(desk: Desk):
    assert "client list" in desk.refuses(client, "revoke", "nobody")
    assert "client list" in desk.refuses(grant, "add", "--client", "nobody", "--organization", "o")


def test_a_folder_where_nothing_is_is_named(tmp_path: Path):
    result = CliRunner().invoke(client, ["list", "--data-dir", str(tmp_path / "nowhere")])
    assert result.exit_code == 1
    assert str(tmp_path / "nowhere") in result.output
    assert not (tmp_path / "nowhere").exists()


def test_a_misspelt_setting_stops_a_command_too(desk: Desk):
    environ = {"CARELOOM_DATBASE_URL": "x"}
    result = CliRunner().invoke(client, ["list", "--data-dir", str(desk.data_dir)], env=environ)
    assert "CARELOOM_DATABASE_URL" in result.output


def test_a_key_file_that_is_not_there_is_one_line(desk: Desk) -> None:
    who = ("--name", "n", "--role", "ehr", "--organization", "o", "--scope", "system/*.rs")
    for command, words in ((client, who), (officer, ("--name", "n", "--organization", "o"))):
        result = desk.run(command, "add", *words, "--jwks", "nofile")
        assert result.exit_code != 0
        (line,) = result.output.strip().splitlines()
        assert "nofile cannot be read" in line
