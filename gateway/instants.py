"""Times as FHIR writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache


def instant(micros: int) -> str:
    """A FHIR instant in UTC with milliseconds, from microseconds since 1970."""
    seconds, rest = divmod(micros, 1_000_000)
    return f"{second(seconds)}.{rest // 1000:03d}Z"


@lru_cache(1024)
def second(seconds: int) -> str:
    """Date and time in UTC to the second, without a zone; what comes side by side is mostly of one second."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19]


def day(micros: int) -> date:
    """The day in UTC."""
    return datetime.fromtimestamp(micros // 1_000_000, UTC).date()
