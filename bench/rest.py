"""What single interactions cost: create, read, search, poll and transactions, by clients at the same time.

A real ``careloom up`` of its own, embedded or on the database that the environment names, or both in turn;
requests from another process. With ``--grow`` the store is filled to each size in turn, and what reads is
asked again: its slowest hundredth should not grow with the store.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.bundles import generated
from bench.figures import quantile
from bench.ingest import UNLIMITED, gateway_usage, wait_for_gateways
from bench.pusher import Target
from bench.volley import Shot, fire_apart
from gateway.demo.client import SmartClient, reference_in
from gateway.demo.server import Server, careloom_up
from gateway.demo.session import PLAN_IDENTIFIER, enter
from mappers import lossless

PATIENTS, ENTRIES = 20, 100
SIZES = (1, 20, 100, 1_000)
"""Entries of the transactions that are measured."""
FILLING = 1_000

EMBEDDED, GIVEN, BOTH = DATABASES = ("embedded", "given", "both")
DATABASE_URL = "CARELOOM_DATABASE_URL"
_URLS = (DATABASE_URL, "CARELOOM_KEYS_URL", "CARELOOM_BROKER_URL")

Tell = Callable[[str], None]


class NoDatabase(Exception):  # noqa: N818 - it reads as what happened
    """Two forms of database were to be measured, and the environment names none."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to run: so long each, for each number of clients; sizes of the store in resources."""

    seconds: float = 3.0
    clients: tuple[int, ...] = (1, 4, 16)
    grow: tuple[int, ...] = ()
    data_dir: Path | None = None
    database: str = GIVEN
    """``embedded``, ``given`` (as the environment says) or ``both``, one after the other."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One interaction by so many clients. Times are in seconds, CPU time is that of all gateways."""

    database: str
    name: str
    clients: int
    stored: int
    requests: int
    resources: int
    seconds: float
    p50: float
    p99: float
    cpu_seconds: float

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    @property
    def resources_per_second(self) -> float:
        return self.resources / self.seconds

    @property
    def cpu_per_request(self) -> float:
        return self.cpu_seconds / self.requests


def rest(wanted: Wanted, today: date, tell: Tell) -> list[Measured]:
    """Measure it; ``tell`` hears which step is being taken. Raises ``NoDatabase``."""
    if wanted.database == BOTH and not os.environ.get(DATABASE_URL):
        raise NoDatabase(f"set {DATABASE_URL} and CARELOOM_KEYS_URL to two empty databases on a server")
    forms = (EMBEDDED, GIVEN) if wanted.database == BOTH else (wanted.database,)
    return [one for form in forms for one in _rest(replace(wanted, database=form), today, tell)]


def _rest(wanted: Wanted, today: date, tell: Tell) -> list[Measured]:
    # A variable that is empty counts as not set.
    without = dict.fromkeys(_URLS, "") if wanted.database == EMBEDDED else {}
    with (
        tempfile.TemporaryDirectory(prefix="careloom-bench-", dir=wanted.data_dir) as folder,
        careloom_up(Path(folder), settings={**UNLIMITED, **without}) as server,
    ):
        wait_for_gateways(server)
        hospital = enter(server, "ehr", "bench")
        bench = _Bench(server, hospital, wanted, tell, _kind(server.environ))
        known = bench.fill(today)
        found = [one for name, shots in _kinds(hospital, known) for one in bench.measure(name, shots)]
        return [*found, *bench.growth(known)]


