"""The HTTP server of one process on a real socket, around an application that tells what came."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask, Response, request

from gateway.board import Board
from gateway.custody.settings import Storage
from gateway.run.listening import Listening
from gateway.run.serving import Server
from gateway.settings import Settings

LIMIT = 4 * 1024 * 1024
LARGE = b"a large answer, " * 300_000


@dataclass
class Place:
    """One server, and what its application was sent."""

    listening: Listening
    server: Server
    board: Board
    bodies: list[int]
    thread: threading.Thread = field(init=False)
    holding: threading.Event = field(default_factory=threading.Event)
    """``/wait`` is answered when this is set."""

    @property
    def port(self) -> int:
        return self.listening.port

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def posts(self, body: Any, **headers: str) -> tuple[int, bytes, http.client.HTTPMessage]:
        connection = self.connect()
        chunked = "Transfer-Encoding" in headers
        connection.request("POST", "/", body=body, headers=headers, encode_chunked=chunked)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers

    def runs(self) -> None:
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()

    def leaves(self) -> None:
        self.holding.set()
        self.server.leave()
        self.thread.join(10)
        assert not self.thread.is_alive()


@pytest.fixture
def serving_at(sqlite_storage: Storage) -> Iterator[Callable[..., Place]]:
    """Makes a server on a free port, or another one on the sockets and the board of the first."""
    made: list[Place] = []

    def serve(listening: Listening | None = None, board: Board | None = None, number: int = 0) -> Place:
        bodies: list[int] = []
        listening, board = listening or Listening.bound("127.0.0.1", 0), board or Board.alone()
        holding = threading.Event()
        settings = Settings(sqlite_storage, body_limit=LIMIT)
        server = Server(app_of(bodies, holding), settings, listening, board, number)
        made.append(Place(listening, server, board, bodies, holding=holding))
        made[-1].runs()
        return made[-1]

    yield serve
    for one in made:
        one.leaves()


@pytest.fixture
def place(serving_at: Callable[..., Place]) -> Place:
    return serving_at()


def app_of(bodies: list[int], holding: threading.Event) -> Flask:
    app = Flask("here")
    app.config["MAX_CONTENT_LENGTH"] = LIMIT

    @app.route("/", methods=["GET", "POST"])
    def here() -> Response:
        bodies.append(len(request.get_data()))
        return Response(LARGE)

    @app.route("/wait")
    def wait() -> Response:
        bodies.append(0)
        holding.wait(10)
        return Response(b"waited")

    app.register_error_handler(413, lambda _: Response("ours", 413, {"X-Request-Id": "r"}))
    return app
