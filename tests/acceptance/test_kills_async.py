"""Law 6 for what is done later: whoever works at accepted bundles is killed, and whoever takes them in.

Each bundle that was accepted is done exactly once, and its answer can be fetched.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest
import requests
from sqlalchemy import func, select

from gateway.custody.database import Database, Side
from gateway.custody.settings import Storage
from gateway.custody.tables import audit_event, errand, errand_answer, organization, version
from tests.acceptance.bundles import parsed
from tests.acceptance.careloom import Careloom, kill, until
from tests.acceptance.clients import FHIR_JSON, Client

HOSPITAL = "st-walburga"
WAYS, HITS = ("batch", "transaction", "batch", "batch"), 2
"""Two bundles are done side by side, and what was cut off waits for its lease: others must be left to hit,
and not all of what is hit can be a transaction."""
ENTRIES = {"batch": 150, "transaction": 600}
"""So many that a kill can fall in between."""
MIDDLE = 0.1
"""So many seconds after its beginning a transaction is in its middle."""
COURIER, GATEWAY = "gateway.courier", "gateway --passed"
SECONDS = 60


class Begun(NamedTuple):
    """A sender's bundle, at which somebody works for the ``attempts``-th time."""

    client_id: str
    way: str
    attempts: int


@dataclass(frozen=True)
class Order:
    """One bundle of its sender."""

    client: Client
    way: str

    @property
    def body(self) -> bytes:
        somebody = {"resourceType": "Patient", "gender": "other"}
        others = [{"resourceType": "Practitioner", "active": True}] * (ENTRIES[self.way] - 1)
        entries = [
            {"resource": one, "request": {"method": "POST", "url": one["resourceType"]}}
            for one in (somebody, *others)
        ]
        return json.dumps({"resourceType": "Bundle", "type": self.way, "entry": entries}).encode()

    def accepted(self) -> str:
        """Where its answer will be. As a sender should: the same key again until it is told."""
        headers = {"Prefer": "respond-async", "Idempotency-Key": self.way, "Content-Type": FHIR_JSON}
        told = until(
            lambda: self._told(202, "POST", "", data=self.body, headers=headers), SECONDS, "202", pause=0.1
        )
        return str(told.headers["Content-Location"])

    def answer(self, url: str) -> bytes:
        return bytes(until(lambda: self._told(200, "GET", url), SECONDS, "the answer", pause=0.3).content)

    def _told(self, status: int, method: str, path: str, **more: Any) -> requests.Response | None:
        """None where nobody answers, or it is something else."""
        try:
            told = self.client.request(method, path, **more)
        except (requests.RequestException, AssertionError):
            return None
        return told if told.status_code == status else None


@dataclass
class Shaken:
    """What was answered while processes were killed; ``hits`` of the kills fell into the work at a bundle."""

    orders: list[Order]
    urls: dict[str, str] = field(default_factory=dict)
    answers: dict[str, bytes] = field(default_factory=dict)
    hits: int = 0

    def sees_through(self, order: Order) -> None:
        name = order.client.client_id
        self.urls[name] = order.accepted()
        self.answers[name] = order.answer(self.urls[name])


class Errands:
    """What stands in the table, and what of it is under way."""

    def __init__(self, database: Database, orders: list[Order]) -> None:
        self._database = database
        self._clients = [one.client.client_id for one in orders]
        self._seen: dict[Begun, float] = {}
        self._cut: frozenset[Begun] = frozenset()

    def begun(self, state: str) -> dict[Begun, int]:
        """Of those in this state, which were begun how often, and how many answers each has."""
        answers = select(func.count()).where(errand_answer.c.errand == errand.c.id).scalar_subquery()
        mine = errand.c.client_id.in_(self._clients), errand.c.state == state
        query = select(errand.c.client_id, errand.c.way, errand.c.attempts, answers).where(*mine)
        with self._database.read() as conn:
            return {Begun(*row[:3]): row[3] for row in conn.execute(query)}

    def under_way(self) -> bool:
        """Whether there are some that no kill has met, each in its middle: a kill would fall into all."""
        now, running = time.monotonic(), self.begun("running")
        new = {one: answers for one, answers in running.items() if one not in self._cut}
        for one in new:
            self._seen.setdefault(one, now)
        return bool(new) and all(
            answers > 4 if one.way == "batch" else now - self._seen[one] > MIDDLE
            for one, answers in new.items()
        )

    def cut(self) -> int:
        """How many the kill met."""
        before, self._cut = self._cut, frozenset(self.begun("running"))
        return len(self._cut - before)


