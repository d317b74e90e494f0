"""Dates as they are kept: whether a text is one, what is left of it at the month or the year, and a shift.

A clinical date stays as it was sent, precision, fraction and zone included; a date of birth loses its day.
A shift moves the day by whole days and touches neither clock nor zone, so that every interval between two
whole dates survives; ``without_clock`` then sets the clock to midnight. A date known to the month or the year
moves with the middle of it and keeps its precision, so what is told may be the month, or the year, beside the
one that the shifted event lies in.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

_DAY = r"[0-9]{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12][0-9]|3[01])%s)?)?"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]{1,9})?"
_ZONE = r"(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])"
_DATE = re.compile(_DAY % f"(?:T{_CLOCK}{_ZONE})?")
_TIME = re.compile(_CLOCK)
_CLOCKED = re.compile(f"^{_CLOCK}")
_MIDDLE = {4: "-07-02", 7: "-15", 10: ""}
"""What completes a year, a month and a day to the day in its middle."""


def is_date(value: object) -> bool:
    """Whether a value is a date, dateTime or instant of R4."""
    return type(value) is str and _DATE.fullmatch(value) is not None


def is_time(value: object) -> bool:
    """Whether a value is a time of day."""
    return type(value) is str and _TIME.fullmatch(value) is not None


def month(value: object) -> str | None:
    """The date to the month at most: ``1974-12-25`` becomes ``1974-12``."""
    return str(value)[:7] if is_date(value) else None


def year(value: object) -> str | None:
    """The year of a date."""
    return str(value)[:4] if is_date(value) else None


def without_clock(told: str) -> str:
    """The date at midnight of its own zone: a clock is the same before every reader, whatever the shift."""
    day, clock, rest = told.partition("T")
    return f"{day}T00:00:00{_CLOCKED.sub('', rest)}" if clock else day


def shifted(value: object, days: int) -> str | None:
    """The date so many days later, in the precision, clock and zone in which it was written.

    None for what is no day of the calendar, and for a day that the shift moves out of it.
    """
    if not is_date(value):
        return None
    day, clock, rest = str(value).partition("T")
    try:
        moved = date.fromisoformat(day + _MIDDLE[len(day)]) + timedelta(days=days)
    except (ValueError, OverflowError):
        return None
    return f"{moved.isoformat()[: len(day)]}{clock}{rest}"
