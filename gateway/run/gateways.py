"""The gateway processes of one address, as parts that a supervisor keeps: what each of them is passed.

All share the listening sockets and the board. Each start of one has a connection of its own to the
supervisor, by which it is asked whether it lives. That one hung is told to its successor, which writes it to
the trail: the supervisor itself holds no connection to the database that could keep it waiting.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from gateway import board, metrics
from gateway.board import Board
from gateway.custody import fitting
from gateway.custody.founding import check_whole
from gateway.run import checks, processes
from gateway.run.listening import Listening
from gateway.run.passed import Passed
from gateway.run.pulse import Pulse
from gateway.run.supervisor import HUNG, Launch, Part, Supervisor
from gateway.run.trouble import Trouble
from gateway.settings import Settings

READY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Front:
    """What all of them share, for as long as they are kept."""

    listening: Listening
    handle: int
    board: Board
    count: int
    patience: int
    """Seconds after which one that has answered nothing is ended."""

    @classmethod
    @contextmanager
    def opened(cls, listening: Listening, settings: Settings) -> Iterator[Front]:
        """Make it for as many processes as the settings say."""
        handle = board.shared(settings.gateways)
        try:
            made = Board.opened(handle)
            yield cls(listening, handle, made, settings.gateways, settings.hang_seconds)
        finally:
            os.close(handle)

    def parts(self, environ: Mapping[str, str]) -> list[GatewayPart]:
        """The processes, to be given to a supervisor."""
        names = ["gateway"] if self.count == 1 else [f"gateway-{n + 1}" for n in range(self.count)]
        return [GatewayPart(name, (), dict(environ), front=self, number=n) for n, name in enumerate(names)]


@dataclass(frozen=True)
class GatewayPart(Part):
    """One of them; ``number`` is its place on the board, counted from 0."""

    front: Front = field(kw_only=True)
    number: int = field(kw_only=True)
    untold: list[str] = field(kw_only=True, default_factory=list)
    """Why earlier processes were lost, as far as no successor has told the trail."""

    def launch(self) -> Launch:
        ours, theirs = socket.socketpair()
        place, front = self.front.board.gateways[self.number], self.front
        passed = Passed(
            number=self.number,
            count=front.count,
            board=front.handle,
            pulse=theirs.fileno(),
            listening=front.listening.handles,
            silent=front.patience if HUNG in self.untold else 0,
        )
        command, environ = processes.gateway(self.environ, passed)
        watch = Pulse(ours, lambda: place.answered, front.patience)
        return Launch(command, environ, (front.handle, *front.listening.handles), theirs, watch)

    def lost(self, reason: str) -> None:
        place = self.front.board.gateways[self.number]
        if place.serving:
            # It came as far as serving, so it has told what it was told.
            self.untold.clear()
        self.untold.append(reason)
        place.serving = False
        metrics.restarted(self.front.board, self.number, reason)


def run(environ: Mapping[str, str], host: str, port: int) -> None:
    """``careloom gateway``: serve until a signal asks to stop."""
    settings = Settings.from_environ(environ)
    check_whole(settings.storage)
    fitting.check_all(settings.storage)
    checks.profiles(environ)
    checks.policies(environ)
    listening = Listening.bound(host, port)
    supervisor = Supervisor()
    supervisor.handle_signals()
    with Front.opened(listening, settings) as front:
        try:
            first, *others = front.parts(environ)
            supervisor.start(first)
            wait(supervisor, front.board)
            for part in others:
                supervisor.start(part)
            supervisor.watch()
        finally:
            listening.close()
            supervisor.stop()


def wait(supervisor: Supervisor, shown: Board) -> None:
    """Until the first of them serves; raises ``Trouble`` when one gives up before."""
    until = time.monotonic() + READY_SECONDS
    while not shown.serving() and not supervisor.stopping.wait(0.05):
        supervisor.check_started()
        if time.monotonic() > until:
            raise Trouble("The gateway does not begin to serve; its own words are above.")
