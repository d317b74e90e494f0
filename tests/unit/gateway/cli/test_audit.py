"""``careloom audit``: for people and for programs."""

from __future__ import annotations

import json

import pytest

from gateway.cli.main import main
from gateway.custody import audit
from gateway.custody.database import Database, Side
from gateway.custody.ids import Tenant
from gateway.custody.settings import Storage
from tests.unit.gateway.custody.trails import event, owned


@pytest.fixture
def database(sqlite_storage: Storage) -> Database:
    database = Database.open(sqlite_storage.database_url, Side.TRUSTED)
    with database.write() as conn:
        owned(conn, Tenant(2))
        audit.append(conn, Tenant(2), [event(number) for number in range(3)])
    return database


def run(storage: Storage, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CARELOOM_DATA_DIR", raising=False)
        patch.setenv("CARELOOM_DATA_DIR", "elsewhere")
        status = main([*words, "--data-dir", str(storage.data_dir)])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_a_whole_trail_is_0(
    sqlite_storage: Storage, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run(sqlite_storage, capsys, "audit", "verify", "--json")
    assert (status, [fault["kind"] for fault in json.loads(out)["faults"]]) == (1, ["unsigned"])
    assert run(sqlite_storage, capsys, "audit", "checkpoint")[0] == 0
    status, out, _ = run(sqlite_storage, capsys, "audit", "verify", "--json")
    assert status == 0
    assert json.loads(out) == {
        "ok": True,
        "events": 3,
        "logs": 1,
        "checkpoints": 1,
        "archived": 0,
        "faults": [],
        "acknowledged": [],
    }
    status, out, _ = run(sqlite_storage, capsys, "audit", "verify")
    assert (status, out) == (0, "The trail is whole (3 events in 1 logs, 1 checkpoints).\n")


def test_a_trail_that_was_altered_is_1_and_says_where(
    sqlite_storage: Storage, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run(sqlite_storage, capsys, "audit", "checkpoint", "--json")
    assert status == 0
    (row,) = json.loads(out)
    assert row["size"] == 3
    assert row["key"].startswith(row["origin"])
    with database.write() as conn:
        conn.exec_driver_sql("UPDATE audit_event SET status = 500 WHERE seq = 1")
    status, out, _ = run(sqlite_storage, capsys, "audit", "verify", "--json")
    assert status == 1
    (fault,) = json.loads(out)["faults"]
    assert (fault["log"], fault["first"], fault["last"]) == (2, 1, 1)
    status, out, err = run(sqlite_storage, capsys, "audit", "verify")
    assert status == 1
    assert err.startswith("log 2, events 1 to 1: ")
    assert out.startswith("The trail is not whole")


def test_neighbours_are_told_in_one_line_and_each_to_programs(
    sqlite_storage: Storage, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(sqlite_storage, capsys, "audit", "checkpoint")[0] == 0
    with database.write() as conn:
        conn.exec_driver_sql("UPDATE audit_event SET status = 500")
    told = json.loads(run(sqlite_storage, capsys, "audit", "verify", "--json")[1])["faults"]
    assert [(one["first"], one["last"]) for one in told] == [(0, 0), (1, 1), (2, 2)]
    _, out, err = run(sqlite_storage, capsys, "audit", "verify")
    assert err == "log 2, events 0 to 2: the event was changed after it was signed\n"
    assert out.startswith("The trail is not whole: 1 fault(s) ")


def test_a_checkpoint_says_what_it_signed(
    sqlite_storage: Storage, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run(sqlite_storage, capsys, "audit", "checkpoint")
    assert status == 0
    assert "/2: 3 events, root " in out
    assert "1 log(s) signed" in out


def test_an_installation_that_was_never_started_is_said(
    tmp_path: object, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CARELOOM_DATA_DIR", "elsewhere")
        assert main(["audit", "verify", "--data-dir", str(tmp_path)]) == 1
    assert str(tmp_path) in capsys.readouterr().err
