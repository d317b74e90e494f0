"""The server itself, on a real socket: nothing in temporary files, what is too large answered by the app."""

from __future__ import annotations

import http.client
import json
import socket
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask, Response, request

from gateway.custody.settings import Storage
from gateway.run import serving
from gateway.settings import Settings

LIMIT = 4 * 1024 * 1024
LARGE = b"a large answer, " * 300_000


@dataclass
class Place:
    port: int
    server: Any
    bodies: list[int]

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def posts(self, body: Any, **headers: str) -> tuple[int, bytes, http.client.HTTPMessage]:
        connection = self.connect()
        chunked = "Transfer-Encoding" in headers
        connection.request("POST", "/", body=body, headers=headers, encode_chunked=chunked)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers


@pytest.fixture
def place(sqlite_storage: Storage, request: pytest.FixtureRequest) -> Iterator[Place]:
    bodies: list[int] = []
    server = serving.serve_on(app_of(bodies), Settings(sqlite_storage, body_limit=LIMIT), "127.0.0.1", 0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield Place(server.effective_port, server, bodies)
    server.close()


def app_of(bodies: list[int]) -> Flask:
    app = Flask("here")
    app.config["MAX_CONTENT_LENGTH"] = LIMIT

    @app.route("/", methods=["GET", "POST"])
    def here() -> Response:
        bodies.append(len(request.get_data()))
        return Response(LARGE)

    app.register_error_handler(413, lambda _: Response("ours", 413, {"X-Request-Id": "r"}))
    return app


def test_law_2_no_body_and_no_answer_is_written_to_a_temporary_file(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    for name in ("TemporaryFile", "NamedTemporaryFile", "SpooledTemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, name, lambda *_, name=name, **__: opened.append(name) or 1 / 0)
    status, answer, _ = place.posts(b"x" * (3 << 20))
    assert (status, answer == LARGE) == (200, True)
    chunked = place.posts(iter([b"x" * (1 << 20)] * 3), **{"Transfer-Encoding": "chunked"})
    assert chunked[0] == 200
    # Read late, so that the answer has to wait in the server.
    slow = place.connect()
    slow.request("GET", "/")
    threading.Event().wait(0.3)
    assert slow.getresponse().read() == LARGE
    assert place.bodies == [3 << 20, 3 << 20, 0]
    assert opened == []


@pytest.mark.parametrize("chunked", [False, True])
def test_what_is_too_large_is_answered_by_the_app_even_to_who_sends_it_all(
    place: Place, chunked: bool
) -> None:
    sent = iter([b"x" * 65_536] * 320) if chunked else b"x" * (20 << 20)
    headers = {"Transfer-Encoding": "chunked"} if chunked else {}
    status, answer, told = place.posts(sent, **headers)
    assert (status, answer, told["X-Request-Id"]) == (413, b"ours", "r")
    assert told["Connection"] == "close"
    assert place.bodies == []
    assert place.posts(b"x")[0] == 200


def test_of_what_is_too_large_nothing_is_kept() -> None:
    class Adjusted:
        max_request_body_size, inbuf_overflow, max_request_header_size = 1000, 1 << 40, 1 << 18
        url_scheme = "http"

    parser = serving.Parser(Adjusted())
    parser.received(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(50):
        parser.received(b"100\r\n" + b"x" * 256 + b"\r\n")
    assert parser.refused
    assert not parser.completed
    parser.received(b"0\r\n\r\n")
    assert parser.completed
    assert parser.headers["CONTENT_LENGTH"] == "1000"
    assert parser.get_body_stream().read() == b""


@pytest.mark.parametrize("more", ["Expect: 100-continue", f"X: {'y' * 10}"])
def test_who_asks_first_or_announces_far_too_much_is_answered_before_the_body(
    place: Place, more: str
) -> None:
    length = LIMIT + 1 if more.startswith("Expect") else serving.MOST_DROPPED + 1
    with socket.create_connection(("127.0.0.1", place.port), timeout=20) as conn:
        conn.sendall(f"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n{more}\r\n\r\n".encode())
        assert conn.recv(100).startswith(b"HTTP/1.1 413")


def test_hundreds_of_silent_connections_stop_nobody(place: Place) -> None:
    silent = [socket.create_connection(("127.0.0.1", place.port), timeout=5) for _ in range(300)]
    try:
        for one in silent:
            one.sendall(b"POST / HTTP/1.1\r\n")
        assert place.posts(b"x")[0] == 200
    finally:
        for one in silent:
            one.close()


def test_silent_connections_end_soon_and_few_open_files_are_heeded(sqlite_storage: Storage) -> None:
    told = serving.options(Settings(sqlite_storage), files=1024)
    assert told["connection_limit"] < 1024
    assert told["channel_timeout"] + told["cleanup_interval"] <= 30
    assert serving.options(Settings(sqlite_storage), files=100_000)["connection_limit"] == 2_000


# --- what is no request ----------------------------------------------------------------------------------


def says(place: Place, raw: bytes) -> tuple[int, dict[str, Any], http.client.HTTPResponse]:
    """What is answered to these bytes."""
    with socket.create_connection(("127.0.0.1", place.port), timeout=20) as client:
        client.sendall(raw)
        answer = http.client.HTTPResponse(client)
        answer.begin()
        return answer.status, json.loads(answer.read()), answer


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"GET /hopkins HTTP/1.1\r\nX-Long: " + b"hopkins" * 50_000 + b"\r\n\r\n", 431, "too-long"),
        (b"GET /hopkins HTTP/1.1\r\nno colon hopkins\r\n\r\n", 400, "structure"),
        (b"hopkins\r\n\r\n", 400, "structure"),
        (b"POST / HTTP/1.1\r\nContent-Length: hopkins\r\n\r\n", 400, "structure"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: hopkins\r\n\r\n", 501, "not-supported"),
    ],
    ids=["headers", "header", "line", "length", "encoding"],
)
def test_what_cannot_be_read_is_answered_with_an_outcome_that_repeats_nothing(
    place: Place, raw: bytes, status: int, code: str
) -> None:
    told, body, answer = says(place, raw)
    assert (told, body["resourceType"], body["issue"][0]["code"]) == (status, "OperationOutcome", code)
    assert (answer.headers["Content-Type"] or "").startswith("application/fhir+json")
    assert "hopkins" not in json.dumps(body) + str(answer.headers)
    assert place.posts(b"next")[0] == 200
    assert place.bodies == [4], "the app was asked for the next one only"


@pytest.mark.parametrize("end", ["\r\n\r\n", "\r\nX-"], ids=["body", "headers"])
def test_what_comes_a_byte_at_a_time_is_408_and_the_next_is_served(
    place: Place, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr(serving, "PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(serving, "LEAST_BYTES", 1_000_000)
    with socket.create_connection(("127.0.0.1", place.port), timeout=20) as slow:
        slow.sendall(b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 1000" + end.encode())
        slow.settimeout(0.05)
        said = b""
        for _ in range(200):
            assert place.bodies.count(1000) == 0
            try:
                slow.sendall(b"x")
                said += slow.recv(65_536)
            except TimeoutError:
                continue
            except OSError:
                break
            if b"OperationOutcome" in said:
                break
        assert said.partition(b"\r\n")[0].endswith(b" 408 Request Timeout")
        assert b"OperationOutcome" in said
    assert place.posts(b"next")[0] == 200


def test_a_body_that_comes_slowly_but_steadily_is_taken(place: Place) -> None:
    with socket.create_connection(("127.0.0.1", place.port), timeout=20) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 30\r\nConnection: close\r\n\r\n")
        for _ in range(30):
            client.sendall(b"x")
        answer = http.client.HTTPResponse(client)
        answer.begin()
        assert (answer.status, place.bodies) == (200, [30])
