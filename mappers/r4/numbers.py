"""Numbers of search: the interval that a quantity means, and buckets that keep the order of intervals.

A bucket is the upper bits of the number as an IEEE double: sign, exponent and four bits of the mantissa, so
sixteen buckets to each doubling. Greater numbers never have smaller buckets, equal numbers have equal ones,
and a row tells a number to about six per cent, no more.
"""

from __future__ import annotations

import struct
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

import msgspec

from mappers.lossless import Json, number_text

_KEPT_BITS = 16
_DROPPED_BITS = 64 - _KEPT_BITS

LOWEST = -(1 << (_KEPT_BITS - 1))
HIGHEST = (1 << (_KEPT_BITS - 1)) - 1


class Interval(NamedTuple):
    """From ``low`` to ``high``, both included; None is without end."""

    low: Decimal | None
    high: Decimal | None


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
    """The number that a JSON value is, if it is one."""
    if isinstance(value, bool) or not isinstance(value, int | msgspec.Raw):
        return None
    return _decimal(number_text(value))


def _decimal(text: str) -> Decimal | None:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


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
    value = _decimal(text)
    exponent = None if value is None else value.as_tuple().exponent
    if value is None or not isinstance(exponent, int) or not -400 < exponent < 400:
        return None
    half = Decimal(5).scaleb(exponent - 1)
    return value, Interval(value - half, value + half)
