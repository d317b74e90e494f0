"""What a process may say about its work: key=value lines on stderr, and nothing that came from a record.

An exception is named by its kind and the line that raised it, never by its text or its frames' values: the
texts of other people's libraries quote what they were given.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
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


class _Foreign(logging.Handler):
    """Other libraries' warnings: the unformatted message, because its arguments may be anything."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        more = {"error": named(error)} if error is not None else {}
        text = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
        log = structlog.get_logger()
        log.log(record.levelno, text.split("\n", 1)[0][:200], logger=record.name, **more)
