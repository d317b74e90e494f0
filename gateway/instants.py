"""Times as FHIR writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime


def instant(micros: int) -> str:
    """A FHIR instant in UTC with milliseconds, from microseconds since 1970."""
    return datetime.fromtimestamp(micros // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + (
        f"{micros // 1000 % 1000:03d}Z"
    )


def day(micros: int) -> date:
    """The day in UTC."""
    return datetime.fromtimestamp(micros // 1_000_000, UTC).date()
