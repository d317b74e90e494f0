"""Real processes: relay and worker as they run in a hospital, killed, flushed and left without a broker."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import redis

from gateway.custody import backlog, jobs
from gateway.custody.ids import StoredId
from gateway.custody.settings import Storage
from gateway.run import processes, runtime, valkey
from tests.integration.hospital import Hospital
from tests.servers import redis_client

pytestmark = pytest.mark.xdist_group("processes")


def now() -> int:
    return time.time_ns() // 1000


def until(holds: Callable[[], Any], seconds: float, what: str) -> float:
    """How long it took to come to pass."""
    start = time.monotonic()
    while not holds():
        assert time.monotonic() - start < seconds, f"{what} did not come to pass in {seconds} s"
        time.sleep(0.02)
    return time.monotonic() - start


class Clinic:
    """A hospital's data, a broker, and the processes of the clinical side."""

    def __init__(self, storage: Storage, broker: str, folder: Path) -> None:
        self.hospital, self.broker_url = Hospital(storage), broker
        self.log = folder / "processes.log"
        self.environ = {
            **os.environ,
            "CARELOOM_DATA_DIR": str(storage.data_dir),
            "CARELOOM_DATABASE_URL": storage.database_url,
            "CARELOOM_KEYS_URL": storage.keys_url,
            "CARELOOM_BROKER_URL": broker,
        }
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, line: Sequence[str], environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            process = subprocess.Popen(line, env=environ, stdout=log, stderr=log, start_new_session=True)
        self.running.append(process)
        return process

    def starts_relay(self) -> subprocess.Popen[bytes]:
        return self.start(*processes.relay(self.environ))

    def starts_worker(self, count: int = 1) -> subprocess.Popen[bytes]:
        return self.start(*processes.worker(self.environ, count))

    def stop(self) -> None:
        for process in self.running:
            process.terminate()
        for process in self.running:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.hospital.close()

    def sends(self, *patients: str) -> list[StoredId]:
        return [self.hospital.sends(p, *self.hospital.diabetic(p), now=now()) for p in patients]

    def idle(self) -> bool:
        return not self.hospital.open_jobs("plan", now())

    def holds_a_job(self) -> bool:
        with self.hospital.vault.database.read() as conn:
            return backlog.counts(conn)[jobs.State.RUNNING] > 0

    def has_one_plan_each(self, homes: Sequence[StoredId]) -> bool:
        plans = [self.hospital.derived(home, "CarePlan") for home in homes]
        return all(len(found) == 1 and found[0][0].version == 1 for found in plans)

    def provenances(self, homes: Sequence[StoredId]) -> list[int]:
        return [len(self.hospital.derived(home, "Provenance")) for home in homes]


@pytest.fixture
def clinic(storage: Storage, broker_url: str, tmp_path: Path) -> Iterator[Clinic]:
    clinic = Clinic(storage, broker_url, tmp_path)
    yield clinic
    clinic.stop()


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_bundle_becomes_a_plan_soon(clinic: Clinic) -> None:
    clinic.starts_relay()
    clinic.starts_worker()
    first = clinic.sends("ann")
    until(clinic.idle, 30, "the first plan")
    homes = clinic.sends("bob")
    assert until(clinic.idle, 5, "a plan") < 5
    assert clinic.has_one_plan_each(first + homes)


def slowly(clinic: Clinic) -> Sequence[StoredId]:
    """A patient whose plan takes long enough to be interrupted."""
    hospital = clinic.hospital
    many = [
        {**hospital.diabetic("ann")[2], "id": f"a1c-{n}", "effectiveDateTime": f"20{n % 20:02d}-01-01"}
        for n in range(4000)
    ]
    return [hospital.sends("ann", *hospital.diabetic("ann"), *many, now=now())]


