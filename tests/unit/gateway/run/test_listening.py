"""One address, bound once and passed on."""

from __future__ import annotations

import os
import socket

import pytest

from gateway.run.listening import Listening
from gateway.run.trouble import Trouble


@pytest.fixture
def bound() -> Listening:
    made = Listening.bound("127.0.0.1", 0)
    yield made
    made.close()


def test_who_connects_waits_in_the_queue_before_anybody_serves(bound: Listening):
    with socket.create_connection(("127.0.0.1", bound.port), timeout=5) as client:
        client.sendall(b"x")


def test_an_address_that_is_taken_is_one_line_with_the_way_out(bound: Listening):
    with pytest.raises(Trouble, match=f"127.0.0.1:{bound.port} cannot be served .*--port") as trouble:
        Listening.bound("127.0.0.1", bound.port)
    assert "\n" not in str(trouble.value)


@pytest.mark.parametrize(
    ("host", "port"), [("127.0.0.1", 70_000), ("192.0.2.1", 8080), ("nowhere.invalid", 1)]
)
def test_an_address_that_cannot_be_had_is_one_line(host: str, port: int):
    with pytest.raises(Trouble, match="cannot be served"):
        Listening.bound(host, port)


def test_what_is_passed_is_the_same_socket(bound: Listening):
    passed = Listening.passed([os.dup(handle) for handle in bound.handles])
    assert passed.port == bound.port
    bound.close()
    with socket.create_connection(("127.0.0.1", passed.port), timeout=5):
        taken, _ = passed.sockets[0].accept()
        taken.close()
    passed.close()


def test_every_address_of_a_name_has_the_same_port(monkeypatch: pytest.MonkeyPatch):
    twice = [(socket.AF_INET, 1, 6, "", (host, 0)) for host in ("127.0.0.1", "127.0.0.2")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: twice)
    made = Listening.bound("localhost", 0)
    assert [one.getsockname() for one in made.sockets] == [
        ("127.0.0.1", made.port),
        ("127.0.0.2", made.port),
    ]
    made.close()


def test_of_an_address_that_is_taken_in_part_nothing_is_kept(
    bound: Listening, monkeypatch: pytest.MonkeyPatch
):
    both = [(socket.AF_INET, 1, 6, "", (host, bound.port)) for host in ("127.0.0.2", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    with pytest.raises(Trouble):
        Listening.bound("localhost", bound.port)
    with socket.create_server(("127.0.0.2", bound.port)):
        pass
