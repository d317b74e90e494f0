"""Requests are fired for as long as was said, over as many connections, and only expected answers count."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from bench.pusher import NotAccepted, Target
from bench.volley import Shot, fire, fire_apart


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: ClassVar[list[tuple[str, str, str | None]]] = []

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self.rfile.read(length)
        self.seen.append((self.command, self.path, self.headers["Authorization"]))
        self.send_response(304 if "If-None-Match" in self.headers else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = _answer  # noqa: N815 - the names that the library calls

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def target() -> Iterator[Target]:
    Answering.seen.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Target(f"http://127.0.0.1:{server.server_port}", "secret")
    server.shutdown()
    server.server_close()


def test_it_asks_for_one_after_the_other_with_the_token(target: Target):
    found = fire(target, [Shot("GET", "Patient/a", 200), Shot("GET", "Patient/b", 200)], 1, 0.2)
    assert len(found) == len(Answering.seen) > 2
    assert Answering.seen[:2] == [
        ("GET", "/fhir/Patient/a", "Bearer secret"),
        ("GET", "/fhir/Patient/b", "Bearer secret"),
    ]
    assert all(one.answered >= one.sent for one in found)


def test_connections_begin_at_different_places(target: Target):
    shots = [Shot("GET", f"Patient/{number}", 200) for number in range(20)]
    fire(target, shots, 3, 0.1)
    assert {path for _, path, _ in Answering.seen} >= {f"/fhir/Patient/{n}" for n in (0, 7, 14)}


def test_a_transaction_goes_to_the_base_and_counts_its_entries(target: Target):
    found = fire(target, [Shot("POST", "", 200, b"{}", resources=20)], 1, 0.1)
    assert {path for _, path, _ in Answering.seen} == {"/fhir"}
    assert {one.resources for one in found} == {20}


def test_headers_of_its_own_are_sent(target: Target):
    assert fire(target, [Shot("GET", "CarePlan", 304, headers={"If-None-Match": 'W/"1"'})], 1, 0.1)


def test_an_answer_that_was_not_expected_ends_the_run(target: Target):
    with pytest.raises(NotAccepted, match="answered 200 and not 201"):
        fire(target, [Shot("POST", "Patient", 201, b"{}")], 1, 5)


def test_it_runs_in_a_process_of_its_own(target: Target):
    assert fire_apart(target, [Shot("GET", "Patient/a", 200)], 2, 0.1)