def test_law_6_a_worker_killed_in_the_middle_of_a_job_has_an_heir_within_8_seconds(clinic: Clinic) -> None:
    worker = clinic.starts_worker()
    clinic.starts_relay()
    clinic.sends("warm")
    until(clinic.idle, 30, "the first plan")
    homes = slowly(clinic)
    until(clinic.holds_a_job, 5, "a claim")
    (child,) = children(worker.pid)
    os.kill(child, signal.SIGKILL)
    killed = time.monotonic()

    def claimed_again() -> bool:
        with clinic.hospital.vault.database.read() as conn:
            return any(job.attempts == 2 for job in backlog.listing(conn))

    until(claimed_again, 8, "a second claim")
    assert time.monotonic() - killed < 8
    until(clinic.idle, 30, "the plan")
    assert clinic.has_one_plan_each(homes)
    assert clinic.provenances(homes) == [1]


def test_law_6_a_worker_killed_with_all_its_processes_loses_nothing(clinic: Clinic) -> None:
    clinic.starts_relay()
    worker = clinic.starts_worker()
    homes = [*slowly(clinic), *clinic.sends(*(f"p{number}" for number in range(6)))]
    until(clinic.holds_a_job, 30, "a claim")
    os.killpg(worker.pid, signal.SIGKILL)
    clinic.starts_worker()
    until(clinic.idle, 30, "all plans")
    assert clinic.has_one_plan_each(homes)
    assert clinic.provenances(homes) == [1] * 7


def test_children_of_a_worker_die_with_it(clinic: Clinic) -> None:
    worker = clinic.starts_worker(2)
    until(lambda: len(children(worker.pid)) == 2, 30, "two children")
    orphans = children(worker.pid)
    time.sleep(1.0)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in orphans), 5, "their end")


def test_law_5_a_flushed_broker_loses_no_job(clinic: Clinic) -> None:
    clinic.starts_relay()
    clinic.starts_worker()
    clinic.sends("warm")
    until(clinic.idle, 30, "the first plan")
    with redis_client(clinic.broker_url) as broker:
        homes = []
        for number in range(8):
            homes += clinic.sends(f"p{number}")
            broker.flushdb()
    assert until(clinic.idle, 15, "all plans") < 15
    assert clinic.has_one_plan_each(homes)
    assert clinic.provenances(homes) == [1] * 8


def test_law_2_the_broker_holds_ids_of_jobs_and_nothing_else(clinic: Clinic) -> None:
    clinic.starts_relay()
    homes = clinic.sends("ann", "bob")
    with redis_client(clinic.broker_url) as broker:
        until(lambda: broker.llen("careloom:careloom.plan") == 2, 10, "two messages")
        held = b"".join(_dump(broker, key) for key in broker.keys("*"))
    with clinic.hospital.vault.database.read() as conn:
        ids = [job.id for job in backlog.listing(conn)]
    assert len(ids) == 2
    for home in homes:
        assert home not in held
        assert home.hex().encode() not in held


def _dump(broker: redis.Redis, key: bytes) -> bytes:
    return key + (
        b"".join(broker.lrange(key, 0, -1)) if broker.type(key) == b"list" else broker.dump(key) or b""
    )


def test_the_relay_stops_at_once(clinic: Clinic) -> None:
    relay = clinic.starts_relay()
    time.sleep(1.5)
    relay.terminate()
    start = time.monotonic()
    assert relay.wait(5) == 0
    assert time.monotonic() - start < 2


@pytest.mark.usefixtures("broker_url")
def test_law_5_what_was_accepted_without_a_broker_is_done_when_it_returns(
    sqlite_storage: Storage, tmp_path: Path
) -> None:
    with runtime.directory({}) as folder:
        url = valkey.announce(sqlite_storage.data_dir, folder)
        clinic = Clinic(sqlite_storage, url, tmp_path)
        clinic.starts_relay()
        clinic.starts_worker()
        homes = clinic.sends("ann", "bob")
        time.sleep(2.0)
        assert not clinic.idle()
        broker = subprocess.Popen(valkey.command(sqlite_storage.data_dir, folder))
        try:
            until(clinic.idle, 30, "the plans")
            broker.kill()
            broker.wait()
            homes += clinic.sends("cat")
            time.sleep(1.0)
            broker = subprocess.Popen(valkey.command(sqlite_storage.data_dir, folder))
            until(clinic.idle, 30, "the plan")
            assert clinic.has_one_plan_each(homes)
        finally:
            clinic.stop()
            broker.terminate()
            broker.wait()
    said = clinic.log.read_text()
    assert said.count("jobs wait") <= 4
