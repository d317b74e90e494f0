"""Requests of one kind, again and again for some seconds, from a process of their own.

Connections are kept open and written to by ``http.client``; each asks for the next thing in turn. An answer
that was not expected ends the run: nothing that follows would be a measurement.
"""

from __future__ import annotations

import http.client
import itertools
import multiprocessing
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bench.figures import Pushed
from bench.pusher import NotAccepted, Target

_FHIR = "application/fhir+json"


@dataclass(frozen=True, slots=True)
class Shot:
    """One request, below ``/fhir``, and the status that it has to be answered."""

    method: str
    path: str
    status: int
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    resources: int = 1


def fire_apart(target: Target, shots: Sequence[Shot], clients: int, seconds: float) -> list[Pushed]:
    """Fire from another process; says when each request was sent and answered."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as apart:
        return apart.submit(fire, target, shots, clients, seconds).result()


def fire(target: Target, shots: Sequence[Shot], clients: int, seconds: float) -> list[Pushed]:
    """Fire over so many connections for so long."""
    until = time.monotonic() + seconds
    # Each connection begins elsewhere in the list, so that they do not all ask for the same.
    turns = [itertools.islice(itertools.cycle(shots), n * 7 % len(shots), None) for n in range(clients)]
    with ThreadPoolExecutor(clients) as pool:
        shares = list(pool.map(lambda turn: _fire_one(target, turn, until), turns))
    return [answered for share in shares for answered in share]


def _fire_one(target: Target, shots: Iterator[Shot], until: float) -> list[Pushed]:
    address = urlsplit(target.base_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=120)
    given = {"Authorization": f"Bearer {target.token}", "Content-Type": _FHIR}
    found = []
    try:
        while time.monotonic() < until:
            found.append(_ask(connection, next(shots), given))
    finally:
        connection.close()
    return found


def _ask(connection: http.client.HTTPConnection, shot: Shot, given: Mapping[str, str]) -> Pushed:
    sent = time.monotonic()
    connection.request(shot.method, f"/fhir/{shot.path}".rstrip("/"), shot.body, {**given, **shot.headers})
    answer = connection.getresponse()
    body = answer.read()
    answered = time.monotonic()
    if answer.status != shot.status:
        said = body[:400].decode("utf-8", "replace")
        raise NotAccepted(f"{shot.method} was answered {answer.status} and not {shot.status}: {said}")
    return Pushed(shot.resources, sent, answered)
