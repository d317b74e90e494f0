"""One patient on one day, as the rules ask about them: facts plus what was computed from them.

Each name is looked up when an expression asks for it, once per way of looking, and comes back with its
evidence and the day on which time alone would change it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, TypeVar

from mappers.facts import Facts
from workers.engine.known import Known
from workers.engine.readings import Lens, Reading, by_day, reading

Resolve = Callable[["Case", Lens], Known]
T = TypeVar("T")


class Case:
    """Facts and readings of one patient, with the answers that were already looked up."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.today: date = facts.as_of
        self._readings: dict[str, list[Reading]] = defaultdict(list)
        self._remembered: dict[tuple[Any, ...], Any] = {}
        for measurement in facts.measurements:
            if measurement.when <= self.today:
                self._readings[measurement.analyte].append(reading(measurement))

    def readings(self, analyte: str) -> tuple[Reading, ...]:
        """Every reading of an analyte, wherever it was taken."""
        return tuple(self._readings.get(analyte, ()))

    def compute(self, analyte: str, readings: Iterable[Reading]) -> None:
        """Put computed readings in the place of an analyte's own; before anything is looked up."""
        self._readings[analyte] = list(readings)

    def days(self, analyte: str, lens: Lens) -> tuple[Reading, ...]:
        """One reading a day of those that the lens lets through by setting, oldest first."""
        return self.once(
            (analyte, lens.settings),
            lambda: by_day(one for one in self.readings(analyte) if one.setting in lens.settings),
        )

    def once(self, key: tuple[Any, ...], find: Callable[[], T]) -> T:
        """The answer to a question, found the first time that it is asked."""
        if key not in self._remembered:
            self._remembered[key] = find()
        found: T = self._remembered[key]
        return found
