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
    assert "could not parse [withheld]" in said


@pytest.mark.parametrize(
    ("message", "arguments", "shown"),
    [
        ("Task queue depth is %d", (7,), 'event="Task queue depth is 7"'),
        ("%s (%r)", (ValueError(SECRET), SECRET), 'event="ValueError ([withheld])"'),
        ("%s (%r)", (SECRET, SECRET), 'event="a message without words of its own"'),
        ("Connected to %s", (SECRET,), 'event="Connected to [withheld]"'),
        ("took %(seconds).1f s of %(whom)s", ({"seconds": 1.25, "whom": SECRET},), "took 1.2 s of [with"),
        ("100 % sure of {}", (), 'event="100 % sure of {}"'),
    ],
)
def test_law_2_of_other_libraries_arguments_numbers_and_kinds_are_shown(
    message: str, arguments: tuple[object, ...], shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logging.getLogger("somebody.else").warning(message, *arguments)
    said = capsys.readouterr().err
    assert shown in said
    assert SECRET not in said
    assert "at=test_logs.py:" in said


def test_threads_name_their_part_too(capsys: pytest.CaptureFixture[str]) -> None:
    thread = threading.Thread(target=lambda: structlog.get_logger().info("hello"))
    thread.start()
    thread.join()
    assert "part=worker" in capsys.readouterr().err


def test_an_exception_that_was_never_raised_has_a_name() -> None:
    assert logs.named(KeyError(SECRET)) == "KeyError"


def test_law_2_a_message_that_cannot_be_formatted_is_shown_as_it_was_written() -> None:
    record = logging.makeLogRecord({"msg": "odd %d and %s", "args": (SECRET, SECRET)})
    assert logs._shown(record) == "odd %d and %s"


def test_requests_that_wait_say_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("waitress.queue").warning("Task queue depth is %d", 7)
    assert capsys.readouterr().err == ""
    logging.getLogger("waitress").warning("Something else")
    assert "waitress" in capsys.readouterr().err
