"""Dates as they are kept: whether a text is one, and what is left of it at the month or the year.

A clinical date stays as it was sent, precision, fraction and zone included; a date of birth loses its day.
"""

from __future__ import annotations

import re

_DAY = r"[0-9]{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12][0-9]|3[01])%s)?)?"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]{1,9})?"
_ZONE = r"(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])"
_DATE = re.compile(_DAY % f"(?:T{_CLOCK}{_ZONE})?")
_TIME = re.compile(_CLOCK)


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
