"""Logs name what happened and never what it happened to."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pytest
import structlog

from gateway.custody import logs

SECRET = "Ann Example, born 1950"


@pytest.fixture(autouse=True)
def _configured() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    logs.configure("worker")
    yield
    root.handlers[:], root.level = before[0], before[1]
    structlog.reset_defaults()


def boom() -> None:
    raise ValueError(SECRET)


def test_law_2_an_exceptions_text_is_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        boom()
    except ValueError as error:
        structlog.get_logger().error("job failed", job="ab", exc_info=error)
    said = capsys.readouterr().err
    assert SECRET not in said
    assert "part=worker" in said
    assert 'event="job failed"' in said
    assert "ValueError at test_logs.py:" in said


def test_law_2_other_libraries_arguments_and_exceptions_are_not_logged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = logging.getLogger("somebody.else")
    log.warning("could not parse %s", SECRET)
    log.info("chatter")
    try:
        boom()
    except ValueError:
        log.exception("failed: %r", SECRET)
    log.error(ValueError(SECRET))
    said = capsys.readouterr().err
    assert SECRET not in said
    assert len(said.splitlines()) == 3
    assert "could not parse %s" in said


def test_threads_name_their_part_too(capsys: pytest.CaptureFixture[str]) -> None:
    thread = threading.Thread(target=lambda: structlog.get_logger().info("hello"))
    thread.start()
    thread.join()
    assert "part=worker" in capsys.readouterr().err


def test_an_exception_that_was_never_raised_has_a_name() -> None:
    assert logs.named(KeyError(SECRET)) == "KeyError"
