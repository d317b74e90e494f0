"""Numbers as the rules see them: with bounds, by day, fresh enough, and taken in the right place.

A laboratory's ``<5`` or ``>60`` is a range, and so is an eGFR of somebody whose birthday fell in the
month of the test. A day's value is the mean of that day's readings, so their order never matters.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, localcontext
from itertools import groupby

from mappers.facts import Evidence, Measurement, Setting
from workers.engine.calendar import DAY, Span

AMBULATORY = frozenset({Setting.AMBULATORY, Setting.UNKNOWN})
ANYWHERE = frozenset(Setting)
PERSISTENCE = timedelta(days=90)
DIGITS = 28


@dataclass(frozen=True, slots=True)
class Reading:
    """One value, or the two ends between which it lies."""

    low: Decimal
    high: Decimal
    when: date
    setting: Setting
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Lens:
    """How a rule looks at numbers: where they were taken, and how old each may be (None: any age)."""

    settings: frozenset[Setting] = ANYWHERE
    ages: Mapping[str, Span | None] = field(default_factory=dict)

    def at(self, analytes: tuple[str, ...]) -> tuple[Hashable, ...]:
        """All that matters of it for some analytes: rules that look alike share what was looked up."""
        return (self.settings, *(self.ages[analyte] for analyte in analytes)) if analytes else ()


def reading(measurement: Measurement) -> Reading:
    """A measurement with its comparator turned into the range that it stands for."""
    low, high = _ends(measurement.value, measurement.comparator)
    return Reading(low, high, measurement.when, measurement.setting, (measurement.evidence,))


def _ends(value: Decimal, comparator: str | None) -> tuple[Decimal, Decimal]:
    if comparator is None:
        return value, value
    with localcontext(prec=DIGITS):
        ends = {
            "<": (Decimal(0), value.next_minus()),
            "<=": (Decimal(0), value),
            ">": (value.next_plus(), Decimal("Infinity")),
            ">=": (value, Decimal("Infinity")),
        }
    return ends.get(comparator, (Decimal(0), Decimal("Infinity")))


def by_day(readings: Iterable[Reading]) -> tuple[Reading, ...]:
    """One reading a day, oldest first."""
    ordered = sorted(readings, key=lambda one: (one.when, one.evidence, one.low, one.high))
    return tuple(_mean(list(group)) for _, group in groupby(ordered, key=lambda one: one.when))


def _mean(group: list[Reading]) -> Reading:
    if len(group) == 1:
        return group[0]
    settings = {one.setting for one in group}
    with localcontext(prec=DIGITS):
        return Reading(
            sum((one.low for one in group), Decimal(0)) / len(group),
            sum((one.high for one in group), Decimal(0)) / len(group),
            group[0].when,
            settings.pop() if len(settings) == 1 else Setting.UNKNOWN,
            tuple(sorted({piece for one in group for piece in one.evidence})),
        )


def stale_on(one: Reading, age: Span) -> date:
    """The first day on which a reading is too old."""
    return age.after(one.when) + DAY


def persisting(days: tuple[Reading, ...]) -> tuple[Reading, ...]:
    """The newest day's value and those before it, back to the nearest that is 90 days older; or nothing."""
    if not days:
        return ()
    earlier = [one for one in days if one.when <= days[-1].when - PERSISTENCE]
    return days[days.index(earlier[-1]) :] if earlier else ()
