"""The sending side, in a process of its own: it must not share an interpreter with what it measures.

Connections are kept open and written to by ``http.client``, the cheapest client at hand, because sender and
gateway share the machine.
"""

from __future__ import annotations

import http.client
import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from bench.bundles import Bundle
from bench.figures import Pushed


class NotAccepted(Exception):  # noqa: N818 - it reads as what happened
    """The gateway refused a bundle: nothing that follows would be a measurement."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to push, and as whom."""

    base_url: str
    token: str


def push_apart(target: Target, bundles: Sequence[Bundle], connections: int) -> list[Pushed]:
    """Push from another process and say when each bundle was sent and answered."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as apart:
        return apart.submit(push, target, bundles, connections).result()


def push(target: Target, bundles: Sequence[Bundle], connections: int) -> list[Pushed]:
    """Push over so many connections, each taking every n-th bundle."""
    shares = [bundles[number::connections] for number in range(connections)]
    with ThreadPoolExecutor(connections) as pool:
        return [
            pushed for share in pool.map(lambda share: _push_share(target, share), shares) for pushed in share
        ]


def _push_share(target: Target, bundles: Sequence[Bundle]) -> list[Pushed]:
    address = urlsplit(target.base_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=120)
    headers = {"Authorization": f"Bearer {target.token}", "Content-Type": "application/fhir+json"}
    try:
        return [_push_one(connection, headers, bundle) for bundle in bundles]
    finally:
        connection.close()


def _push_one(connection: http.client.HTTPConnection, headers: dict[str, str], bundle: Bundle) -> Pushed:
    sent = time.monotonic()
    connection.request("POST", "/fhir", bundle.body, headers)
    answer = connection.getresponse()
    body = answer.read()
    answered = time.monotonic()
    if answer.status != http.client.OK:
        raise NotAccepted(f"a bundle was answered {answer.status}: {body[:400].decode('utf-8', 'replace')}")
    return Pushed(bundle.resources, sent, answered)
