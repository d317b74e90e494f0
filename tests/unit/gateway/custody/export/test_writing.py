"""What an export holds: everything that was asked for, its own event too, under one signature."""

from __future__ import annotations

import csv
import json
import os
import stat
from pathlib import Path

import pytest

from gateway.custody import audit
from gateway.custody.audit import COLUMNS
from gateway.custody.export.writing import ABSENT, CSV, NDJSON, Wish
from gateway.custody.ids import Tenant
from tests.unit.gateway.custody.export.folders import NOW, check, export
from tests.unit.gateway.custody.trails import HOSPITAL, START, Trail, event

OTHER = Tenant(8)


@pytest.fixture
def trail(tmp_path: Path) -> Trail:
    made = Trail(tmp_path)
    made.append(*map(event, range(6)))
    made.sign()
    made.append(*map(event, range(6, 9)))
    made.append(*map(event, range(2)), log=OTHER)
    return made


def lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "7" / "events.ndjson").read_text().splitlines()]


def test_it_holds_every_event_of_every_log(trail: Trail, tmp_path: Path):
    written = export(trail, tmp_path / "out")
    assert [(one.log, one.first, one.end) for one in written] == [(HOSPITAL, 0, 10), (OTHER, 0, 3)]
    assert [line["seq"] for line in lines(tmp_path / "out")] == list(range(10))
    assert list(lines(tmp_path / "out")[0]) == [*COLUMNS, "proof"]


def test_law_4_that_it_was_made_is_its_own_last_event(trail: Trail, tmp_path: Path):
    export(trail, tmp_path / "out")
    last = lines(tmp_path / "out")[-1]
    assert (last["kind"], last["action"], last["time"]) == ("audit:export", "R", NOW)


@pytest.mark.parametrize("form", [NDJSON, CSV])
def test_every_file_is_its_owners_alone(trail: Trail, tmp_path: Path, form: str):
    before = os.umask(0o022)
    try:
        export(trail, tmp_path / "out", Wish(form=form))
    finally:
        os.umask(before)
    found = [tmp_path / "out", *(tmp_path / "out").rglob("*")]
    assert {stat.S_IMODE(one.stat().st_mode) for one in found if one.is_dir()} == {0o700}
    assert {stat.S_IMODE(one.stat().st_mode) for one in found if one.is_file()} == {0o600}


def test_ids_are_hexadecimal_and_what_is_absent_is_null(trail: Trail, tmp_path: Path):
    export(trail, tmp_path / "out")
    third = lines(tmp_path / "out")[3]
    assert (third["id"], third["user"]) == ((3).to_bytes(16).hex(), None)


def test_as_csv_an_empty_text_is_no_absent_one(trail: Trail, tmp_path: Path):
    trail.append(audit.Event(START + 10, "x:y", "R", "0", 200, detail=""))
    export(trail, tmp_path / "out", Wish(form=CSV))
    with (tmp_path / "out" / "7" / "events.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert (rows[9]["detail"], rows[9]["user"], rows[9]["proof"] != ABSENT) == ("", ABSENT, True)
    assert check(tmp_path / "out")["ok"]


def test_one_organization_alone(trail: Trail, tmp_path: Path):
    (written,) = export(trail, tmp_path / "out", Wish(frozenset({OTHER})))
    assert (written.log, sorted(path.name for path in (tmp_path / "out").iterdir())) == (
        OTHER,
        ["8", "README.txt", "clients.csv", "columns.csv", "manifest", "organizations.csv", "verify.py"],
    )


def test_a_period_has_no_gaps_and_no_leaves(trail: Trail, tmp_path: Path):
    wish = Wish(frozenset({HOSPITAL}), START + 2, START + 5)
    (written,) = export(trail, tmp_path / "out", wish)
    assert (written.first, written.end, written.whole) == (2, 5, False)
    assert not (tmp_path / "out" / "7" / "leaves").exists()
    assert check(tmp_path / "out")["ok"]


def test_a_period_without_events_is_an_export_of_none(trail: Trail, tmp_path: Path):
    export(trail, tmp_path / "out", Wish(since=NOW * 2))
    assert check(tmp_path / "out")["events"] == 0


def test_what_is_there_is_not_written_over(trail: Trail, tmp_path: Path):
    (tmp_path / "out").mkdir()
    with pytest.raises(FileExistsError):
        export(trail, tmp_path / "out")


def test_a_run_that_died_leaves_nothing_of_that_name_and_is_no_hindrance(trail: Trail, tmp_path: Path):
    (tmp_path / ".out.part" / "7").mkdir(parents=True)
    (tmp_path / ".out.part" / "7" / "junk").touch()
    export(trail, tmp_path / "out")
    assert not (tmp_path / ".out.part").exists()
    assert not (tmp_path / "out" / "7" / "junk").exists()


def test_nobody_else_may_look_into_it(trail: Trail, tmp_path: Path):
    export(trail, tmp_path / "out")
    assert (tmp_path / "out").stat().st_mode & 0o077 == 0
