"""A process that hangs, one that is busy, one that starts, and one who asks that stood still itself."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.custody.identity.vault import open_vault
from gateway.custody.settings import Storage
from gateway.run.pulse import STARTING_SECONDS, Pulse, databases_answer

PATIENCE = 8.0


class Other:
    """The process at the other end, which answers or not, and finishes requests or not."""

    def __init__(self) -> None:
        ours, self.theirs = socket.socketpair()
        self.theirs.setblocking(False)
        self.finished = 0
        self.pulse = Pulse(ours, lambda: self.finished, PATIENCE)
        self.now = 1000.0
        self.asked = 0

    def passes(self, seconds: float, *, answers: bool = False, works: bool = False) -> bool:
        """Whether it was found to hang within these seconds, looked at ten times a second."""
        for _ in range(round(seconds * 10)):
            self.now += 0.1
            if self.pulse.hangs(self.now):
                return True
            if works:
                self.finished += 1
            if answers and self._question():
                self.theirs.send(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
        return False

    def _question(self) -> bool:
        try:
            said = self.theirs.recv(1000)
        except BlockingIOError:
            return False
        assert said.startswith(b"GET /pulse HTTP/1.1\r\n")
        self.asked += 1
        return bool(said)


@pytest.fixture
def other() -> Iterator[Other]:
    made = Other()
    yield made
    made.pulse.close()
    made.theirs.close()


def test_one_that_answers_lives_and_is_not_asked_all_the_time(other: Other):
    assert not other.passes(100, answers=True)
    assert 40 <= other.asked <= 55, "every two seconds"


def test_one_that_answers_no_more_hangs_after_its_patience_and_not_before(other: Other):
    assert not other.passes(5, answers=True)
    assert not other.passes(PATIENCE - 0.5)
    assert other.passes(PATIENCE)


def test_one_that_finishes_requests_is_busy_however_long_the_question_waits(other: Other):
    assert not other.passes(5, answers=True)
    assert not other.passes(10 * PATIENCE, works=True)
    assert other.passes(PATIENCE + 1)


def test_one_that_starts_has_more_time(other: Other):
    assert not other.passes(STARTING_SECONDS - 1)
    assert other.passes(2)


def test_who_asks_and_stood_still_itself_blames_nobody(other: Other):
    assert not other.passes(5, answers=True)
    assert not other.passes(3)
    other.now += 3600
    assert not other.passes(1)
    assert not other.passes(20, answers=True)


def test_a_connection_that_is_gone_is_no_answer(other: Other):
    assert not other.passes(5, answers=True)
    other.theirs.close()
    assert other.passes(PATIENCE + 3)


def test_the_answer_is_about_both_stores(sqlite_storage: Storage):
    vault = open_vault(sqlite_storage)
    assert databases_answer(vault)
    vault.close()
    file: Path = sqlite_storage.data_dir / "keys.db"
    file.rename(file.with_suffix(".away"))
    assert not databases_answer(vault)
    vault.close()
