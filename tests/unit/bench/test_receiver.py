"""The receiver takes what RFC 5425 calls a frame, and nothing else."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from bench.receiver import Papers, Receiver, papers
from gateway.syslog.line import Away, Line, Target


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return papers(tmp_path_factory.mktemp("papers"))


def sent(made: Papers, content: bytes) -> list[bytes]:
    taken: list[bytes] = []
    with Receiver(made, taken.append) as receiver:
        target = Target("localhost", receiver.port, made.ca, answered=True)
        line = Line(target, target.context())
        try:
            line.send(content)
            line.end()
        finally:
            line.drop()
    return taken


def test_frames_are_told_apart_by_their_length(made: Papers):
    assert sent(made, b"3 a 1" + b"5 4 5 6" + b"0 " + b"2 b\n") == [b"a 1", b"4 5 6", b"", b"b\n"]


@pytest.mark.parametrize("content", [b"no frame", b"5 abc", b"x 3 abc"])
def test_what_is_no_frame_breaks_the_connection(made: Papers, content: bytes):
    with pytest.raises(Away):
        sent(made, content)


def test_the_papers_are_their_owner_s(made: Papers):
    for path in (made.ca, made.server, made.client):
        assert path.stat().st_mode & 0o077 == 0
    ssl.create_default_context(cafile=made.ca)
    assert Path(made.server).read_text().count("BEGIN") == 2
