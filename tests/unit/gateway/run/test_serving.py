"""The server itself, on a real socket: nothing in temporary files, what is too large answered by the app,
connections shared between processes, and an end that cuts nobody off."""

from __future__ import annotations

import http.client
import socket
import tempfile
import threading
import time
from collections.abc import Callable

import pytest

from gateway.board import Board, shared
from gateway.custody.settings import Storage
from gateway.run import serving
from gateway.run.listening import Listening
from gateway.run.parsing import MOST_DROPPED
from gateway.settings import Settings
from tests.unit.gateway.run.conftest import LARGE, LIMIT, Place


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


@pytest.mark.parametrize("more", ["Expect: 100-continue", f"X: {'y' * 10}"])
def test_who_asks_first_or_announces_far_too_much_is_answered_before_the_body(
    place: Place, more: str
) -> None:
    length = LIMIT + 1 if more.startswith("Expect") else MOST_DROPPED + 1
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


# --- several processes at one socket ----------------------------------------------------------------------


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.01)


def test_connections_that_stay_are_shared_out(serving_at: Callable[..., Place]) -> None:
    listening, board = Listening.bound("127.0.0.1", 0), Board.opened(shared(2))
    for number in range(2):
        serving_at(Listening([one.dup() for one in listening.sockets]), board, number)
    until(lambda: board.serving() == 2)
    kept = []
    for count in range(1, 9):
        kept.append(socket.create_connection(("127.0.0.1", listening.port)))
        until(lambda count=count: sum(place.connections for place in board.gateways) == count)
    assert [place.connections for place in board.gateways] == [4, 4]
    for one in kept:
        one.close()
    listening.close()


def test_a_connection_that_the_other_does_not_want_is_taken_all_the_same(
    serving_at: Callable[..., Place],
) -> None:
    board = Board.opened(shared(2))
    board.gateways[1].serving = True
    place = serving_at(None, board, 0)
    kept = [place.connect() for _ in range(5)]
    for one in kept:
        one.request("POST", "/", body=b"x")
        assert one.getresponse().read() == LARGE
    assert board.gateways[0].connections == 5


def test_head_and_body_of_an_answer_leave_together(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[bytes] = []
    plain = serving.Channel.send
    monkeypatch.setattr(
        serving.Channel, "send", lambda self, data, **k: sent.append(data) or plain(self, data, **k)
    )
    place.holding.set()
    connection = place.connect()
    connection.request("GET", "/wait")
    assert connection.getresponse().read() == b"waited"
    (one,) = sent
    assert one.startswith(b"HTTP/1.1 200")
    assert one.endswith(b"\r\n\r\nwaited")


# --- its end ------------------------------------------------------------------------------------------------


def test_what_runs_is_answered_in_full_and_nothing_new_is_taken(place: Place) -> None:
    running, idle, port = place.connect(), place.connect(), place.port
    idle.request("POST", "/", body=b"x")
    idle.getresponse().read()
    running.request("GET", "/wait")
    until(lambda: place.bodies == [1, 0])
    place.server.leave()
    until(lambda: not place.board.serving())
    assert idle.sock.recv(1) == b"", "an idle connection is closed at once"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    place.holding.set()
    answer = running.getresponse()
    assert (answer.status, answer.read()) == (200, b"waited")
    place.thread.join(10)
    assert not place.thread.is_alive()


def test_who_asks_while_it_leaves_is_told_that_the_connection_ends(place: Place) -> None:
    connection = place.connect()
    connection.connect()
    # Half of a request: it is waited for.
    connection.sock.sendall(b"GET /wait HTTP/1.1\r\nHost: h\r\n")
    until(lambda: any(door.active_channels for door in place.server.doors))
    threading.Event().wait(0.1)
    place.server.leave()
    until(lambda: not place.board.serving())
    place.holding.set()
    connection.sock.sendall(b"\r\n")
    answer = http.client.HTTPResponse(connection.sock)
    answer.begin()
    assert (answer.read(), answer.headers["Connection"]) == (b"waited", "close")


def test_what_takes_too_long_is_not_waited_for(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "FINISH_SECONDS", 0.2)
    connection = place.connect()
    connection.request("GET", "/wait")
    until(lambda: place.bodies == [0])
    place.server.leave()
    place.thread.join(5)
    assert not place.thread.is_alive()
    with pytest.raises((OSError, http.client.HTTPException)):
        connection.getresponse()
