"""``careloom codes``: what it prints, what it puts where, and when it fails."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli.codes import codes
from gateway.cli.main import main
from tests.unit.mappers.concept_maps.drawn import mapped

ONE = mapped(("DM2", "equivalent", "44054006"), ("KID", "narrower", "709044004"), title="Clinic")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CARELOOM_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("CARELOOM_CONCEPT_MAPS", raising=False)
    return tmp_path


def file(folder: Path, told: dict[str, Any], name: str = "clinic.json") -> str:
    path = folder / name
    path.write_text(json.dumps(told), "utf-8")
    return str(path)


def run(*words: str) -> Result:
    return CliRunner().invoke(codes, list(words))


def test_check_says_what_would_be_decided_and_puts_nothing_anywhere(place: Path):
    told = json.loads(run("check", file(place, ONE), "--json").output)
    assert told["ok"]
    assert told["maps"] == [
        {"canonical": f"{ONE['url']}|1", "title": "Clinic", "decided": 1, "undecided": 1, "unread": 0}
    ]
    assert told["notes"] == ["Not decided, so read as if told in words alone: KID."]
    assert json.loads(run("list", "--json").output) == {"digest": None, "maps": []}


def test_add_puts_a_map_in_force_and_again_in_its_place(place: Path):
    assert run("add", file(place, ONE)).exit_code == 0
    first = json.loads(run("list", "--json").output)
    assert run("add", file(place, {**ONE, "version": "2"})).exit_code == 0
    second = json.loads(run("list", "--json").output)
    assert [one["canonical"][-1] for one in (*first["maps"], *second["maps"])] == ["1", "2"]
    assert first["digest"] != second["digest"]
    assert "Clinic" in run("list").output


def test_a_folder_is_all_of_its_files(place: Path):
    folder = place / "many"
    folder.mkdir()
    file(folder, ONE)
    file(folder, mapped(("HT", "equal", "38341003"), url="http://clinic.example/maps/two"), "two.json")
    assert len(json.loads(run("check", str(folder), "--json").output)["maps"]) == 2
    (place / "empty").mkdir()
    assert "no .json file" in run("check", str(place / "empty")).output


def test_a_fault_exits_1_names_its_place_and_adds_nothing(place: Path):
    told = run("add", file(place, ONE), file(place, mapped(("A", "equal", "44054007")), "bad.json"))
    assert told.exit_code == 1
    assert "44054007 is no code" in told.output
    assert not (place / "data" / "concept-maps").exists()


def test_what_contradicts_a_map_in_force_is_refused(place: Path):
    assert run("add", file(place, ONE)).exit_code == 0
    other = mapped(("DM2", "equal", "46635009"), url="http://clinic.example/maps/two")
    assert "means several things" in run("add", file(place, other, "other.json")).output


def test_a_setting_that_names_no_folder_says_what_to_do(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("CARELOOM_CONCEPT_MAPS", str(place / "nowhere"))
    assert main(["codes", "list"]) == 1
    assert "CARELOOM_CONCEPT_MAPS names no folder: make it" in capsys.readouterr().err
