"""Law 4 on a running installation: the gateway is killed under a mixed load, again and again.

What the clients were told, what lies in the tables and what stands in the trail are held against each other.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
import requests
from sqlalchemy import select

from gateway.custody.database import Database, Side
from gateway.custody.settings import Storage
from gateway.custody.tables import audit_event, organization, version
from tests.acceptance.careloom import Careloom, kill, until
from tests.acceptance.clients import FHIR_JSON, Client

KILLS, HANDS = 4, 2
PAUSE = 0.03
"""Between an answer and the next request: how fast it goes is not asked here."""
HOSPITAL = "st-ottilie"
GENDERS = ("female", "male", "other", "unknown")


@dataclass
class Hand:
    """One who sends whatever comes, whether it is answered or not."""

    name: str
    client: Client
    chance: random.Random
    sent: dict[str, int] = field(default_factory=dict)
    """By the id of a request, how many resources it writes."""
    told: dict[str, int] = field(default_factory=dict)
    """By the id of a request that was answered, the status."""

    def works(self, over: threading.Event) -> None:
        while not over.is_set():
            self.sends()

    def sends(self) -> None:
        request = f"{self.name}-{len(self.sent)}"
        method, path, body, writes = self._something()
        self.sent[request] = writes
        headers = {"X-Request-Id": request, "Content-Type": FHIR_JSON}
        try:
            answer = self.client.request(method, path, json=body, headers=headers)
        except (requests.RequestException, AssertionError):
            time.sleep(0.05)
        else:
            self.told[request] = answer.status_code
            time.sleep(PAUSE)

    def _something(self) -> tuple[str, str, Any, int]:
        who = f"{self.name}-p{self.chance.randrange(5)}"
        person = {"resourceType": "Patient", "id": who, "gender": self.chance.choice(GENDERS)}
        other = {**person, "id": f"{who}-too"}
        entries = [
            {"resource": one, "request": {"method": "PUT", "url": f"Patient/{one['id']}"}}
            for one in (person, other)
        ]
        made = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        return self.chance.choice(
            (
                ("PUT", f"Patient/{who}", person, 1),
                ("PUT", f"Patient/{who}", person, 1),
                ("POST", "", made, 2),
                ("DELETE", f"Patient/{who}-too", None, 1),
                ("GET", f"Patient/{who}", None, 0),
                ("GET", f"Patient?_id={who}", None, 0),
            )
        )


@pytest.fixture(scope="module")
def hands(careloom: Careloom) -> list[Hand]:
    """What they did until the last kill was over."""
    client = Client(careloom, "ehr", HOSPITAL)
    chance = random.Random(4)
    made = [Hand(f"h{number}", client, random.Random(chance.random())) for number in range(HANDS)]
    assert client.token
    over = threading.Event()
    threads = [threading.Thread(target=hand.works, args=(over,)) for hand in made]
    for thread in threads:
        thread.start()
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.3, 1.0))
        # One of them, or all.
        for pid in careloom.parts("--passed")[: chance.choice((1, None))]:
            kill(pid)
        before = sum(len(hand.told) for hand in made)
        until(lambda before=before: sum(len(h.told) for h in made) > before + 5, 60, "a gateway that answers")
    over.set()
    for thread in threads:
        thread.join(60)
    until(careloom.ready, 60, "/readyz")
    return made


@pytest.fixture(scope="module")
def tables(careloom: Careloom, hands: list[Hand]) -> tuple[Sequence[Any], Sequence[Any]]:
    """The hospital's trail, and the versions that are kept of what it wrote."""
    database = Database.open(Storage.from_environ(careloom.environ).database_url, Side.TRUSTED)
    with database.read() as conn:
        tenant = conn.scalar(select(organization.c.number).where(organization.c.name == HOSPITAL))
        events = conn.execute(select(audit_event).where(audit_event.c.log == tenant)).all()
        rows = conn.execute(
            select(version).where(version.c.tenant == tenant, version.c.origin == "ehr")
        ).all()
    database.close()
    return events, rows


def test_some_were_cut_off_and_many_were_not(hands: list[Hand]):
    sent, told = (sum(map(len, found)) for found in ([h.sent for h in hands], [h.told for h in hands]))
    assert told > KILLS * 5
    assert sent > told, "no kill hit a request: this shows nothing"


def test_law_4_each_version_has_its_event_and_each_written_event_its_version(tables: Any):
    events, rows = tables
    written = Counter(
        (one.type, one.id, one.version, one.digest)
        for one in events
        if one.digest and one.kind.startswith("rest:")
    )
    assert written == Counter((row.type, row.id, row.version, row.digest) for row in rows)


def test_law_4_each_answer_has_its_events_and_what_was_cut_off_all_or_none(hands: list[Hand], tables: Any):
    left = Counter(one.request_id for one in tables[0])
    for hand in hands:
        for request, writes in hand.sent.items():
            due = max(writes, 1)
            if hand.told.get(request, 500) < 400:
                assert left[request] == due, request
            elif request in hand.told:
                assert left[request] == (0 if hand.told[request] in (429, 503) else 1), request
            else:
                assert left[request] in (0, due), request


def test_law_4_the_kills_are_seen_in_the_trail_which_is_whole(careloom: Careloom, hands: list[Hand]):
    found = careloom.json("audit", "verify", "--json")
    assert found["ok"] is True
    database = Database.open(Storage.from_environ(careloom.environ).database_url, Side.TRUSTED)
    with database.read() as conn:
        c = audit_event.c
        query = select(c.kind, c.detail).where(c.log == 0, c.kind.startswith("system:")).order_by(c.seq)
        told = [(kind, detail.rpartition("; ")[2]) for kind, detail in conn.execute(query)]
    database.close()
    each = [[kind for kind, who in told if who == one] for one in {who for _, who in told}]
    crashes = sum(pair == ("system:start", "system:start") for kinds in each for pair in pairwise(kinds))
    assert crashes >= KILLS, "a start without a stop of the same one before it was a crash"
