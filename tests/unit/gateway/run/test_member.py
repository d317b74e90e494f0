"""One gateway process, in this one: what it tells the trail, and that it leaves when it is asked to."""

from __future__ import annotations

import gc
import os
import signal
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway import board
from gateway.board import Board
from gateway.custody.database import Database, Side
from gateway.custody.ids import SYSTEM
from gateway.custody.settings import Storage
from gateway.custody.tables import audit_event
from gateway.privacy.policy import load
from gateway.run import member
from gateway.run.listening import Listening
from gateway.run.passed import Passed


@dataclass
class Supervised:
    """What a supervisor holds of it."""

    storage: Storage
    listening: Listening
    handle: int
    pulse: socket.socket

    def serves(self, meanwhile: Callable[[], None], silent: int = 0) -> None:
        """Run it in this thread; ``meanwhile`` runs in another while it serves, then it is told to go."""
        ours, theirs = socket.socketpair()
        self.pulse = ours
        given = Passed(
            1, 2, os.dup(self.handle), theirs.detach(), (os.dup(self.listening.handles[0]),), silent
        )
        shown = Board.opened(self.handle)

        def tells() -> None:
            deadline = time.monotonic() + 20
            while not shown.gateways[1].serving and time.monotonic() < deadline:
                time.sleep(0.01)
            try:
                meanwhile()
            finally:
                os.kill(os.getpid(), signal.SIGTERM)

        thread = threading.Thread(target=tells)
        thread.start()
        member.serve(given)
        thread.join()

    def told(self) -> list[tuple[str, str]]:
        """Kinds and details in the system log."""
        database = Database.open(self.storage.database_url, Side.TRUSTED)
        c = audit_event.c
        with database.read() as conn:
            query = select(c.kind, c.detail).where(c.log == SYSTEM, c.kind.startswith("system:"))
            found = [tuple(row) for row in conn.execute(query.order_by(c.seq))]
        database.close()
        return found


@pytest.fixture
def supervised(sqlite_storage: Storage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervised]:
    monkeypatch.setenv("CARELOOM_DATA_DIR", str(sqlite_storage.data_dir))
    thresholds = gc.get_threshold()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    made = Supervised(sqlite_storage, Listening.bound("127.0.0.1", 0), board.shared(2), None)
    yield made
    made.listening.close()
    os.close(made.handle)
    gc.set_threshold(*thresholds)
    gc.unfreeze()
    for number, handler in before.items():
        signal.signal(number, handler)


def test_it_serves_answers_its_supervisor_counts_and_leaves(supervised: Supervised):
    said: list[bytes] = []

    def asks() -> None:
        url = f"http://127.0.0.1:{supervised.listening.port}"
        for path in ("/fhir/metadata", "/readyz", "/metrics"):
            with urllib.request.urlopen(url + path, timeout=20) as answer:
                said.append(answer.read())
        supervised.pulse.settimeout(10)
        supervised.pulse.sendall(b"GET /pulse HTTP/1.1\r\nHost: h\r\n\r\n")
        said.append(supervised.pulse.recv(1000))
        with pytest.raises(OSError, match="404"):
            urllib.request.urlopen(url + "/pulse", timeout=20)

    supervised.serves(asks)
    _, ready, metrics, pulse = said
    assert b'"gateways":"1 of 2"' in ready
    assert b'careloom_requests_total{interaction="capabilities",status="200"} 1' in metrics
    assert b'careloom_gateway_serving{gateway="2"} 1' in metrics
    assert pulse.startswith(b"HTTP/1.1 200 OK")
    place = Board.opened(supervised.handle).gateways[1]
    assert not place.serving
    assert place.answered >= 1
    assert [kind for kind, _ in supervised.told()] == ["system:start", "system:stop"]
    assert gc.isenabled()
    assert gc.get_threshold()[0] > 700, "the collector is calmed and not switched off"


def test_a_predecessor_that_hung_is_in_the_trail_before_its_own_start(supervised: Supervised):
    supervised.serves(lambda: None, silent=30)
    (hang, detail), (start, _), _ = supervised.told()
    assert (hang, start) == ("system:hang", "system:start")
    assert detail == "gateway 2 of 2 had answered nothing for 30 s"


def test_the_policies_in_force_stand_in_the_trail_so_that_a_change_is_seen(
    supervised: Supervised, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    own = tmp_path / "own.toml"
    own.write_text(files("gateway.privacy").joinpath("policies", "clinical.toml").read_text("utf-8"))
    monkeypatch.setenv("CARELOOM_POLICY", str(own))
    for line in ("", "# another line\n"):
        own.write_text(own.read_text("utf-8") + line)
        supervised.serves(lambda: None)
    first, second = (detail for kind, detail in supervised.told() if kind == "system:start")
    released, digest = load("partner-limited"), sha256(own.read_bytes()).hexdigest()
    policies = f"clinical sha256:{digest}; partner-limited sha256:{released.digest}"
    assert second == f"{version('careloom')}; {policies}; gateway 2 of 2"
    assert first == second.replace(digest, load("clinical").digest)
