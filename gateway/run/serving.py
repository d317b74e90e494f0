"""The HTTP server, waitress, so set that no request or answer ever touches the disk and few can hold it up.

Several processes take connections from the same sockets. One that holds more than another leaves a new one to
it for a moment: connections that stay open would else all be where they were first taken. When it is asked to
leave it takes no more, finishes what has begun, sends what was answered, and only then ends.
"""

from __future__ import annotations

import resource
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher, WSGITask

from gateway.board import Board
from gateway.run.listening import Listening
from gateway.run.parsing import Parser, Refusal
from gateway.settings import Settings

CONNECTIONS = 2_000
IDLE_SECONDS = 20
"""How long a connection may be silent. Opening connections and saying nothing must not pay."""

FINISH_SECONDS = 4.0
"""How long what has begun may take when the process is asked to leave."""

_LEFT_SECONDS, _LEFT_AGAIN_SECONDS = 0.005, 0.05
"""How long a connection is left to a process with fewer, and when this is a new occasion to do so."""

_OTHER_FILES = 128
_NEVER = sys.maxsize


class Answer(WSGITask):  # type: ignore[misc]  # waitress has no types
    """Asks the application; head and body of its answer leave together."""

    def start(self) -> None:
        super().start()
        if self.channel.server.server.leaving:
            # Said, so that nobody sends the next one into a connection that ends.
            self.set_close_on_finish()

    def write(self, data: bytes) -> None:
        with self.channel.together():
            super().write(data)


class Channel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """One connection."""

    parser_class = Parser
    task_class = Answer
    error_task_class = Refusal
    _held: list[bytes] | None = None

    @property
    def begun(self) -> bool:
        """Whether a request is coming, waits or runs, or an answer has not left."""
        return bool(self.requests or self.request or self.total_outbufs_len)

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is written meanwhile is one piece: to be sent at once, and by one call."""
        self._held = []
        try:
            yield
        finally:
            held, self._held = self._held, None
            super().write_soon(b"".join(held))

    def write_soon(self, data: Any) -> int:
        if self._held is None:
            told: int = super().write_soon(data)
            return told
        self._held.append(data)
        return len(data)


class Door(TcpWSGIServer):  # type: ignore[misc]  # waitress has no types
    """One socket that connections come in by."""

    channel_class = Channel
    active_channels: dict[int, Channel]
    server: Server
    _left_at: float | None = None

    @property
    def leaves(self) -> bool:
        """Whether a connection that waits is being left to another process."""
        return self._left_at is not None and time.monotonic() < self._left_at + _LEFT_SECONDS

    def readable(self) -> bool:
        return bool(super().readable()) and not self.leaves

    def handle_accept(self) -> None:
        now = time.monotonic()
        anew = self._left_at is None or now > self._left_at + _LEFT_AGAIN_SECONDS
        if anew and self.server.fewer_elsewhere():
            self._left_at = now
            return
        self._left_at = None
        super().handle_accept()
        self.server.tell()


class Server:
    """The HTTP side of one process; ``number`` is its place on the board, counted from 0."""

    def __init__(
        self, app: Flask, settings: Settings, listening: Listening, board: Board, number: int = 0
    ) -> None:
        told = Adjustments(**options(settings, _files()))
        self._threads = ThreadedTaskDispatcher()
        self._threads.set_thread_count(told.threads)
        self._map: dict[int, Any] = {}
        self._board, self._number = board, number
        self.leaving = False
        self.doors = [self._door(app, one, told) for one in listening.sockets]

    def _door(self, app: Flask, one: socket.socket, told: Adjustments) -> Door:
        made = Door(
            app,
            self._map,
            _sock=one,
            dispatcher=self._threads,
            adj=told,
            bind_socket=False,
            sockinfo=(one.family, one.type, one.proto, one.getsockname()),
        )
        made.server = self
        return made

    def run(self) -> None:
        """Serve until ``leave``."""
        place = self._board.gateways[self._number]
        place.serving = True
        while not self.leaving:
            # Soon again where a connection was left to another, which may not want it.
            seconds = 0.002 if any(door.leaves for door in self.doors) else 1.0
            wasyncore.poll2(seconds, self._map)
            self.tell()
        place.serving = False
        self._finish()

    def leave(self) -> None:
        """Ask it to end, from a signal's handler or another thread."""
        self.leaving = True
        # It may have ended already.
        with suppress(OSError):
            self.doors[0].pull_trigger()

    def tell(self) -> None:
        """Let the others know how many connections are open here."""
        self._board.gateways[self._number].connections = sum(len(door.active_channels) for door in self.doors)

    def fewer_elsewhere(self) -> bool:
        """Whether another process has fewer."""
        return self._board.fewer_elsewhere(self._number)

    def _finish(self) -> None:
        for door in self.doors:
            # The socket alone: what runs still wakes this loop by the door's trigger.
            wasyncore.dispatcher.close(door)
        until = time.monotonic() + FINISH_SECONDS
        while self._close_idle() and time.monotonic() < until:
            wasyncore.poll2(0.05, self._map)
        self._threads.shutdown(timeout=0.5)
        wasyncore.close_all(self._map)

    def _close_idle(self) -> bool:
        """Close what nobody waits for; whether anything is left."""
        open_ = [channel for door in self.doors for channel in door.active_channels.values()]
        for channel in open_:
            if not channel.begun:
                channel.handle_close()
        return any(channel.begun for channel in open_)


def options(settings: Settings, files: int) -> dict[str, Any]:
    """What waitress is told. ``files``: how many this process may have open."""
    return {
        "threads": settings.threads,
        "ident": None,
        # One byte above the app's own limit, so that the app finds it too large.
        "max_request_body_size": settings.body_limit + 1,
        # Past these it would write bodies and answers into temporary files, in the clear. Both are bounded
        # in memory: a body by the limit, an answer by what the app has built of it anyway.
        "inbuf_overflow": _NEVER,
        "outbuf_overflow": _NEVER,
        "connection_limit": max(_OTHER_FILES, min(CONNECTIONS, files - _OTHER_FILES)),
        # select() knows no file above 1023.
        "asyncore_use_poll": True,
        # A bundle of 100 entries comes in two pieces instead of twelve.
        "recv_bytes": 65_536,
        "channel_timeout": IDLE_SECONDS,
        "cleanup_interval": IDLE_SECONDS // 4,
    }


def _files() -> int:
    """Raise the limit of open files as far as is wanted and allowed; answers what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + 2 * _OTHER_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted
