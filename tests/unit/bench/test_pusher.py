"""The sender keeps its connections, counts what it sent, and stops at the first refusal."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench.bundles import Bundle
from bench.pusher import NotAccepted, Target, push, push_apart


class Gateway(ThreadingHTTPServer):
    """Something that answers as told and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.status = 200
        self.seen: list[tuple[str, str, bytes]] = []
        self.peers: set[object] = set()


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Gateway

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, self.headers["Authorization"], body))
        self.server.peers.add(self.client_address)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def bundles(count: int) -> list[Bundle]:
    return [Bundle(b"%d" % number, number) for number in range(count)]


def target(gateway: Gateway) -> Target:
    return Target(f"http://127.0.0.1:{gateway.server_port}", "secret")


def test_each_bundle_is_sent_once_with_the_token(gateway: Gateway):
    pushed = push(target(gateway), bundles(7), 2)
    assert sorted(body for _, _, body in gateway.seen) == sorted(b.body for b in bundles(7))
    assert {(path, token) for path, token, _ in gateway.seen} == {("/fhir", "Bearer secret")}
    assert sorted(p.resources for p in pushed) == list(range(7))
    assert all(p.answered > p.sent for p in pushed)


@pytest.mark.parametrize("connections", [1, 3])
def test_connections_are_kept(gateway: Gateway, connections: int):
    push(target(gateway), bundles(9), connections)
    assert len(gateway.peers) == connections


def test_a_refusal_ends_the_run(gateway: Gateway):
    gateway.status = 422
    with pytest.raises(NotAccepted, match="422"):
        push(target(gateway), bundles(3), 1)
    assert len(gateway.seen) == 1


def test_it_pushes_from_another_process(gateway: Gateway):
    assert len(push_apart(target(gateway), bundles(2), 1)) == 2
