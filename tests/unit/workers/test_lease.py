"""A lease is kept while work goes on, and not a moment longer."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from sqlalchemy import update

from gateway.custody import jobs
from gateway.custody.database import Database
from gateway.custody.errors import StoreUnavailable
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.tables import job
from tests.unit.gateway.custody.trails import store
from workers import lease
from workers.lease import LEASE, Lease

NOW = 1_700_000_000 * jobs.SECOND


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "RENEW_SECONDS", 0.02)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return store(tmp_path)


def claim(database: Database) -> jobs.Claim:
    with database.write() as conn:
        jobs.enqueue(conn, jobs.Order(Tenant(1), "plan", "new data", NOW, NOW), [StoredId(bytes(16))])
        (due,) = jobs.due(conn, NOW, 1)
        claimed = jobs.claim(conn, due.id, NOW, LEASE)
    assert claimed is not None
    return claimed


def lease_until(database: Database) -> int:
    with database.read() as conn:
        return int(conn.execute(job.select()).one().lease_until)


def test_it_is_renewed_while_the_block_runs_and_not_after(database: Database) -> None:
    now = [NOW]
    with Lease(database, claim(database), lambda: now[0]):
        now[0] += 100
        deadline = time.monotonic() + 5
        while lease_until(database) != NOW + 100 + LEASE:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    now[0] += 100
    time.sleep(0.1)
    assert lease_until(database) == NOW + 100 + LEASE


def test_it_ends_quietly_when_another_has_the_job(database: Database) -> None:
    held = Lease(database, claim(database), lambda: NOW)
    with held:
        with database.write() as conn:
            conn.execute(update(job).values(fence=9))
        held._thread.join(5)
        assert not held._thread.is_alive()


def test_a_store_that_is_away_for_a_moment_does_not_end_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, failures = jobs.renew, [StoreUnavailable(), StoreUnavailable()]

    def renew(*arguments: object) -> None:
        if failures:
            raise failures.pop()
        real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(jobs, "renew", renew)
    now = [NOW]
    with Lease(database, claim(database), lambda: now[0]):
        now[0] += 100
        deadline = time.monotonic() + 5
        while lease_until(database) != NOW + 100 + LEASE:
            assert time.monotonic() < deadline
            time.sleep(0.01)
