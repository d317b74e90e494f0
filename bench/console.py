"""How fast the console answers as the trail grows: ``careloom bench console``.

Each page is asked for over the WSGI application in this process, as a browser asks: session, look, event and
page. The trail is that of ``careloom bench audit``.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from flask.testing import FlaskClient

from bench import trail_events
from bench.audit_store import HOSPITAL, TrailStore, opened
from bench.figures import quantile
from bench.pusher import NotAccepted
from bench.trail_events import Cast, transactions
from gateway.app import create_app, the_world
from gateway.console.asked import Desk
from gateway.console.entering import Entrance
from gateway.console.people import Role
from gateway.console.sealing import Sealing, to_text
from gateway.console.staff import Staff
from gateway.console.traces import Where
from gateway.custody import audit, checkpoint
from gateway.custody.checkpoint import FOLDER
from gateway.custody.ids import SYSTEM

FILLING, SIGNED = 10_000, 200_000
_BROWSER = "bench"
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Page:
    """One page: the seconds of each request by the clock and of CPU, and how many bytes it has."""

    name: str
    seconds: tuple[float, ...]
    cpu: tuple[float, ...]
    bytes: int

    @property
    def p50(self) -> float:
        return quantile(self.seconds, 0.5)

    @property
    def p95(self) -> float:
        return quantile(self.seconds, 0.95)


def console(
    events: int, rounds: int, data_dir: Path | None, database_url: str | None, tell: Tell
) -> list[Page]:
    """Fill a store of its own, and ask for every page so many times."""
    with (
        tempfile.TemporaryDirectory(prefix="careloom-bench-", dir=data_dir) as folder,
        opened(Path(folder) / "data", database_url) as store,
    ):
        cast = store.cast(events)
        _fill(store, cast, events, tell)
        client = _logged_in(store)
        pages = []
        for name, path in _pages(store, cast, events):
            tell(f"{events:,} events: {name}")
            pages.append(_asked(client, name, path, rounds))
        return pages


def _fill(store: TrailStore, cast: Cast, events: int, tell: Tell) -> None:
    made = (event for batch in transactions(cast, events) for event in batch)
    written = 0
    while batch := list(islice(made, FILLING)):
        with store.vault.database.write() as conn:
            audit.append(conn, cast.log, batch)
        written += len(batch)
        tell(f"filling: {written:,} of {events:,} events")
        if written % SIGNED == 0 or written == events:
            folder = store.settings.storage.data_dir / FOLDER
            checkpoint.take(store.vault.database, folder, store.signer, the_world().clock())
    store.settle()


def _logged_in(store: TrailStore) -> FlaskClient:
    world, vault = the_world(), store.vault
    app = create_app(store.settings)
    person = Staff(vault.database, world.clock, world.entropy).add("Bench", HOSPITAL, Role.OFFICER).person
    sealing = Sealing(lambda: vault.identity.index_key(SYSTEM), world.entropy)
    desk = Desk(vault, store.settings, world.clock, world.entropy, sealing, lambda _id: None)
    where = Where("127.0.0.1", "bench", world.clock(), _BROWSER)
    with vault.database.write() as conn:
        token = Entrance(desk, where).begin(conn, person, "bench")
    client = app.test_client()
    client.set_cookie("careloom-console", to_text(token))
    return client


def _pages(store: TrailStore, cast: Cast, events: int) -> Iterator[tuple[str, str]]:
    shown = store.vault.outside(cast.log).show("Patient", cast.patients[7])
    yield "overview, 7 days", "/console"
    yield "overview, 24 hours", "/console?period=day"
    yield "overview, 13 weeks", "/console?period=quarter"
    yield "search, nothing", "/console/search"
    yield "search, client that does nine tenths", f"/console/search?client={trail_events.EHR}"
    yield "search, rare client", f"/console/search?client={trail_events.RARE_CLIENT}"
    yield "search, user", "/console/search?user=dr-31"
    yield "search, refused or failed", "/console/search?outcome=4%2C8%2C12"
    yield "search, reads", "/console/search?group=Records+read+or+searched"
    yield "search, patient", f"/console/search?patient={shown}"
    yield "patient", f"/console/patients/{shown}"
    yield "disclosures", f"/console/patients/{shown}/disclosures"
    yield "event with proof", f"/console/events/{cast.log}-{events // 3}"
    yield "verify", "/console/verify"
    yield "account", "/console/account"


def _asked(client: FlaskClient, name: str, path: str, rounds: int) -> Page:
    seconds, cpu, size = [], [], 0
    for _ in range(rounds):
        began, worked = time.perf_counter(), time.process_time()
        answer = client.get(path, headers={"User-Agent": _BROWSER})
        seconds.append(time.perf_counter() - began)
        cpu.append(time.process_time() - worked)
        size = len(answer.data)
        if answer.status_code != 200:
            raise NotAccepted(f"{name} was answered {answer.status_code}")
    return Page(name, tuple(seconds), tuple(cpu), size)


def as_rows(pages: Sequence[Page]) -> list[dict[str, object]]:
    """The figures for programs: milliseconds and bytes."""
    return [
        {
            "page": one.name,
            "p50_ms": round(1e3 * one.p50, 1),
            "p95_ms": round(1e3 * one.p95, 1),
            "cpu_p95_ms": round(1e3 * quantile(one.cpu, 0.95), 1),
            "bytes": one.bytes,
        }
        for one in pages
    ]
