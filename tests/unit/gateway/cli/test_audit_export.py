"""``careloom audit export``: a folder, a line that says how to check it, and no second one over the first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.cli.main import main
from gateway.custody import audit
from gateway.custody.database import Database, Side
from gateway.custody.ids import Tenant
from gateway.custody.settings import Storage
from tests.unit.gateway.custody.export.folders import check
from tests.unit.gateway.custody.trails import START, event, owned


@pytest.fixture
def installed(sqlite_storage: Storage, monkeypatch: pytest.MonkeyPatch) -> Storage:
    database = Database.open(sqlite_storage.database_url, Side.TRUSTED)
    with database.write() as conn:
        owned(conn, Tenant(2))
        audit.append(conn, Tenant(2), [event(number) for number in range(3)])
    database.close()
    monkeypatch.setenv("CARELOOM_DATA_DIR", str(sqlite_storage.data_dir))
    return sqlite_storage


def test_for_programs(installed: Storage, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["audit", "export", str(tmp_path / "out"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["logs"] == [{"log": 2, "first": 0, "events": 4}]
    assert check(tmp_path / "out", "--key", told["key"])["events"] == 4


def test_for_people(installed: Storage, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["audit", "export", str(tmp_path / "out"), "--format", "csv"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("log 2: 4 events from 0 on\nCheck it anywhere: python3 ")


# Three events of 22:13:20 UTC, and the export's own.
SINCE = [
    ("2023-11-14", 4),
    ("2023-11-15T00:00:00", 1),
    ("2023-11-14T22:13:20Z", 4),
    ("2023-11-14T22:13:21Z", 1),
    ("2023-11-14T23:13:20+01:00", 4),
    ("2023-11-14T23:13:21+01:00", 1),
]


@pytest.mark.parametrize(("since", "events"), SINCE)
def test_a_period_begins_with_its_day(
    installed: Storage, tmp_path: Path, since: str, events: int, capsys: pytest.CaptureFixture[str]
):
    assert START == 1_700_000_000_000_000, "14 November 2023, 22:13:20 UTC"
    assert main(["audit", "export", str(tmp_path / "out"), "--since", since, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["logs"][0]["events"] == events


def test_what_is_there_is_said_in_one_line(
    installed: Storage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["audit", "export", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"Error: {tmp_path} is there already; name a folder that is not.\n"


def test_an_organization_nobody_knows(installed: Storage, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["audit", "export", str(tmp_path / "out"), "--organization", "st-nobody"]) == 1
    assert "No organization has this name" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
