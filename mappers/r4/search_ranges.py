"""Queries for what lies on a line: dates, quantities and numbers, with FHIR's prefixes.

Of two stretches the prefixes ask what R4 says: ``eq`` that the asked holds the found, ``gt`` and ``lt`` that
a part of the found lies beyond, ``sa`` and ``eb`` that all of it does, ``ap`` that they touch when the asked
is widened (by a day, by a tenth).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from mappers.lossless import Json
from mappers.r4 import numbers, ucum
from mappers.r4.dates import (
    EARLIEST,
    LATEST,
    Stretch,
    alike,
    day_number,
    in_utc,
    is_date,
    shifted,
    stretch,
)
from mappers.r4.numbers import Span
from mappers.r4.search_rows import FIRST_DAY, LAST_DAY
from mappers.r4.search_terms import Asked, MalformedValue, Query, Side, plain, split

_PREFIXES = frozenset({"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"})
_UPWARD = frozenset({"gt", "ge", "sa"})
_DOWNWARD = frozenset({"lt", "le", "eb"})

_DAY_AROUND = timedelta(days=1)

# Other than a stored dateTime, an asked one may leave out seconds and zone.
_asked_time = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d)(:\d\d(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)?").fullmatch


def prefix_of(text: str) -> tuple[str, str]:
    """The prefix (``eq`` when there is none) and the rest."""
    return (text[:2], text[2:]) if text[:2] in _PREFIXES else ("eq", text)


# --- dates -----------------------------------------------------------------------------------------------


def date_candidates(asked: Asked, text: str) -> Query:
    days = _days_of(text)
    if days is None:
        return Query(Side.CLINICAL, everything=True)
    return Query(Side.CLINICAL, ranges=tuple((name, *days) for name in asked.row_names()))


def days_asked(value: str) -> tuple[int, int] | None:
    """First and last day on which a hit can lie; None where it can lie on any."""
    spans = [_days_of(text) for text in split(value, ",")]
    known = [span for span in spans if span is not None]
    if len(known) < len(spans):
        return None
    return min(low for low, _ in known), max(high for _, high in known)


def _days_of(text: str) -> tuple[int, int] | None:
    prefix, rest = prefix_of(text)
    low, high = _days(_wanted_stretch(rest))
    if prefix == "ne":
        return None
    if prefix == "ap":
        low, high = low - 1, high + 1
    return FIRST_DAY if prefix in _DOWNWARD else low, LAST_DAY if prefix in _UPWARD else high


def _wanted_stretch(text: str) -> Stretch:
    found = stretch(text)
    if found is not None:
        return found
    match = _asked_time(text)
    if match is None:
        raise MalformedValue
    whole = stretch(f"{match[1]}{match[2] or ':00'}{match[3] or 'Z'}")
    if whole is None:
        raise MalformedValue
    end = whole.end if match[2] else shifted(whole.start, timedelta(minutes=1))
    return Stretch(whole.start, end, whole.zone if match[3] else None)


def _days(wanted: Stretch) -> tuple[int, int]:
    """The days that the stretch can mean, by the wall clock or by UTC."""
    just_before = timedelta(microseconds=-1)
    edges = [(one.start, shifted(one.end, just_before)) for one in (wanted, in_utc(wanted))]
    days = [day_number(edge) for pair in edges for edge in pair]
    return min(days), max(days)


def date_holds(value: Json, text: str) -> bool:
    prefix, rest = prefix_of(text)
    wanted = _wanted_stretch(rest)
    return any(_placed(prefix, *alike(one, wanted)) for one in stretches(value))


def stretches(value: Json) -> Iterator[Stretch]:
    """The stretches that a date, Period or Timing means; a period without an end goes on."""
    if isinstance(value, str):
        found = stretch(value)
        if found is not None:
            yield found
    elif isinstance(value, dict) and ("event" in value or "repeat" in value):
        for event in value.get("event", ()):
            yield from stretches(event)
        yield from stretches(value.get("repeat", {}).get("boundsPeriod"))
    elif isinstance(value, dict) and ("start" in value or "end" in value):
        yield _period(stretch(value.get("start", "")), stretch(value.get("end", "")))


def _period(start: Stretch | None, end: Stretch | None) -> Stretch:
    if start is not None and end is not None and start.zone != end.zone:
        start, end = in_utc(start), in_utc(end)
    zone = start.zone if start is not None else end.zone if end is not None else None
    return Stretch(EARLIEST if start is None else start.start, LATEST if end is None else end.end, zone)


def _placed(prefix: str, one: Stretch, wanted: Stretch) -> bool:
    within = wanted.start <= one.start and one.end <= wanted.end
    later, earlier = one.end > wanted.end, one.start < wanted.start
    near = one.start < shifted(wanted.end, _DAY_AROUND) and one.end > shifted(wanted.start, -_DAY_AROUND)
    return {
        "eq": within,
        "ne": not within,
        "gt": later,
        "lt": earlier,
        "ge": later or within,
        "le": earlier or within,
        "sa": one.start >= wanted.end,
        "eb": one.end <= wanted.start,
        "ap": near or within,
    }[prefix]


def is_whole_day(text: str) -> bool:
    """Whether a query asks for one day and nothing else."""
    return len(text) == len("2012-05-01") and is_date(text)


# --- quantities and numbers ------------------------------------------------------------------------------


class _Wanted(NamedTuple):
    """A number as it was asked for: what its digits leave open, and the unit as system and code."""

    prefix: str
    number: Fraction
    span: Span
    system: str
    code: str

    @property
    def scale(self) -> ucum.Scale | None:
        """How to bring other units to this one, where that is known."""
        return ucum.scale(self.code) if self.system == ucum.SYSTEM else None


def quantity_candidates(asked: Asked, text: str) -> Query:
    """The number as it was asked for; with a unit of UCUM, as it would stand in every comparable unit."""
    wanted = _wanted_number(text)
    if wanted.prefix == "ne":
        return Query(Side.CLINICAL, everything=True)
    span = _widened(wanted.number) if wanted.prefix == "ap" else wanted.span
    found = {_bucketed(wanted.prefix, one, margin) for one, margin in _in_every_unit(wanted, span)}
    names = asked.row_names()
    return Query(Side.CLINICAL, ranges=tuple((name, *pair) for name in names for pair in sorted(found)))


def _in_every_unit(wanted: _Wanted, span: Span) -> Iterator[tuple[Span, int]]:
    """The span, and what it is in other units; these are rounded, so that a bucket to each side is added."""
    yield span, 0
    own = wanted.scale
    for other in ucum.scales(wanted.code) if own is not None else ():
        if own is not None and other != own:
            yield Span(*(None if end is None else other.own(own.common(end)) for end in span)), 1


def _bucketed(prefix: str, span: Span, margin: int) -> tuple[int, int]:
    low = numbers.LOWEST if span.low is None else numbers.bucket(_float(span.low)) - margin
    high = numbers.HIGHEST if span.high is None else numbers.bucket(_float(span.high)) + margin
    return (
        numbers.LOWEST if prefix in _DOWNWARD else low,
        numbers.HIGHEST if prefix in _UPWARD else high,
    )


def _float(number: Fraction) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


@lru_cache(maxsize=4096)
def _wanted_number(text: str) -> _Wanted:
    """What the text asks for; it is tried on every resource that is opened."""
    number, *unit = (plain(part) for part in split(text, "|"))
    prefix, digits = prefix_of(number)
    found = numbers.asked(digits)
    if found is None or len(unit) not in (0, 2):
        raise MalformedValue
    system, code = unit or ("", "")
    return _Wanted(prefix, Fraction(found[0]), numbers.span(found[1]), system, code)


def _widened(value: Fraction) -> Span:
    tenth = abs(value) / 10
    return Span(value - tenth, value + tenth)


def quantity_holds(value: Json, text: str) -> bool:
    wanted = _wanted_number(text)
    meant = numbers.meant(value)
    if meant is None:
        return False
    found = numbers.span(meant)
    if wanted.code:
        in_unit = _in_unit(value, found, wanted)
        if in_unit is None:
            return False
        found = in_unit
    return _lies(wanted.prefix, found, wanted.number, wanted.span)


def _in_unit(value: Json, found: Span, wanted: _Wanted) -> Span | None:
    """What was found, in the unit that was asked for; None where it is in no such unit.

    Without a system, the code or the written unit will do, and nothing is converted.
    """
    if not isinstance(value, dict):
        return None
    if "low" in value or "high" in value:
        return _in_unit(value.get("low", value.get("high")), found, wanted)
    code = value.get("code", "")
    if not wanted.system:
        return found if wanted.code in (code, value.get("unit"), value.get("currency")) else None
    if value.get("system") != wanted.system:
        return None
    if code == wanted.code:
        return found
    own, other = wanted.scale, ucum.scale(code)
    if own is None or other is None or not ucum.comparable(code, wanted.code):
        return None
    return Span(*(None if end is None else own.own(other.common(end)) for end in found))


def _lies(prefix: str, found: Span, number: Fraction, wanted: Span) -> bool:
    beyond = found.high is None or found.high > number
    below = found.low is None or found.low < number
    within = _holds(wanted, found)
    return {
        "eq": within,
        "ne": not within,
        "gt": beyond,
        "lt": below,
        "ge": beyond or found.high == number,
        "le": below or found.low == number,
        "sa": found.low is not None and found.low > number,
        "eb": found.high is not None and found.high < number,
        "ap": _touch(_widened(number), found),
    }[prefix]


def _holds(outer: Span, inner: Span) -> bool:
    if inner.low is None or inner.high is None or outer.low is None or outer.high is None:
        return False
    return outer.low <= inner.low and inner.high <= outer.high


def _touch(a: Span, b: Span) -> bool:
    first = a.low is None or b.high is None or a.low <= b.high
    return first and (b.low is None or a.high is None or b.low <= a.high)
