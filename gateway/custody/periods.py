"""How long something is kept, as a records manager writes it: ``10y``, ``18m``, ``90d``. Pure.

A year is a calendar year. Where the calendar has no such day, the one before counts: nothing goes early.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_FORM = re.compile(r"([1-9][0-9]{0,4})([ymd])")
_MONTHS = {"y": 12, "m": 1}
_SECOND = 1_000_000

NEVER = -1
"""Before all times: nothing was written so long ago."""


@dataclass(frozen=True, slots=True)
class Period:
    """So many years, months or days."""

    count: int
    unit: str

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"

    def before(self, now: int) -> int:
        """The moment (microseconds since 1970, UTC) that lies this long before ``now``."""
        today = datetime.fromtimestamp(now // _SECOND, UTC)
        try:
            then = self._moved(today, -self.count)
        except (OverflowError, ValueError):
            return NEVER
        return max(int(then.timestamp()) * _SECOND + now % _SECOND, NEVER)

    def after(self, now: int) -> datetime:
        """The moment that lies this long after ``now``; the end of the calendar for one behind it."""
        try:
            return self._moved(datetime.fromtimestamp(now // _SECOND, UTC), self.count)
        except (OverflowError, ValueError):
            return datetime.max.replace(tzinfo=UTC)

    def _moved(self, today: datetime, count: int) -> datetime:
        if self.unit == "d":
            return today + timedelta(days=count)
        months = today.year * 12 + today.month - 1 + count * _MONTHS[self.unit]
        year, month = divmod(months, 12)
        return today.replace(year=year, month=month + 1, day=min(today.day, monthrange(year, month + 1)[1]))


def parse(text: str) -> Period | None:
    """The period that a text means; None when it means none."""
    found = _FORM.fullmatch(text)
    return Period(int(found[1]), found[2]) if found else None
