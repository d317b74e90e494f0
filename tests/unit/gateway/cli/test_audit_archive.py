"""``careloom audit archive`` and what ``verify`` says beside it: for people and for programs."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from gateway.cli.main import main
from gateway.custody import audit
from gateway.custody.database import Database, Side
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.months import Month
from gateway.custody.records import Write, record_writes
from gateway.custody.settings import Storage
from tests.unit.gateway.custody.trails import event, owned

THEN, NOW = Month(2019, 5), time.time_ns() // 1000
ID = StoredId(b"i" * 16)


@pytest.fixture
def database(sqlite_storage: Storage, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setenv("CARELOOM_DATA_DIR", "elsewhere")
    database = Database.open(sqlite_storage.database_url, Side.TRUSTED)
    with database.write() as conn:
        owned(conn, Tenant(2))
        audit.append(conn, Tenant(2), [event(n, THEN.start + n) for n in range(5)] + [event(5, NOW)])
    return database


class Commands:
    """What a command exits with and says."""

    def __init__(self, storage: Storage, capsys: pytest.CaptureFixture[str], to: Path) -> None:
        self.storage, self.capsys, self.to = storage, capsys, to

    def run(self, *words: str) -> tuple[int, str, str]:
        status = main(["audit", *words, "--data-dir", str(self.storage.data_dir)])
        said = self.capsys.readouterr()
        return status, said.out, said.err

    def archive(self, *words: str, before: str = "2019-06") -> tuple[int, str, str]:
        return self.run("archive", "--before", before, "--to", str(self.to), *words)


@pytest.fixture
def commands(
    sqlite_storage: Storage, capsys: pytest.CaptureFixture[str], tmp_path: Path, database: Database
) -> Commands:
    return Commands(sqlite_storage, capsys, tmp_path / "archives")


def test_an_archive_for_programs(commands: Commands) -> None:
    status, out, _ = commands.archive("--json")
    told = json.loads(out)
    assert (status, told["finished"]) == (0, 0)
    assert told["folder"] == str(commands.to / "before-2019-06")
    assert told["logs"] == [{"log": 2, "first": 0, "events": 5}]
    assert len(told["key"]) == 64
    status, out, _ = commands.run("verify", "--archive", str(commands.to), "--json")
    assert (status, json.loads(out)["ok"], json.loads(out)["archived"]) == (0, True, 5)
    status, out, _ = commands.archive("--json")
    assert (status, json.loads(out)["folder"], json.loads(out)["logs"]) == (0, None, [])


def test_an_archive_for_people(commands: Commands) -> None:
    status, out, _ = commands.archive(before="2019-06-30")
    assert status == 0
    assert out.startswith("log 2: 5 events from 0 on\nCheck it anywhere: python3 ")
    assert commands.archive() == (0, "Nothing is older and still here.\n", "")
    status, out, _ = commands.run("verify")
    assert (status, out) == (
        0,
        "The trail is whole (2 events in 1 logs, 2 checkpoints, 5 events archived).\n",
    )


def test_an_archive_that_is_gone_is_1_and_says_which_events(commands: Commands) -> None:
    assert commands.archive()[0] == 0
    (commands.to / "before-2019-06" / "manifest").unlink()
    status, _, err = commands.run("verify", "--archive", str(commands.to))
    assert (status, err) == (1, "log 2, events 0 to 4: no archive here holds these events\n")


@pytest.mark.parametrize("before", ["", "2019", "2019-13", "2019-06-", "june", "2019-06-011"])
def test_what_is_no_month_is_refused(commands: Commands, before: str) -> None:
    status, _, err = commands.archive(before=before)
    assert status != 0
    assert "2020-11 or 2020-11-30" in err
    assert not commands.to.exists()


def test_what_is_to_be_kept_is_refused_in_one_line(
    commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    this = str(Month.of(NOW))
    status, _, err = commands.archive(before=this)
    assert status == 1
    assert "CARELOOM_AUDIT_KEEP" in err
    assert len(err.splitlines()) == 1
    monkeypatch.setenv("CARELOOM_AUDIT_KEEP", "six years")
    status, _, err = commands.archive()
    assert status == 1
    assert "CARELOOM_AUDIT_KEEP must be a period such as 6y" in err
    monkeypatch.setenv("CARELOOM_AUDIT_KEEP", "1d")
    assert commands.archive(before=str(Month.of(NOW - 86_400_000_000)))[0] == 0


# --- verify --records -------------------------------------------------------------------------------------


def test_records_that_differ_are_1_and_named_by_what_the_trail_has(
    commands: Commands, database: Database
) -> None:
    commands.run("checkpoint")
    status, out, _ = commands.run("verify", "--records", "--json")
    # The events of this trail are of reads: nothing was written.
    assert (status, json.loads(out)["records"]) == (
        0,
        {"ok": True, "versions": 0, "archived": 0, "faults": []},
    )
    with database.write() as conn:
        record_writes(conn, Tenant(2), [Write("Patient", ID, 1, ID, "ehr", False, b"x", b"d" * 32)], NOW)
    status, out, _ = commands.run("verify", "--records", "--json")
    told = json.loads(out)
    assert (status, told["ok"], told["faults"], told["records"]["ok"]) == (1, False, [], False)
    assert told["records"]["faults"] == [
        {
            "log": 2,
            "type": "Patient",
            "id": ID.hex(),
            "version": 1,
            "seq": None,
            "what": "a version that no event speaks of",
        }
    ]
    status, out, err = commands.run("verify", "--records")
    assert status == 1
    assert err == f"log 2, Patient {ID.hex()} version 1 (no event): a version that no event speaks of\n"
    assert out.splitlines()[1] == "The records are not as they were written: 1 (1 versions)."
    assert commands.run("verify")[0] == 0
