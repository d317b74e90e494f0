"""Calendar months in UTC: what the trail is divided by, and what an archive takes at a time. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

_MICROS = 1_000_000
_FORM = re.compile(r"([0-9]{4})[-_](0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """One month: ``number`` is 1 for January."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    @classmethod
    def of(cls, moment: int) -> Month:
        """The month of a moment (microseconds since 1970)."""
        then = datetime.fromtimestamp(moment // _MICROS, UTC)
        return cls(then.year, then.month)

    @property
    def start(self) -> int:
        """The first microsecond of it, since 1970."""
        return int(datetime(self.year, self.number, 1, tzinfo=UTC).timestamp()) * _MICROS

    @property
    def end(self) -> int:
        """The first microsecond after it."""
        return self.later(1).start

    def later(self, months: int) -> Month:
        """So many months after it, or before it where negative."""
        year, number = divmod(self.year * 12 + self.number - 1 + months, 12)
        return Month(year, number + 1)


def parse(text: str) -> Month | None:
    """The month that a text such as ``2026-11`` means; None when it means none."""
    found = _FORM.fullmatch(text)
    return Month(int(found[1]), int(found[2])) if found and int(found[1]) else None
