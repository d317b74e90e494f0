"""What ``careloom patient merges`` lists."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.auth import registry
from gateway.cli.patient import patient
from gateway.custody.ids import pseudonym
from gateway.custody.settings import Storage
from tests.desk import NOW, Desk, ehr
from tests.desk import patient as person

CANARY = "mrn-canary-4711"


@pytest.fixture
def folder(sqlite_storage: Storage) -> Path:
    """A hospital that said of one record that it goes into another, and then that it is a man's."""
    with closing(Desk(sqlite_storage)) as desk:
        with desk.vault.database.write() as conn:
            here = ehr(registry.add_organization(conn, "st-anna", 1))
        link = [{"other": {"reference": "Patient/b"}, "type": "replaced-by"}]
        desk.puts(person("b"), person(CANARY, link=link), actor=here)
        desk.now += 1_000_000
        desk.puts(person(CANARY, link=link, gender="male"), person("c", link=link), actor=here)
        (sqlite_storage.data_dir / "shown").write_text(
            desk.vault.outside(here.organization).show("Patient", desk.id_of("Patient/b", here.organization))
        )
        (sqlite_storage.data_dir / "stored").write_text(pseudonym(desk.id_of("Patient/b", here.organization)))
    return sqlite_storage.data_dir


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(patient, ["merges", *words, "--data-dir", str(folder)])


def test_each_link_is_listed_with_its_state_its_reason_and_the_pseudonyms_of_the_trail(folder: Path):
    result = run(folder, "--organization", "st-anna", "--json")
    assert result.exit_code == 0, result.output
    found = {line["state"]: line for line in json.loads(result.output)}
    assert found.keys() == {"blocked", "united"}
    assert (found["blocked"]["reason"], found["blocked"]["survivor"]) == ("sex", None)
    assert found["united"]["successor"] == found["united"]["survivor"] == found["blocked"]["successor"]
    assert found["united"]["successor"] == f"Patient/{(folder / 'shown').read_text()}"
    assert found["blocked"]["since"] == "2026-03-02T09:30:01+00:00"
    assert NOW % 1_000_000 == 0
    for hidden in (CANARY, (folder / "stored").read_text(), "male", "1961"):
        assert hidden not in result.output


def test_for_people_there_is_a_line_for_each(folder: Path):
    result = run(folder, "--organization", "st-anna")
    assert result.exit_code == 0
    assert sorted(line.split()[1] for line in result.output.splitlines()) == ["blocked", "united"]
    assert "blocked (sex)" in result.output


def test_an_organization_that_nobody_knows_is_named_so_and_one_without_links_has_none(folder: Path):
    unknown = run(folder, "--organization", "st-berta")
    assert unknown.exit_code != 0
    assert "no organization has this name" in unknown.output
    storage = Storage.from_environ({"CARELOOM_DATA_DIR": str(folder)})
    with closing(Desk(storage)) as desk, desk.vault.database.write() as conn:
        registry.add_organization(conn, "st-berta", 1)
    assert run(folder, "--organization", "st-berta").output == "none\n"
