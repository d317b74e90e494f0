"""Whether a gateway process still answers: asked over a connection that nobody else has.

The supervisor makes a pair of sockets before a process starts and keeps one. What it asks goes the way of
every request: through the loop of the server, to one of its threads, to the databases. Any answer is a sign
of life, that a database does not answer too: a restart of the gateway would not mend it. And a process that
finishes requests is busy, not dead, however long the question waits behind them.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sqlalchemy import text
from waitress.task import ErrorTask

from gateway.custody.errors import CustodyError
from gateway.custody.identity.vault import Vault
from gateway.run.serving import Channel, Door

STARTING_SECONDS = 300.0
"""How long a process may take to its first answer: the machine may be busy with other things."""

_LONGEST_PAUSE = 5.0
_LOOK_SECONDS = 1.0
"""More than this between two looks, and it was who asks that stood still."""

_QUESTION = b"GET /pulse HTTP/1.1\r\nHost: careloom\r\n\r\n"
_ENOUGH = 65_536


class Pulse:
    """The supervisor's side. ``answered`` counts what the process has finished; ``patience`` in seconds."""

    def __init__(self, ours: socket.socket, answered: Callable[[], int], patience: float) -> None:
        ours.setblocking(False)
        self._ours, self._answered = ours, answered
        self._patience, self._pause = patience, min(_LONGEST_PAUSE, patience / 4)
        self._allowed = max(patience, STARTING_SECONDS)
        self._finished = answered()
        self._looked: float | None = None
        self._asked = False
        self._rest = self._waited = 0.0

    def hangs(self, now: float) -> bool:
        """Look once, often: whether the process has been silent for too long. ``now`` is monotonic."""
        step = 0.0 if self._looked is None else min(now - self._looked, _LOOK_SECONDS)
        self._looked = now
        self._waited = self._waited + step if self._asked else 0.0
        if self._heard():
            self._asked, self._rest, self._allowed = False, self._pause, self._patience
        if self._works():
            self._waited = 0.0
        self._rest -= step
        if not self._asked and self._rest <= 0.0:
            self._asked, self._waited = True, 0.0
            with suppress(OSError):
                self._ours.send(_QUESTION)
        return self._asked and self._waited > self._allowed

    def close(self) -> None:
        """Ask no more."""
        self._ours.close()

    def _heard(self) -> bool:
        try:
            return bool(self._ours.recv(_ENOUGH))
        except OSError:
            return False

    def _works(self) -> bool:
        finished, self._finished = self._finished, self._answered()
        return finished != self._finished


class _Beat(ErrorTask):  # type: ignore[misc]  # waitress has no types
    """The answer, given by whichever thread is free."""

    def execute(self) -> None:
        self.status = "200 OK" if self.channel.alive() else "503 Service Unavailable"
        self.content_length = 0
        self.write(b"")


class _Behind:
    """What a connection needs of its server, for the one that came in by no door and is never counted."""

    def __init__(self, door: Door) -> None:
        self.adj, self.add_task, self.pull_trigger = door.adj, door.add_task, door.pull_trigger
        self.active_channels: dict[int, Any] = {}


class PulseChannel(Channel):
    """The process's side."""

    task_class = _Beat
    alive: Callable[[], bool]


def answer(door: Door, theirs: socket.socket, alive: Callable[[], bool]) -> None:
    """Have the server of this door answer what is asked at this socket."""
    made = PulseChannel(_Behind(door), theirs, ("supervisor", 0), door.adj, map=door._map)
    made.alive = alive


def databases_answer(vault: Vault) -> bool:
    """Whether both stores answer a question of one row."""
    try:
        with vault.database.read() as conn:
            conn.execute(text("SELECT 1 FROM client LIMIT 1"))
        with vault.keys.read() as conn:
            conn.execute(text("SELECT 1 FROM clinical_key LIMIT 1"))
    except CustodyError:
        return False
    return True
