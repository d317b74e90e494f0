"""``careloom profiles``: what it prints, what it puts where, and when it fails."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli.main import main
from gateway.cli.profiles import profiles
from gateway.profiles import brought
from tests.unit.mappers.profiles.conforming import LOCAL, definition

GOOD = definition("Patient", {"id": "Patient.birthDate", "min": 1}, version="1.0", title="Ours alone")
BAD = definition("Patient", {"id": "Patient.birthDate", "minValueDate": "1900-01-01"})


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CARELOOM_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("CARELOOM_PROFILES", raising=False)
    return tmp_path


def file(folder: Path, told: dict[str, Any], name: str = "given.json") -> str:
    path = folder / name
    path.write_text(json.dumps(told), "utf-8")
    return str(path)


def run(*words: str) -> Result:
    return CliRunner().invoke(profiles, list(words))


def test_list_names_what_ships_and_what_was_added(place: Path):
    before = {row["url"] for row in json.loads(run("list", "--json").output)}
    assert run("add", file(place, GOOD)).exit_code == 0
    rows = {row["url"]: row for row in json.loads(run("list", "--json").output)}
    assert set(rows) == before | {LOCAL + "Ours"}
    assert rows[LOCAL + "Ours"] == {
        "url": LOCAL + "Ours",
        "version": "1.0",
        "type": "Patient",
        "title": "Ours alone",
        "untold": [],
    }
    assert any(row["untold"] for row in rows.values())


def test_list_is_a_table_for_people():
    told = run("list")
    assert told.exit_code == 0
    assert "Canonical" in told.output


def test_check_puts_nothing_anywhere(place: Path):
    told = run("check", file(place, GOOD))
    assert told.exit_code == 0
    assert "Ours alone 1.0 (Patient) can be honoured." in told.output
    assert brought(place / "profiles") == ()


@pytest.mark.parametrize("command", ["check", "add"])
def test_what_cannot_be_honoured_is_named_and_not_added(place: Path, command: str):
    told = run(command, file(place, GOOD, "good.json"), file(place, BAD, "bad.json"))
    assert told.exit_code == 1
    assert "Patient.birthDate: minValueDate" in told.output
    report = json.loads(run(command, file(place, BAD), "--json").output)
    assert not report["ok"]
    assert len(report["faults"]) == 1
    assert brought(place / "profiles") == ()


def test_files_that_lean_on_one_another_come_together(place: Path):
    leaning = definition(
        "Patient", {"id": "Patient.name", "min": 1}, name="Leaning", baseDefinition=LOCAL + "Ours"
    )
    one, other = file(place, leaning, "leaning.json"), file(place, GOOD, "good.json")
    assert run("add", one).exit_code == 1
    assert run("add", one, other).exit_code == 0


def test_the_same_file_again_takes_its_own_place(place: Path):
    assert run("add", file(place, GOOD)).exit_code == 0
    assert run("add", file(place, {**GOOD, "version": "2.0"})).exit_code == 0
    (row,) = [row for row in json.loads(run("list", "--json").output) if row["url"] == LOCAL + "Ours"]
    assert row["version"] == "2.0"
    assert len(brought(place / "profiles")) == 1


def test_the_setting_says_where(place: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CARELOOM_PROFILES", str(place / "elsewhere"))
    assert run("add", file(place, GOOD)).exit_code == 0
    assert [path.name for path in brought(place / "elsewhere")] == ["given.json"]


def test_a_folder_with_a_fault_is_one_line_and_no_success(place: Path, capsys: pytest.CaptureFixture[str]):
    (place / "profiles").mkdir()
    file(place / "profiles", BAD)
    assert main(["profiles", "list"]) == 1
    assert capsys.readouterr().err.count("\n") == 1
