"""Law 4 under ``kill -9``: whatever the gateway was doing, no deed is there without its event.

A process of its own serves requests and is killed at a call that is drawn by chance: of all that it makes,
or of those alone that speak to the database, before or behind it, where a deed could lose its event. No hook
in the product says where. Another process comes after it, on the same data. What each client was told is on
its list; what lies in the tables in the end is held against the trail, both ways.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from gateway.app import create_app
from gateway.custody import verify
from gateway.custody.identity.vault import open_vault
from gateway.custody.settings import Storage
from gateway.custody.tables import audit_event, version
from gateway.settings import Settings
from mappers import lossless
from tests.actors import town
from tests.desk import bundle, entry, observation, patient, put

KILLS = 24
STATEMENTS = frozenset({"execute", "executemany", "commit", "do_execute", "do_executemany", "do_commit"})
"""Calls that speak to the database, by whatever library."""
ANYWHERE, AT_A_STATEMENT = 60_000, 200
"""Of how many calls, of every kind or of these, one is drawn to be the last."""
FHIR_JSON = "application/fhir+json"
JSON_PATCH = "application/json-patch+json"


Profile = Callable[[FrameType, str, Any], None]


@dataclass(frozen=True)
class Asked:
    """One request, and the kinds of events that it leaves when it is answered as it should be."""

    method: str
    path: str
    body: Any
    kinds: Sequence[str]
    media: str = FHIR_JSON


def asked(chance: random.Random) -> Asked:
    """A request by chance, one of those that write or show something."""
    who = f"p{chance.randrange(4)}"
    person = patient(who, gender=chance.choice(("female", "male", "other", "unknown")))
    measured = observation(f"{who}-o", f"Patient/{who}", value=str(chance.randrange(50, 90) / 10))
    read, found = entry("GET", f"Patient/{who}"), entry("GET", f"Observation?patient={who}")
    change = [{"op": "add", "path": "/active", "value": chance.random() < 0.5}]
    return chance.choice(
        (
            Asked("PUT", f"Patient/{who}", person, ["write"]),
            Asked("PUT", f"Observation/{who}-o", measured, ["write"]),
            Asked("POST", "", bundle(put(person), put(measured), read), ["write", "write", "read"]),
            Asked("POST", "", bundle(put(person), found, kind="batch"), ["write", "search"]),
            Asked("PATCH", f"Patient/{who}", change, ["write"], JSON_PATCH),
            Asked("DELETE", f"Observation/{who}-o", None, ["write"]),
            Asked("GET", f"Patient/{who}", None, ["read"]),
            Asked("GET", "Patient?gender=female", None, ["search"]),
        )
    )


@dataclass
class Gateway:
    """Where processes serve one after the other, and what its client knows."""

    storage: Storage
    token: str
    chance: random.Random
    sent: dict[str, Asked] = field(default_factory=dict)
    answered: dict[str, int] = field(default_factory=dict)
    killed: int = 0

    def serves_until_it_is_killed(self, calls: int, of: frozenset[str] | None) -> None:
        """One process. It says what it was asked before it serves, and what it answered before the next."""
        asking = [asked(self.chance) for _ in range(30)]
        reading, writing = os.pipe()
        pid = os.fork()
        first = len(self.sent)
        if pid == 0:
            os.close(reading)
            _serve(self, asking, writing, _killer(calls, of))
        os.close(writing)
        with os.fdopen(reading) as told:
            lines = told.read().splitlines()
        _, status = os.waitpid(pid, 0)
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "it broke by itself"
        self.killed += os.WIFSIGNALED(status)
        for line in lines:
            word, request, code = line.split()
            if word == "asked":
                self.sent[request] = asking[int(request.rpartition("-")[2]) - first]
            else:
                self.answered[request] = int(code)


def _serve(gateway: Gateway, asking: Sequence[Asked], pipe: int, killer: Profile) -> None:
    """What the process does. It never returns: to pytest it must not come back."""
    code = 1
    try:
        app = create_app(Settings(gateway.storage, base_url="http://careloom.test"))
        sys.setprofile(killer)
        for number, one in enumerate(asking, len(gateway.sent)):
            request = f"r-{number}"
            os.write(pipe, f"asked {request} 0\n".encode())
            os.write(pipe, f"answered {request} {_answer(app, gateway.token, request, one)}\n".encode())
        code = 0
    finally:
        os._exit(code)


def _answer(app: Flask, token: str, request: str, one: Asked) -> int:
    headers = {"Authorization": f"Bearer {token}", "X-Request-Id": request, "Content-Type": one.media}
    body = None if one.body is None else lossless.dumps(one.body)
    url = f"/fhir/{one.path}".rstrip("/")
    answer = app.test_client().open(url, method=one.method, data=body, headers=headers)
    return answer.status_code


def _killer(calls: int, of: frozenset[str] | None) -> Profile:
    left = calls

    def count(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal left
        name = argument.__name__ if event.startswith("c_") else frame.f_code.co_name
        left -= of is None or name in of
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return count


@pytest.fixture(scope="module")
def chance() -> random.Random:
    return random.Random(20260302)


@pytest.fixture
def gateway(storage: Storage, chance: random.Random) -> Gateway:
    """After many kills, and one process that is left to finish."""
    here = town(Settings(storage, base_url="http://careloom.test"))
    token = here.hospital().client.token()
    assert here.app is not None
    # What is loaded once is loaded before, so that a killed process has done more than load it.
    for number in range(12):
        _answer(here.app, token, f"before-{number}", asked(chance))
    # Nothing that is open is taken into another process.
    here.app.extensions["careloom_vault"].close()
    made = Gateway(storage, token, chance)
    for number in range(KILLS):
        anywhere = not number % 4
        last = chance.randrange(1, ANYWHERE if anywhere else AT_A_STATEMENT)
        made.serves_until_it_is_killed(last, None if anywhere else STATEMENTS)
    return made


def _of(kind: str) -> str:
    source, _, deed = kind.partition(":")
    assert source == "rest"
    return deed if deed in ("read", "search") else "write"


def test_law_4_a_kill_at_any_point_leaves_no_deed_without_its_event(gateway: Gateway):
    assert gateway.killed >= KILLS - 2, "most were killed"
    assert any(request not in gateway.answered for request in gateway.sent), "and some while they served"
    vault = open_vault(gateway.storage)
    with vault.database.read() as conn:
        events = conn.execute(select(audit_event)).all()
        stored = conn.execute(select(version.c.type, version.c.id, version.c.version, version.c.digest)).all()
        assert verify.verify(conn, {}).ok
    vault.close()
    _every_version_has_its_event(events, stored)
    _every_answer_has_its_events(gateway, events)


def _every_version_has_its_event(events: Sequence[Any], stored: Sequence[Any]) -> None:
    written = Counter((one.type, one.id, one.version, one.digest) for one in events if one.digest is not None)
    assert written == Counter(tuple(row) for row in stored)
    assert stored


def _every_answer_has_its_events(gateway: Gateway, events: Sequence[Any]) -> None:
    left: dict[str, Counter[str]] = {request: Counter() for request in gateway.sent}
    for one in events:
        if one.request_id in left:
            left[one.request_id][_of(one.kind)] += 1
    for request, one in gateway.sent.items():
        due, found = Counter(one.kinds), left[request]
        if request in gateway.answered:
            # One for each deed; of a search one for each patient, of what was refused one in its place.
            assert found.keys() == due.keys() or gateway.answered[request] >= 400, (one, found)
            assert all(found[kind] >= due[kind] for kind in due) or gateway.answered[request] >= 400
            assert found
        else:
            # All writes of the one that was cut off, or none of them.
            assert found["write"] in (0, due["write"]), (one, found)
