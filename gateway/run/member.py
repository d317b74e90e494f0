"""One gateway process: what it was passed is opened, it serves, and it leaves when it is asked to."""

from __future__ import annotations

import gc
import os
import signal
import socket
import time
from functools import partial

from gateway.app import create_app
from gateway.assembly import in_force
from gateway.board import Board
from gateway.custody import logs
from gateway.run import presence, pulse
from gateway.run.listening import Listening
from gateway.run.passed import Passed
from gateway.run.serving import Server
from gateway.settings import Settings


def serve(passed: Passed) -> None:
    """Serve until TERM. Raises a ``CustodyError`` when the storage cannot be opened."""
    logs.configure("gateway" if passed.count == 1 else f"gateway-{passed.number + 1}")
    settings = Settings.from_environ(os.environ)
    board = Board.opened(passed.board)
    listening, asked = Listening.passed(passed.listening), socket.socket(fileno=passed.pulse)
    app = create_app(settings, board=board, number=passed.number)
    _calm_collector()
    server = Server(app, settings, listening, board, passed.number)
    vault = app.extensions["careloom_vault"]
    pulse.answer(server.doors[0], asked, partial(pulse.databases_answer, vault))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.leave())
    if passed.silent:
        presence.hung(vault.database, _clock, f"{passed.name} had answered nothing for {passed.silent} s")
    with presence.recorded(vault.database, _clock, f"{in_force(settings)}; {passed.name}"):
        server.run()
    vault.close()


def _clock() -> int:
    return time.time_ns() // 1000


def _calm_collector() -> None:
    """Parsing a bundle makes ten thousands of dicts, none of them in a circle; looking for circles after
    each 700 took a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
