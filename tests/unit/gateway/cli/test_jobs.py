"""``careloom jobs``: what waits, and another chance."""

from __future__ import annotations

import json

import pytest

from gateway.custody import jobs
from gateway.custody.database import Database, Side
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.jobs import State
from gateway.custody.settings import Storage
from tests.unit.gateway.cli.test_audit import run

NOW = 1_700_000_000 * jobs.SECOND
DUE = "2023-11-14T22:13:20+00:00"


@pytest.fixture
def database(sqlite_storage: Storage) -> Database:
    database = Database.open(sqlite_storage.database_url, Side.TRUSTED)
    with database.write() as conn:
        patients = [StoredId(b"a" * 16), StoredId(b"b" * 16)]
        jobs.enqueue(conn, jobs.Order(Tenant(2), "plan", "new data", NOW, NOW), patients)
        (first, _) = jobs.due(conn, NOW, 10)
        jobs.close(conn, first.id, State.DEAD, NOW, "Broken")
    return database


def test_jobs_are_listed_with_their_counts(
    sqlite_storage: Storage, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run(sqlite_storage, capsys, "jobs", "list", "--json")
    listed = json.loads(out)
    assert status == 0
    assert listed["counts"] == {"queued": 1, "running": 0, "done": 0, "dead": 1}
    assert {(job["state"], job["error"]) for job in listed["jobs"]} == {("queued", None), ("dead", "Broken")}
    assert all(len(bytes.fromhex(job["id"])) == 16 and job["not_before"] == DUE for job in listed["jobs"])


def test_jobs_are_listed_for_people_by_state(
    sqlite_storage: Storage, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run(sqlite_storage, capsys, "jobs", "list", "--state", "dead")
    lines = out.splitlines()
    assert status == 0
    assert len(lines) == 2
    assert "2023-11-14T22:13:20+00:00" in lines[0]
    assert lines[0].endswith("Broken")
    assert lines[1] == "1 queued, 0 running, 0 done, 1 dead"


def test_dead_jobs_get_another_chance(
    sqlite_storage: Storage, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(sqlite_storage, capsys, "jobs", "retry", "00" * 16)[1] == "0 job(s) wait again.\n"
    assert json.loads(run(sqlite_storage, capsys, "jobs", "retry", "--json")[1]) == {"retried": 1}


def test_what_is_no_id_is_said(
    sqlite_storage: Storage, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = run(sqlite_storage, capsys, "jobs", "retry", "plan-7")
    assert status == 1
    assert "careloom jobs list" in err
