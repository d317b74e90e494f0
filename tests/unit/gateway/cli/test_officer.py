"""People of the console by the command: added with a link, invited anew, listed, revoked."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from gateway.cli.officer import officer
from gateway.custody.settings import Storage

Run = Callable[..., Result]
WHO = ("--name", "María Keller", "--organization", "St. Anna")


@pytest.fixture
def run(sqlite_copy: Storage, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("CARELOOM_BASE_URL", "https://careloom.test")
    where = ("--data-dir", str(sqlite_copy.data_dir))
    return lambda *words: CliRunner().invoke(officer, [*words, *where])


def test_a_person_is_added_and_gets_a_link(run: Run):
    told = json.loads(run("add", *WHO).output)
    assert (told["login"], told["role"], told["organization"]) == ("maria.keller", "officer", "St. Anna")
    assert told["link"].startswith("https://careloom.test/console/welcome/")
    assert "expires" in told


def test_a_new_link_is_another_one_and_everybody_is_listed(run: Run):
    first = json.loads(run("add", *WHO, "--role", "auditor").output)
    second = json.loads(run("invite", "maria.keller").output)
    assert first["link"] != second["link"]
    (row,) = json.loads(run("list", "--json").output)
    assert (row["login"], row["role"], row["revoked"]) == ("maria.keller", "auditor", None)
    assert json.loads(run("revoke", "maria.keller", "--json").output) == {
        "login": "maria.keller",
        "revoked": True,
    }
    (row,) = json.loads(run("list", "--json").output)
    assert row["revoked"] is not None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", *WHO), "is taken"),
        (("add", *WHO, "--login", "A B"), "--login"),
        (("add", "--name", " ", "--organization", "o", "--login", "x1"), "--name"),
        (("add", *WHO, "--login", "x1", "--jwks-url", "https://h.test/jwks"), "no --jwks"),
        (("invite", "nobody"), "officer list"),
        (("revoke", "nobody"), "officer list"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(run: Run, words: tuple[str, ...], said: str):
    run("add", *WHO)
    result = run(*words)
    assert result.exit_code == 1
    assert said in result.output
