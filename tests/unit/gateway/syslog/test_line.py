"""A connection counts when it was closed in order: every other end is said to be one."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.receiver import Papers, papers
from gateway.custody.errors import Misconfigured
from gateway.syslog import line
from gateway.syslog.line import Away, Line, Target
from gateway.syslog.message import framed
from tests.receivers import Siem

Server = Callable[[ssl.SSLSocket], None]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return papers(tmp_path_factory.mktemp("papers"))


@pytest.fixture
def siem(made: Papers) -> Iterator[Siem]:
    siem = Siem(made)
    yield siem
    siem.stop()


@contextmanager
def server(made: Papers, serve: Server) -> Iterator[Target]:
    """One connection, treated as a receiver does who is not ours."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.server)
    listening = socket.create_server(("127.0.0.1", 0))

    def talk() -> None:
        plain, _ = listening.accept()
        plain.settimeout(10)
        serve(context.wrap_socket(plain, server_side=True))

    thread = threading.Thread(target=talk, daemon=True)
    thread.start()
    try:
        yield Target("localhost", listening.getsockname()[1], made.ca)
        thread.join(10)
    finally:
        listening.close()


def reads_everything(talking: ssl.SSLSocket) -> None:
    while talking.recv(1000):
        pass


def sends(target: Target, *frames: bytes) -> None:
    opened = Line(target, target.context())
    try:
        for frame in frames:
            opened.send(frame)
        opened.end()
    finally:
        opened.drop()


def away(target: Target, *frames: bytes) -> str:
    with pytest.raises(Away) as error:
        sends(target, *frames)
    return str(error.value)


def test_what_was_sent_has_been_read_when_the_end_returns(siem: Siem):
    sends(siem.target(answered=True), framed(b"one"), framed(b"two three") + framed(b""))
    assert siem.messages == ["one", "two three", ""]


def test_much_is_read_to_its_last_byte(siem: Siem):
    sends(siem.target(), *[framed(b"x" * 50_000) for _ in range(100)])
    assert [len(message) for message in siem.messages] == [50_000] * 100


def test_one_that_only_closes_is_believed_unless_an_answer_is_asked_for(made: Papers):
    def serve(talking: ssl.SSLSocket) -> None:
        reads_everything(talking)
        talking.close()

    with server(made, serve) as target:
        sends(target, framed(b"one"))
    with server(made, serve) as target:
        asked = Target(target.host, target.port, target.ca, answered=True)
        assert away(asked, framed(b"one")) == "SSLEOFError"


@pytest.mark.parametrize("answered", [False, True])
def test_one_that_dies_with_something_unread_is_not_believed(made: Papers, answered: bool):
    def serve(talking: ssl.SSLSocket) -> None:
        talking.recv(10)
        # What a kernel does for a process that was killed with bytes waiting for it.
        talking.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        talking.close()

    with server(made, serve) as target:
        away(Target(target.host, target.port, target.ca, answered=answered), *[framed(b"x" * 9_000)] * 200)


@pytest.mark.parametrize("orderly", [False, True])
def test_one_that_left_before_us_is_not_believed(made: Papers, orderly: bool):
    gone = threading.Event()

    def serve(talking: ssl.SSLSocket) -> None:
        talking.recv(1000)
        if orderly:
            talking.setblocking(False)
            with pytest.raises(ssl.SSLWantReadError):
                talking.unwrap()
        talking.close()
        gone.set()

    with server(made, serve) as target:
        opened = Line(target, target.context())
        opened.send(framed(b"one"))
        assert gone.wait(10)
        with pytest.raises(Away):
            opened.end()
        opened.drop()


def test_one_that_does_not_read_is_away(made: Papers, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(line, "ANSWER_SECONDS", 0.2)
    over = threading.Event()
    with server(made, lambda _: over.wait(10)) as target:
        assert away(target, b"x" * 20_000_000) == "TimeoutError"
        over.set()


def test_one_that_never_answers_is_away(made: Papers, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(line, "ANSWER_SECONDS", 0.2)
    over = threading.Event()

    def serve(talking: ssl.SSLSocket) -> None:
        talking.recv(1000)
        over.wait(10)

    with server(made, serve) as target:
        assert away(target, framed(b"one")) == "TimeoutError"
        over.set()


def test_nobody_there_is_away():
    free = socket.create_server(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()
    assert away(Target("localhost", port)) == "ConnectionRefusedError"


# --- whom it talks to ---------------------------------------------------------------------------------------


def test_a_server_that_nobody_vouches_for_is_told_nothing(siem: Siem, tmp_path: Path):
    target = Target("localhost", siem.port, papers(tmp_path).ca)
    assert away(target, framed(b"secret")).startswith("SSLCertVerificationError")
    assert siem.messages == []


def test_a_server_of_another_name_is_told_nothing(siem: Siem, made: Papers):
    assert away(Target("127.0.0.1", siem.port, made.ca)).startswith("SSLCertVerificationError")
    assert siem.messages == []


def test_nobody_is_believed_without_an_authority(siem: Siem):
    assert away(Target("localhost", siem.port)).startswith("SSLCertVerificationError")


def test_older_tls_is_not_spoken(made: Papers):
    assert Target("localhost", 1, made.ca).context().minimum_version is ssl.TLSVersion.TLSv1_2


def test_a_server_that_asks_who_we_are_is_told_when_we_can(made: Papers):
    siem = Siem(made, ask_client=True)
    try:
        away(siem.target(), framed(b"one"))
        assert siem.messages == []
        sends(siem.target(cert=made.client), framed(b"two"))
        assert siem.messages == ["two"]
    finally:
        siem.stop()


def test_files_that_cannot_be_used_are_named_by_their_setting(made: Papers, tmp_path: Path):
    with pytest.raises(Misconfigured, match="CARELOOM_SIEM_CA"):
        Target("x", 1, tmp_path / "none.pem").context()
    with pytest.raises(Misconfigured, match="CARELOOM_SIEM_CERT"):
        Target("x", 1, made.ca, cert=made.ca).context()
    empty = tmp_path / "empty.pem"
    empty.touch()
    with pytest.raises(Misconfigured, match="CARELOOM_SIEM_CA"):
        Target("x", 1, empty).context()