@dataclass(slots=True)
class _Bench:
    server: Server
    hospital: SmartClient
    wanted: Wanted
    tell: Tell
    database: str = EMBEDDED
    stored: int = 0

    def fill(self, today: date) -> list[str]:
        """Some patients with all they have; answers the references of what was stored."""
        self.tell("filling")
        known: list[str] = []
        for bundle in generated(PATIENTS, ENTRIES, today):
            known += _references(self.hospital.post("", bundle.body))
        self.stored = len(known)
        return known

    def measure(self, name: str, shots: Sequence[Shot]) -> Iterator[Measured]:
        for clients in self.wanted.clients:
            self.tell(f"{name}, {clients} at the same time")
            yield self._run(name, shots, clients)

    def _run(self, name: str, shots: Sequence[Shot], clients: int) -> Measured:
        before = gateway_usage(self.server).cpu_seconds
        target = Target(self.server.base_url, self.hospital.token())
        answered = fire_apart(target, shots, clients, self.wanted.seconds)
        latencies = [one.seconds for one in answered]
        resources = sum(one.resources for one in answered)
        found = Measured(
            database=self.database,
            name=name,
            clients=clients,
            stored=self.stored,
            requests=len(answered),
            resources=resources,
            seconds=max(one.answered for one in answered) - min(one.sent for one in answered),
            p50=quantile(latencies, 0.5),
            p99=quantile(latencies, 0.99),
            cpu_seconds=gateway_usage(self.server).cpu_seconds - before,
        )
        self.stored += resources if shots[0].method == "POST" else 0
        return found

    def growth(self, known: Sequence[str]) -> Iterator[Measured]:
        """Ask everything that reads again at each size of the store."""
        for size in self.wanted.grow:
            self._grow(size)
            for name, shots in _readings(self.hospital, known):
                self.tell(f"{name} among {self.stored:,} resources")
                yield self._run(name, shots, 1)

    def _grow(self, size: int) -> None:
        body, began, first = _transaction(FILLING), time.monotonic(), self.stored
        while self.stored < size:
            self.hospital.post("", body)
            self.stored += FILLING
            rate = (self.stored - first) / (time.monotonic() - began)
            left = max(0, size - self.stored) / rate
            self.tell(
                f"filling: {self.stored:,} of {size:,} resources, {rate:,.0f} a second, {left:,.0f} s left"
            )


def _kind(environ: Mapping[str, str]) -> str:
    """What kind of database the environment of a gateway names."""
    return urlsplit(environ.get(DATABASE_URL, "")).scheme.partition("+")[0] or EMBEDDED


def _references(answer: dict[str, Any]) -> list[str]:
    return [reference_in(entry["response"]["location"]) for entry in answer["entry"]]


def _kinds(hospital: SmartClient, known: Sequence[str]) -> Iterator[tuple[str, Sequence[Shot]]]:
    yield "create", [Shot("POST", "Observation", 201, _observation(0))]
    yield from _readings(hospital, known)
    for size in SIZES:
        yield f"transaction of {size:,}", [Shot("POST", "", 200, _transaction(size), resources=size)]


def _readings(hospital: SmartClient, known: Sequence[str]) -> Iterator[tuple[str, Sequence[Shot]]]:
    yield "read", _reads(known)
    yield "search", _searches(known)
    yield "search of a type", [Shot("GET", "Observation?_count=20", 200)]
    yield "poll (304)", _polls(hospital)


def _reads(known: Sequence[str]) -> list[Shot]:
    return [Shot("GET", reference, 200) for reference in known]


def _searches(known: Sequence[str]) -> list[Shot]:
    patients = [reference for reference in known if reference.startswith("Patient/")]
    return [Shot("GET", f"Observation?patient={patient}&_count=20", 200) for patient in patients]


def _polls(hospital: SmartClient) -> list[Shot]:
    """Polls of plans that have not changed since; the query's answer is what its tag stands for."""
    path = f"CarePlan?identifier={PLAN_IDENTIFIER}&_count=20"
    tag = hospital.send("GET", path).headers["ETag"]
    return [Shot("GET", path, 304, headers={"If-None-Match": tag})]


def _observation(number: int) -> bytes:
    return lossless.dumps(_body(number))


def _body(number: int) -> dict[str, Any]:
    """An observation of nobody: what is measured is the door, not the plans behind it."""
    code = {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]}
    quantity = {"value": 60 + number % 40, "system": "http://unitsofmeasure.org", "code": "/min"}
    day = f"2025-{1 + number % 12:02}-{1 + number % 28:02}"
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": code,
        "effectiveDateTime": day,
        "valueQuantity": quantity,
    }


def _transaction(entries: int) -> bytes:
    made = [
        {"resource": _body(number), "request": {"method": "POST", "url": "Observation"}}
        for number in range(entries)
    ]
    return lossless.dumps({"resourceType": "Bundle", "type": "transaction", "entry": made})
