"""What a process may say about its work: key=value lines on stderr, and nothing that came from a record.

An exception is named by its kind and the line that raised it, never by its text or its frames' values: the
texts of other people's libraries quote what they were given.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

_ORDER = ("time", "level", "part", "event")


def configure(part: str) -> None:
    """Send this process's logs to stderr, each line naming the part of Careloom that it came from."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            lambda _log, _name, event: {**event, "part": part},
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            _name_the_exception,
            structlog.processors.LogfmtRenderer(key_order=_ORDER, drop_missing=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
    root = logging.getLogger()
    root.handlers[:] = [_Foreign()]
    root.setLevel(logging.WARNING)
    # Deprecations are for us at development time, not for an operator.
    logging.getLogger("py.warnings").setLevel(logging.ERROR)
    # A line for each request that waits says nothing that the metrics do not, and would fill the disk.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)


def named(error: BaseException) -> str:
    """The kind of an exception and where it was raised: ``KeyError at plan.py:41``."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    return type(error).__name__ + where


def _name_the_exception(_log: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    error = event.pop("exc_info", None)
    if isinstance(error, BaseException):
        event["error"] = named(error)
    return event


def unsaid(*_: object) -> None:
    """In place of what a library prints bare: not in our form, and at moments when nobody may take a lock."""


class _Foreign(logging.Handler):
    """Other libraries' warnings. Of their arguments only numbers and the kinds of exceptions are shown,
    because the rest may be anything."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        more = {"error": named(error)} if error is not None else {}
        log = structlog.get_logger()
        where = f"{record.filename}:{record.lineno}"
        log.log(record.levelno, _shown(record), logger=record.name, at=where, **more)


class _Withheld:
    """Stands for an argument in a message, however it is to be formatted."""

    def __repr__(self) -> str:
        return "[withheld]"

    def __format__(self, _how: str) -> str:
        return repr(self)

    def __getitem__(self, _part: object) -> _Withheld:
        return self


def _shown(record: logging.LogRecord) -> str:
    if not isinstance(record.msg, str):
        return type(record.msg).__name__
    text = record.msg
    if record.args:
        try:
            text %= _safe_arguments(record.args)
        except (TypeError, ValueError, KeyError, LookupError):
            text = record.msg
    # A message that was put together beforehand may hold more on its other lines.
    text = text.split("\n", 1)[0][:200]
    said = any(character.isalpha() for character in text.replace("[withheld]", ""))
    return text if said else "a message without words of its own"


def _safe_arguments(given: Any) -> Any:
    if isinstance(given, Mapping):
        return {name: _safe(value) for name, value in given.items()}
    return tuple(_safe(value) for value in given)


def _safe(value: object) -> object:
    if isinstance(value, int | float):
        return value
    return type(value).__name__ if isinstance(value, BaseException) else _Withheld()
