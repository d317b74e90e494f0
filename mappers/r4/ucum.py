"""Units of one dimension, so that a search for 5 g finds 5000 mg.

The table lists units of UCUM (https://ucum.org) as they stand in laboratory and vital data, each with the
factor and offset that lead to one unit of its dimension. A unit that it does not list equals itself alone.
What UCUM counts as bare numbers but medicine does not, such as mmol/mol beside %, has a dimension of its own.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files

SYSTEM = "http://unitsofmeasure.org"


@dataclass(frozen=True, slots=True)
class Scale:
    """How a number in a unit becomes one in the unit of its dimension: ``number * factor + offset``."""

    factor: Fraction
    offset: Fraction

    def common(self, number: Fraction) -> Fraction:
        """The number in the unit of the dimension."""
        return number * self.factor + self.offset

    def own(self, common: Fraction) -> Fraction:
        """A number in the unit of the dimension, in this unit."""
        return (common - self.offset) / self.factor


@cache
def _units() -> Mapping[str, tuple[str, Scale]]:
    text = files("mappers.r4").joinpath("ucum.csv").read_text("utf-8")
    return {
        row["code"]: (row["dimension"], Scale(Fraction(row["factor"]), Fraction(row["offset"])))
        for row in csv.DictReader(text.splitlines())
    }


def scale(code: str) -> Scale | None:
    """The scale of a unit that the table lists."""
    found = _units().get(code)
    return None if found is None else found[1]


@cache
def scales(code: str) -> tuple[Scale, ...]:
    """The scales of all units of the same dimension, each once; of an unknown unit none."""
    found = _units().get(code)
    if found is None:
        return ()
    return tuple(dict.fromkeys(one for dimension, one in _units().values() if dimension == found[0]))


def comparable(one: str, other: str) -> bool:
    """Whether both units measure the same."""
    known = _units().get(one), _units().get(other)
    return known[0] is not None and known[1] is not None and known[0][0] == known[1][0]
