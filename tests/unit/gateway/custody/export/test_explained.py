"""An export can be read without our source: whose log, who behind an id, what in a column."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from sqlalchemy import insert

from gateway.custody import audit
from gateway.custody.audit import COLUMNS
from gateway.custody.export.explained import MEANINGS, shielded
from gateway.custody.export.writing import CSV, Wish
from gateway.custody.ids import Tenant
from gateway.custody.tables import client
from tests.unit.gateway.custody.export.folders import check, export
from tests.unit.gateway.custody.trails import HOSPITAL, START, Trail, event, owned

OTHER = Tenant(8)
FORMULA = '=HYPERLINK("http://x")'


@pytest.fixture
def trail(tmp_path: Path) -> Trail:
    made = Trail(tmp_path)
    with made.database.write() as conn:
        owned(conn, HOSPITAL, OTHER, Tenant(9))
        for client_id, name, organization in (("c1", FORMULA, HOSPITAL), ("c9", "Elsewhere", OTHER)):
            values = {"client_id": client_id, "name": name, "organization": organization}
            conn.execute(insert(client).values(role="ehr", scope="", jwks="x", created=0, **values))
    made.append(*map(event, range(3)))
    made.append(event(0), log=OTHER)
    return made


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_column_is_explained():
    assert list(MEANINGS) == [*COLUMNS, "proof"]
    assert all(MEANINGS.values())


def test_it_says_whose_log_and_who_behind_an_id(trail: Trail, tmp_path: Path):
    export(trail, tmp_path / "out")
    assert [
        (row["number"], row["name"], row["its log is here"])
        for row in table(tmp_path / "out", "organizations.csv")
    ] == [
        ("7", "organization 7", "yes"),
        ("8", "organization 8", "yes"),
    ]
    (known,) = table(tmp_path / "out", "clients.csv")
    assert (known["client_id"], known["name"], known["organization"]) == ("c1", f"'{FORMULA}", "7")
    assert [row["column"] for row in table(tmp_path / "out", "columns.csv")] == list(MEANINGS)
    assert check(tmp_path / "out")["ok"]


def test_an_export_of_one_log_tells_nothing_of_who_is_not_in_it(trail: Trail, tmp_path: Path):
    trail.append(audit.Event(START, "x:y", "R", "0", 200, client_id="c9"), log=OTHER)
    export(trail, tmp_path / "out", Wish(frozenset({OTHER})))
    assert {row["name"] for row in table(tmp_path / "out", "clients.csv")} == {f"'{FORMULA}", "Elsewhere"}
    export(trail, tmp_path / "mine", Wish(frozenset({HOSPITAL})))
    assert "Elsewhere" not in (tmp_path / "mine" / "clients.csv").read_text("utf-8")
    assert "organization 8" not in (tmp_path / "mine" / "organizations.csv").read_text("utf-8")


@pytest.mark.parametrize("name", ["clients.csv", "columns.csv", "organizations.csv"])
def test_a_table_that_was_altered_or_taken_away_is_found(trail: Trail, tmp_path: Path, name: str):
    export(trail, tmp_path / "out")
    place = tmp_path / "out" / name
    place.write_text(place.read_text("utf-8") + "more\n", "utf-8")
    assert [fault["what"] for fault in check(tmp_path / "out")["faults"]] == [
        f"{name} is not the table that was exported"
    ]
    place.unlink()
    assert not check(tmp_path / "out")["ok"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "'quoted", "\tx", "", "plain", "a=b"])
def test_no_cell_of_csv_is_a_formula_and_each_is_verified_as_it_was(trail: Trail, tmp_path: Path, text: str):
    trail.append(audit.Event(START + 10, "x:y", "R", "0", 200, request_id=text, detail=text))
    export(trail, tmp_path / "out", Wish(form=CSV))
    found = table(tmp_path / "out" / "7", "events.csv")[3]
    assert found["request_id"] == shielded(text)
    assert not found["request_id"].startswith(("=", "+", "-", "@", "\t"))
    assert check(tmp_path / "out")["ok"]