@pytest.fixture(scope="module")
def database(careloom: Careloom) -> Iterator[Database]:
    made = Database.open(Storage.from_environ(careloom.environ).database_url, Side.TRUSTED)
    yield made
    made.close()


@pytest.fixture(scope="module")
def shaken(careloom: Careloom, database: Database) -> Shaken:
    with ThreadPoolExecutor(3) as pool:
        clients = list(pool.map(lambda _: Client(careloom, "ehr", HOSPITAL), WAYS))
    made = Shaken([Order(client, way) for client, way in zip(clients, WAYS, strict=True)])
    threads = [threading.Thread(target=made.sees_through, args=(order,)) for order in made.orders]
    for thread in threads:
        thread.start()
    errands = Errands(database, made.orders)
    while made.hits < HITS and len(made.answers) < len(WAYS):
        until(errands.under_way, SECONDS, "the work at a bundle", pause=0.005)
        # First the one dies while the other lives, then both.
        for pid in (*careloom.parts(COURIER), *(careloom.parts(GATEWAY) if made.hits else ())):
            kill(pid)
        made.hits += bool(errands.cut())
    until(lambda: careloom.parts(GATEWAY) and careloom.ready(), SECONDS, "/readyz")
    for pid in careloom.parts(GATEWAY):
        kill(pid)
    for thread in threads:
        thread.join(2 * SECONDS)
    return made


def test_the_kills_fell_into_the_work(shaken: Shaken, database: Database):
    done = Errands(database, shaken.orders).begun("done")
    assert len(done) == len(WAYS)
    assert shaken.hits == HITS, "kills hit no bundle: this shows nothing"
    assert sum(one.attempts - 1 for one in done) >= HITS
    assert any(one.attempts > 1 and one.way == "batch" for one in done)


def test_law_6_each_accepted_bundle_has_its_answer(shaken: Shaken):
    assert len(shaken.answers) == len(WAYS)
    for order in shaken.orders:
        name = order.client.client_id
        (only,) = parsed(shaken.answers[name])["entry"]
        assert only["response"]["status"] == "200 OK"
        statuses = Counter(one["response"]["status"] for one in only["resource"]["entry"])
        assert statuses == {"201 Created": ENTRIES[order.way]}
        assert order.client.request("GET", shaken.urls[name]).content == shaken.answers[name], "each time"
        assert order.accepted() == shaken.urls[name], "the same key is the same bundle"


def test_law_6_each_accepted_bundle_is_done_once(shaken: Shaken, database: Database, careloom: Careloom):
    """As many resources as the answers name, each written once, with its one event."""
    named = [
        one["response"]["location"]
        for answer in shaken.answers.values()
        for one in parsed(answer)["entry"][0]["resource"]["entry"]
    ]
    assert len(named) == len(set(named)) == sum(ENTRIES[order.way] for order in shaken.orders)
    with database.read() as conn:
        tenant = conn.scalar(select(organization.c.number).where(organization.c.name == HOSPITAL))
        mine = (version.c.tenant == tenant, version.c.origin == "ehr")
        kept = Counter(conn.execute(select(version.c.type, version.c.id, version.c.version).where(*mine)))
        told = audit_event.c.log == tenant, audit_event.c.kind == "rest:create"
        events = Counter(
            conn.execute(select(audit_event.c.type, audit_event.c.id, audit_event.c.version).where(*told))
        )
    assert len(kept) == len(named)
    assert set(kept.values()) == set(events.values()) == {1}
    assert events.keys() == kept.keys()
    patients = shaken.orders[0].client.searches("Patient")
    assert {f"Patient/{one['id']}/_history/1" for one in patients} <= set(named)
    assert len(patients) == len(WAYS)
    assert careloom.json("audit", "verify", "--json")["ok"] is True
