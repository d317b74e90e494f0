"""Days on which something turns: spans of months, birthdays, and ages known to the month.

Every predicate that reads today's date goes through here and gives back the day on which it turns, so
nothing in the engine can depend on time in secret.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from mappers.facts import Person, Truth
from workers.engine.answer import Answer, all_of, negate, unknown

DAY = timedelta(days=1)
ISO = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?")


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time as guidelines say it: months, then days."""

    months: int
    days: int = 0

    @classmethod
    def parse(cls, text: str) -> Span | None:
        """An ISO 8601 duration of years, months, weeks and days; None when it is not one, or is empty."""
        found = ISO.fullmatch(text)
        if found is None:
            return None
        years, months, weeks, days = (int(part or 0) for part in found.groups())
        span = cls(12 * years + months, 7 * weeks + days)
        return span if span.months or span.days else None

    def after(self, day: date) -> date:
        """The day that lies this span later; a month's end stays a month's end."""
        year, month = divmod(day.year * 12 + day.month - 1 + self.months, 12)
        start = date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
        return start + timedelta(days=self.days)

    def __str__(self) -> str:
        years, months = divmod(self.months, 12)
        parts = [(years, "year"), (months, "month"), (self.days, "day")]
        return " ".join(f"{count} {unit}{'s' * (count != 1)}" for count, unit in parts if count)


def reached(today: date, day: date) -> Answer:
    """Whether a day has come."""
    return Answer(Truth.TRUE) if today >= day else Answer(Truth.FALSE, until=day)


def birthday(born: date, years: int) -> date:
    """The first day on which somebody born then is that many years old (1 March after a leap day)."""
    try:
        return born.replace(year=born.year + years)
    except ValueError:
        return date(born.year + years, 3, 1)


def at_least(person: Person, years: int, today: date) -> Answer:
    """Whether a person is that old; unknown between the first and the last day that the birthday can be."""
    if person.born is None or person.born[0] > today:
        return unknown("date of birth")
    first, last = (birthday(born, years) for born in person.born)
    if today >= last:
        return Answer(Truth.TRUE, evidence=(person.evidence,))
    if today < first:
        return Answer(Truth.FALSE, until=first, evidence=(person.evidence,))
    return Answer(
        Truth.UNKNOWN, last, (f"day of birth (turns {years} in this month)",), evidence=(person.evidence,)
    )


def age_within(person: Person, ages: tuple[int, int | None], today: date) -> Answer:
    """Whether a person's age lies in a range, both ends included."""
    low, high = ages
    old_enough = at_least(person, low, today)
    return old_enough if high is None else all_of((old_enough, negate(at_least(person, high + 1, today))))
