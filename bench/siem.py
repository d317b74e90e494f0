"""How fast a SIEM that was away catches up: a trail in a store of its own, sent to a receiver beside it.

The receiver is a process of its own that reads frames and forgets them, so what is measured is ours: reading
the trail, making AuditEvents, TLS, and the end of each connection. The events are a day's: four reads to one
search, of as many patients as a ward has.
"""

from __future__ import annotations

import multiprocessing
import secrets
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

from bench.receiver import Papers, Receiver, papers
from gateway.copies import SIEM
from gateway.custody import audit, receivers
from gateway.custody.founding import found
from gateway.custody.identity.vault import Vault, open_vault
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.settings import Storage
from gateway.fhir.audit_event import Show
from gateway.siem.stream import Patience, Stream, View
from gateway.syslog.line import Target

_LOG = Tenant(1)
_PATIENTS = 500
_WRITTEN = 5_000
_BASE, _HOST = "https://careloom.example.org/fhir", "careloom.example.org"


class Stuck(Exception):  # noqa: N818 - it reads as what happened
    """The receiver did not take the events."""


@dataclass(frozen=True, slots=True)
class Caught:
    """How many events the receiver confirmed, in how many seconds, and in how many of this process's CPU."""

    events: int
    seconds: float
    cpu_seconds: float


def siem(events: int, folder: Path | None = None) -> Caught:
    """Write a trail of so many events, hand it on, and say what that took."""
    with TemporaryDirectory(prefix="careloom-bench-", dir=folder) as name:
        place = Path(name)
        storage = Storage.from_environ({"CARELOOM_DATA_DIR": str(place / "data")})
        found(storage)
        with closing(open_vault(storage)) as vault, _receiving(papers(place)) as target:
            for first in range(0, events, _WRITTEN):
                with vault.database.write() as conn:
                    audit.append(conn, _LOG, list(_day(first, min(events, first + _WRITTEN))))
            return _measured(vault, target, events)


def _measured(vault: Vault, target: Target, events: int) -> Caught:
    @cache
    def show(log: Tenant) -> Show:
        return lru_cache(8_192)(vault.outside(log).show)

    stream = Stream(
        database=vault.database,
        view=View(show, _BASE, _HOST, lambda log: f"careloom.log/bench/{log}"),
        target=target,
        logs=None,
        clock=_now,
        steady=time.monotonic,
        holder="bench",
        patience=Patience(0.0, 20.0),
    )
    context, over = target.context(), Event()
    began, worked = time.perf_counter(), time.process_time()
    while _waiting(vault):
        if stream.turn(context, over):
            raise Stuck
    return Caught(events, time.perf_counter() - began, time.process_time() - worked)


def _waiting(vault: Vault) -> int:
    with vault.database.read() as conn:
        return receivers.standing(conn, SIEM, None, _now()).events


def _day(first: int, end: int) -> Iterator[audit.Event]:
    ward = [StoredId(number.to_bytes(16)) for number in range(1, _PATIENTS + 1)]
    now = _now()
    for number in range(first, end):
        searched = number % 5 == 0
        yield audit.Event(
            time=now + number,
            kind="rest:search" if searched else "rest:read",
            action="E" if searched else "R",
            outcome="0",
            status=200,
            client_id="0f0e0d0c",
            organization=_LOG,
            type="Observation",
            id=None if searched else StoredId(secrets.token_bytes(16)),
            version=None if searched else 1,
            patient=ward[number % _PATIENTS],
            address="10.0.0.1",
            request_id=f"{number:032x}",
            detail="query: code=***&date=ge2026-01-01&_count=50" if searched else None,
        )


@contextmanager
def _receiving(made: Papers) -> Iterator[Target]:
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_receive, args=(made, theirs), daemon=True)
    process.start()
    try:
        yield Target("localhost", ours.recv(), made.ca, answered=True)
    finally:
        process.terminate()
        process.join()


def _receive(made: Papers, parent: Connection) -> None:
    with Receiver(made, lambda _: None) as receiver:
        parent.send(receiver.port)
        Event().wait()


def _now() -> int:
    return time.time_ns() // 1000
