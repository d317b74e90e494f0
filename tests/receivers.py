"""SIEMs for tests: real ones by their door (TLS, frames, the end of a connection), and what they keep."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.receiver import Papers, Receiver
from gateway.custody.database import Database, Side
from gateway.custody.migrations import Store
from gateway.syslog.line import Target
from tests.unit.gateway.custody.trails import store

_MESSAGE = re.compile(r"<(\d+)>1 (\S+) (\S+) careloom - (\S+) \[careloom@32473([^\]]*)\] (.*)", re.DOTALL)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.servers)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A store with nothing in it, in both of its forms: for what needs no keys and no files."""
    if request.param == "sqlite":
        made = store(tmp_path)
        yield made
        made.close()
        return
    with request.getfixturevalue("postgres_databases").lent() as urls:
        lent = Database.open(urls[Store.DATA], Side.TRUSTED)
        yield lent
        lent.close()


class Siem:
    """Keeps every message. ``stop`` it and ``start`` it again on the same port; ``until`` it dies once."""

    def __init__(self, papers: Papers, **how: Any) -> None:
        self.papers, self.how = papers, how
        self.messages: list[str] = []
        self.dies_at: int | None = None
        self._receiver: Receiver | None = None
        self.port = 0
        self.start()

    def start(self) -> None:
        self._receiver = Receiver(self.papers, self._take, port=self.port, **self.how)
        self.port = self._receiver.port

    def stop(self) -> None:
        if self._receiver is not None:
            self._receiver.close()
            self._receiver = None

    @property
    def connections(self) -> int:
        return self._receiver.connections if self._receiver else 0

    def target(self, **more: Any) -> Target:
        return Target("localhost", self.port, self.papers.ca, **more)

    def _take(self, message: bytes) -> None:
        if self.dies_at is not None and len(self.messages) >= self.dies_at:
            self.dies_at = None
            raise ConnectionAbortedError
        self.messages.append(message.decode("ascii"))

    # --- what it was told ----------------------------------------------------------------------------------

    def data(self) -> Iterator[dict[str, str]]:
        """The structured data of each message."""
        for message in self.messages:
            found = _MESSAGE.fullmatch(message)
            assert found, message
            yield dict(re.findall(r'(\w+)="([^"]*)"', found[5])) | {"kind": found[4], "priority": found[1]}

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(message[message.index("] {") + 2 :]) for message in self.messages]

    def places(self) -> list[tuple[int, int]]:
        """Log and sequence number of each event, as they came."""
        return [(int(one["log"]), int(one["seq"])) for one in self.data() if "seq" in one]


def until(met: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait for something that another thread does."""
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Running:
    """Something with ``run(over)`` in a thread of its own, ended with the block."""

    def __init__(self, what: Any) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=what.run, args=(self._over,), daemon=True)

    def __enter__(self) -> Running:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(10)
        assert not self._thread.is_alive()
