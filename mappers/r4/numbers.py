"""Numbers of search: the interval that a quantity means, and buckets that keep the order of intervals.

A bucket is the upper bits of the number as an IEEE double: sign, exponent and four bits of the mantissa, so
sixteen buckets to each doubling. Greater numbers never have smaller buckets, equal numbers have equal ones,
and a row tells a number to about six per cent, no more.

R4 lets a number have any exponent. Built in full, ``1e99999999`` is an integer of a hundred million digits,
and to compare with it would hold up everybody; so search counts with ``near`` numbers. They keep their side
of every number that a query can name, in whatever unit, because those have fewer digits and lie nearer.
"""

from __future__ import annotations

import struct
from decimal import ROUND_05UP, Context, Decimal, InvalidOperation
from fractions import Fraction
from typing import NamedTuple

import msgspec

from mappers.lossless import Json, exact

_KEPT_BITS = 16
_DROPPED_BITS = 64 - _KEPT_BITS

LOWEST = -(1 << (_KEPT_BITS - 1))
HIGHEST = (1 << (_KEPT_BITS - 1)) - 1

_ASKED = 400
"""As many digits before and behind the point an asked number may have: an IEEE double ends at 309 and 324."""

# Asked digits, and half a last one, end 401 behind the point; a unit's factor moves either end by some 30.
# What is cut off leaves a trace in the last digit (ROUND_05UP), so that nothing becomes equal by it.
_near = Context(prec=2_000, rounding=ROUND_05UP, Emin=-1_000, Emax=1_000, traps=[])


class Interval(NamedTuple):
    """From ``low`` to ``high``, both included; None is without end. Both are near."""

    low: Decimal | None
    high: Decimal | None


class Span(NamedTuple):
    """An interval in numbers that stay exact from unit to unit."""

    low: Fraction | None
    high: Fraction | None


def span(interval: Interval) -> Span:
    """The interval as fractions."""
    return Span(*(None if end is None else Fraction(end) for end in interval))


def near(number: Decimal) -> Decimal:
    """The number with 2,000 digits at most, within 10 to the power of ±1,000, on its side of all others."""
    return _near.plus(number)


def bucket(number: Decimal | float) -> int:
    """The bucket of a number."""
    (bits,) = struct.unpack(">q", struct.pack(">d", abs(float(number))))
    place: int = bits >> _DROPPED_BITS
    return -place - 1 if number < 0 else place


def buckets(interval: Interval) -> tuple[int, int]:
    """The lowest and highest bucket of an interval."""
    low = LOWEST if interval.low is None else bucket(interval.low)
    return low, HIGHEST if interval.high is None else bucket(interval.high)


def number(value: Json) -> Decimal | None:
    """The number that a JSON value is, if it is one, brought near."""
    if isinstance(value, bool) or not isinstance(value, int | msgspec.Raw):
        return None
    return near(exact(value))


def meant(quantity: Json) -> Interval | None:
    """The interval that a Quantity, Money, Range or number means."""
    if not isinstance(quantity, dict):
        value = number(quantity)
        return None if value is None else Interval(value, value)
    if "low" in quantity or "high" in quantity:
        return Interval(_bound(quantity, "low"), _bound(quantity, "high"))
    value = number(quantity.get("value"))
    if value is None:
        return None
    comparator = quantity.get("comparator", "")
    return Interval(None if "<" in comparator else value, None if ">" in comparator else value)


def _bound(value_range: dict[str, Json], name: str) -> Decimal | None:
    bound = value_range.get(name)
    return number(bound.get("value")) if isinstance(bound, dict) else None


def asked(text: str) -> tuple[Decimal, Interval] | None:
    """A number as a query writes it, and the interval that its digits leave open: 5.4 is 5.35 to 5.45."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or not -_ASKED < exponent < _ASKED or value.adjusted() >= _ASKED:
        return None
    half = Decimal(5).scaleb(exponent - 1)
    return value, Interval(_near.subtract(value, half), _near.add(value, half))
