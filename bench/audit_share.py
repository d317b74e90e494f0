"""What the trail takes of the gateway's own speed: the same requests with it and without, in turns.

No setting of the product switches the trail off. Here a process of its own puts a function that does nothing
in the place of the append, before the gateway is put together, and everything else runs as it does in a
hospital: validation, split, keys, search rows, commit. The requests go in where the WSGI server would hand
them over, so HTTP dilutes nothing; what is left of the trail is the making of events that nobody writes.
"""

from __future__ import annotations

import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import func, select

from bench.bundles import Bundle, generated
from bench.figures import quantile
from bench.inside import founded, post
from bench.pusher import NotAccepted
from gateway.custody import audit
from gateway.custody.database import Database, Side
from gateway.custody.tables import audit_event
from gateway.settings import Settings

BUNDLES, ENTRIES, READS, TURNS = 40, 100, 400, 3


@dataclass(frozen=True, slots=True)
class Ran:
    """One run: resources a second, seconds of the median read, and how many events it left."""

    per_second: float
    read: float
    events: int


@dataclass(frozen=True, slots=True)
class Share:
    """The medians of the runs with the trail and of those without."""

    audited: Ran
    bare: Ran

    @property
    def of_ingest(self) -> float:
        """What part of the throughput the trail takes."""
        return 1 - self.audited.per_second / self.bare.per_second

    @property
    def of_read(self) -> float:
        """Seconds that it adds to the median read."""
        return self.audited.read - self.bare.read


def share(today: date, data_dir: Path | None, bundles: int = BUNDLES, turns: int = TURNS) -> Share:
    """Measure both, in turns and each in a process of its own."""
    pushed = list(generated(bundles, ENTRIES, today))
    runs: dict[bool, list[Ran]] = {True: [], False: []}
    for turn in range(2 * turns):
        audited = turn % 2 == 0
        with (
            tempfile.TemporaryDirectory(prefix="careloom-bench-", dir=data_dir) as folder,
            ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as apart,
        ):
            runs[audited].append(apart.submit(run, Path(folder), pushed, audited).result())
    return Share(_median(runs[True]), _median(runs[False]))


def run(folder: Path, bundles: Sequence[Bundle], audited: bool) -> Ran:
    """Push these bundles and read what came of them; for a process that does nothing else afterwards."""
    if not audited:
        audit.append = lambda conn, log, events: None
    settings = Settings.from_environ({"CARELOOM_DATA_DIR": str(folder), "CARELOOM_RATE": "1000000"})
    gateway, headers = founded(settings)
    known = _references(post(gateway, headers, bundles[0]))
    began = time.perf_counter()
    for bundle in bundles[1:]:
        post(gateway, headers, bundle)
    taken = time.perf_counter() - began
    reads = []
    for number in range(READS):
        then = time.perf_counter()
        answer = gateway.get(f"/fhir/{known[number % len(known)]}", headers=headers)
        reads.append(time.perf_counter() - then)
        if answer.status_code != 200:
            raise NotAccepted(f"a read was answered {answer.status_code}")
    resources = sum(bundle.resources for bundle in bundles[1:])
    return Ran(resources / taken, quantile(reads, 0.5), _events(settings))


def _references(answer: bytes) -> list[str]:
    locations = (entry["response"]["location"] for entry in json.loads(answer)["entry"])
    return ["/".join(text.partition("/_history/")[0].split("/")[-2:]) for text in locations]


def _events(settings: Settings) -> int:
    database = Database.open(settings.storage.database_url, Side.TRUSTED)
    try:
        with database.read() as conn:
            return int(conn.execute(select(func.count()).select_from(audit_event)).scalar_one())
    finally:
        database.close()


def _median(runs: Sequence[Ran]) -> Ran:
    return Ran(
        statistics.median(one.per_second for one in runs),
        statistics.median(one.read for one in runs),
        max(one.events for one in runs),
    )
