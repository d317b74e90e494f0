"""What one name of an expression stands for in one patient: a value, or what is missing in its place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum

from mappers.facts import Evidence, Truth

Scalar = Decimal | date | bool | str


class Type(Enum):
    """The types of named facts. Quantities are plain numbers in the unit of their analyte."""

    NUMBER = "number"
    DATE = "date"
    BOOLEAN = "boolean"
    STRING = "string"


@dataclass(frozen=True, slots=True)
class Known:
    """``values``: one value, the two ends of a range, or none when it is missing for the reason ``gap``."""

    values: tuple[Scalar, ...]
    evidence: tuple[Evidence, ...] = ()
    until: date | None = None
    gap: str = ""

    def __str__(self) -> str:
        return "–".join(spell(value) for value in self.values) or "not known"


def exactly(value: Scalar, evidence: tuple[Evidence, ...] = (), until: date | None = None) -> Known:
    """A name with one value."""
    return Known((value,), evidence, until)


def between(low: Decimal, high: Decimal, evidence: tuple[Evidence, ...], until: date | None) -> Known:
    """A number, or the range in which it lies."""
    return Known((low,) if low == high else (low, high), evidence, until)


def absent(gap: str, until: date | None = None, evidence: tuple[Evidence, ...] = ()) -> Known:
    """A name without a value, and what would give it one."""
    return Known((), evidence, until, gap)


def from_truth(truth: Truth, gap: str, evidence: tuple[Evidence, ...] = ()) -> Known:
    """A three-valued answer as a name."""
    return absent(gap) if truth is Truth.UNKNOWN else exactly(truth is Truth.TRUE, evidence)


def spell(value: Scalar) -> str:
    """A value as a sentence shows it: at most two decimals, none that say nothing."""
    if isinstance(value, Decimal) and value.is_finite():
        short = value if value.as_tuple().exponent >= -2 else round(value, 2)  # type: ignore[operator]
        return f"{short:f}"
    if isinstance(value, date):
        return value.isoformat()
    return "any higher value" if isinstance(value, Decimal) else str(value)
