"""One run: a real ``careloom up``, bundles over HTTP from another process, plans, and what all of it took."""

from __future__ import annotations

import json
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from bench import process
from bench.bundles import Bundle, from_folder, generated
from bench.figures import Ingest, Stored, Usage
from bench.floor import floor
from bench.inside import stages
from bench.pusher import Target, push_apart
from gateway.demo.client import SmartClient
from gateway.demo.server import Server, careloom_up
from gateway.demo.session import PLAN_IDENTIFIER, enter

LATENCY_BUNDLES = 7
STAGE_BUNDLES = 40
PLAN_PAUSE_SECONDS = 0.05
PLAN_SECONDS = GATEWAY_SECONDS = 60.0
UNLIMITED = {"CARELOOM_RATE": "1000000"}
MOST_BUNDLES, MOST_CONNECTIONS = 2_000, 16


class NoPlan(Exception):  # noqa: N818 - it reads as what happened
    """A bundle was acknowledged and its plan did not come."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to run."""

    bundles: int = 100
    entries: int = 100
    connections: int = 1
    folder: Path | None = None
    data_dir: Path | None = None


Tell = Callable[[str], None]


def ingest(wanted: Wanted, today: date, tell: Tell) -> Ingest:
    """Measure it; ``tell`` hears which step is being taken."""
    tell("making bundles")
    measured, later = _bundles(wanted, today)
    with _folder(wanted) as folder:
        tell("the floor")
        plain = floor([bundle.body for bundle in measured], folder)
        tell("the stages")
        by_stage = stages(measured[:STAGE_BUNDLES], folder / "inside")
        with careloom_up(folder, settings=UNLIMITED) as server:
            wait_for_gateways(server)
            hospital = enter(server, "ehr", "bench")
            run = _push(server, hospital, measured, wanted.connections, tell)
            tell("waiting until it is idle")
            _wait_for_plans(hospital, sum(bundle.living for bundle in measured))
            tell("one bundle at a time")
            plans = tuple(_until_planned(hospital, bundle) for bundle in later)
        stored = Stored(_databases(folder), run["resources"] + sum(bundle.resources for bundle in later))
    return Ingest(
        bundles=len(measured),
        connections=wanted.connections,
        stages=by_stage,
        plan_seconds=plans,
        floor=plain,
        stored=stored,
        **run,
    )


def _bundles(wanted: Wanted, today: date) -> tuple[list[Bundle], list[Bundle]]:
    """What is pushed at full speed, and what afterwards one by one."""
    if wanted.folder is not None:
        found = list(from_folder(wanted.folder, wanted.bundles))
        return found, [bundle for bundle in found if bundle.living][:LATENCY_BUNDLES]
    made = list(generated(wanted.bundles + 2 * LATENCY_BUNDLES, wanted.entries, today))
    # Some of the invented have died, and nobody plans for them.
    later = [bundle for bundle in made[wanted.bundles :] if bundle.living]
    return made[: wanted.bundles], later[:LATENCY_BUNDLES]


@contextmanager
def _folder(wanted: Wanted) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="careloom-bench-", dir=wanted.data_dir) as name:
        yield Path(name)


def _push(
    server: Server, hospital: SmartClient, bundles: Sequence[Bundle], connections: int, tell: Tell
) -> dict[str, Any]:
    before = gateway_usage(server)
    tell("pushing")
    pushed = push_apart(Target(server.base_url, hospital.token()), bundles, connections)
    after = gateway_usage(server)
    return {
        "resources": sum(one.resources for one in pushed),
        "seconds": max(one.answered for one in pushed) - min(one.sent for one in pushed),
        "latencies": tuple(one.seconds for one in pushed),
        "gateway": Usage(after.cpu_seconds - before.cpu_seconds, after.peak_bytes),
    }


def gateways_of(server: Server) -> tuple[int, ...]:
    """The processes that answer HTTP."""
    below = process.children(server.process.pid)
    return tuple(pid for pid in below if " gateway --passed " in process.command(pid))


def wait_for_gateways(server: Server) -> None:
    """Until all of them serve: what the last one takes to start is no part of what is measured."""
    _until(lambda: _all_serve(server.base_url), GATEWAY_SECONDS, PLAN_PAUSE_SECONDS)


def _all_serve(base_url: str) -> bool:
    with urllib.request.urlopen(f"{base_url}/readyz", timeout=10) as answer:  # noqa: S310 - our own address
        return bool(json.load(answer).get("gateways", "ok") == "ok")


def gateway_usage(server: Server) -> Usage:
    """CPU time of all of them together, and the peak memory of the largest."""
    each = [process.usage(pid) for pid in gateways_of(server)]
    return Usage(sum(one.cpu_seconds for one in each), max(one.peak_bytes for one in each))


def _databases(folder: Path) -> int:
    """Bytes of the embedded databases after the end, when no write-ahead log is left."""
    return sum(path.stat().st_size for path in (folder / "data").glob("*.db"))


def _wait_for_plans(hospital: SmartClient, patients: int) -> None:
    _until(lambda: _planned(hospital) >= patients, patients + PLAN_SECONDS, 1.0)


def _planned(hospital: SmartClient) -> int:
    page = hospital.get("CarePlan", {"identifier": PLAN_IDENTIFIER, "_count": "1", "_total": "accurate"})
    return int(page["total"])


def _until_planned(hospital: SmartClient, bundle: Bundle) -> float:
    before = _planned(hospital)
    hospital.post("", bundle.body)
    accepted = time.monotonic()
    _until(lambda: _planned(hospital) > before, PLAN_SECONDS, PLAN_PAUSE_SECONDS)
    return time.monotonic() - accepted


def _until(true: Callable[[], bool], seconds: float, pause: float) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise NoPlan(f"the plans did not come within {seconds:.0f} s")
        time.sleep(pause)
