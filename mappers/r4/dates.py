"""FHIR's partial dates and times: whether a text is one, and which stretch of time it means.

A text without a zone means the wall clock, wherever that hangs; two texts are compared as instants only
when both bear a zone, else as the wall clock shows them.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import NamedTuple

EARLIEST = datetime(1, 1, 1)  # noqa: DTZ001 - the wall clock has no zone
LATEST = datetime(9999, 12, 31, 23, 59, 59)  # noqa: DTZ001 - the wall clock has no zone

_EPOCH = date(1970, 1, 1).toordinal()
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?"
_time = re.compile(_CLOCK).fullmatch
_time_with_zone = re.compile(rf"T{_CLOCK}(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))").fullmatch


class Stretch(NamedTuple):
    """From ``start`` up to, not including, ``end``, by the wall clock; ``zone`` is its distance from UTC."""

    start: datetime
    end: datetime
    zone: timedelta | None


def is_date(text: str) -> bool:
    """Whether it is a year, a month or a day that exists."""
    if len(text) == 10:
        return text[4] == text[7] == "-" and _is_day(text)
    if len(text) == 7:
        return text[4] == "-" and _is_day(text + "-01")
    return len(text) == 4 and _is_day(text + "-01-01")


def is_date_time(text: str) -> bool:
    """Whether it is a date, or a day with time and zone."""
    return is_instant(text) if len(text) > 10 else is_date(text)


def is_instant(text: str) -> bool:
    return _time_with_zone(text, 10) is not None and is_date(text[:10])


def is_time(text: str) -> bool:
    return _time(text) is not None


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return text[:4].isdigit()


def stretch(text: str) -> Stretch | None:
    """The time that a valid date or dateTime covers; None when it is neither."""
    if len(text) > 10:
        return _instant(text) if is_instant(text) else None
    if not is_date(text):
        return None
    first, after = _days_of(text)
    return Stretch(_midnight(first), _midnight(after), None)


def _instant(text: str) -> Stretch:
    leap = text[17:19] == "60"
    moment = datetime.fromisoformat(text[:17] + "59" + text[19:] if leap else text)
    fine = timedelta(microseconds=1) if "." in text else timedelta(seconds=1)
    wall = shifted(moment.replace(tzinfo=None), timedelta(seconds=leap))
    return Stretch(wall, shifted(wall, fine), moment.utcoffset())


def shifted(moment: datetime, by: timedelta) -> datetime:
    """Within the years 1 to 9999, which no date leaves."""
    try:
        return moment + by
    except OverflowError:
        return moment


def _days_of(text: str) -> tuple[date, date]:
    """The first day and the day after the last one."""
    year, month = int(text[:4]), int(text[5:7] or 1)
    if len(text) == 10:
        day = date.fromisoformat(text)
        return day, _after(day, 1)
    if len(text) == 7:
        return date(year, month, 1), _after(date(year, month, 28), 4).replace(day=1)
    return date(year, 1, 1), date(year + 1, 1, 1) if year < 9999 else date.max


def _after(day: date, days: int) -> date:
    return date.fromordinal(min(day.toordinal() + days, date.max.toordinal()))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - the wall clock has no zone


def alike(a: Stretch, b: Stretch) -> tuple[Stretch, Stretch]:
    """Both on one clock: UTC when both know their zone, the wall clock otherwise."""
    if a.zone is None or b.zone is None:
        return a, b
    return in_utc(a), in_utc(b)


def in_utc(one: Stretch) -> Stretch:
    """The stretch by UTC; one without a zone stays as it is."""
    if one.zone is None:
        return one
    return Stretch(shifted(one.start, -one.zone), shifted(one.end, -one.zone), timedelta())


def order(a: str, b: str) -> int | None:
    """-1, 0 or 1 as ``a`` lies before, on or after ``b``; None when they cannot be told apart or read."""
    if len(a) == len(b) and a[19:] == b[19:] and a[:4].isdigit() and b[:4].isdigit():
        return (a > b) - (a < b)
    one, other = stretch(a), stretch(b)
    if one is None or other is None:
        return None
    one, other = alike(one, other)
    if one[:2] == other[:2]:
        return 0
    if one.end <= other.start:
        return -1
    return 1 if other.end <= one.start else None


def day_numbers(text: str) -> tuple[int, int] | None:
    """First and last day (since 1970-01-01) that a valid text can mean, by the wall clock or by UTC."""
    if len(text) == 10:
        day = _whole_day(text)
        return None if day is None else (day, day)
    if len(text) > 10 and text[17:19] != "60" and text[0] not in "09":
        return _days_of_instant(text)
    found = stretch(text)
    if found is None:
        return None
    if found.zone is None:
        return day_number(found.start), day_number(found.end) - 1
    return _ordered(day_number(found.start), day_number(in_utc(found).start))


def _days_of_instant(text: str) -> tuple[int, int] | None:
    """The ordinary case by the C library: no leap second, no year in which UTC lies beyond the calendar."""
    if not is_instant(text):
        return None
    moment = datetime.fromisoformat(text)
    wall = moment.toordinal() - _EPOCH
    distance = moment.utcoffset()
    return _ordered(wall, (moment - distance).toordinal() - _EPOCH) if distance else (wall, wall)


def _ordered(a: int, b: int) -> tuple[int, int]:
    return (a, b) if a < b else (b, a)


def day_number(moment: datetime) -> int:
    """Days since 1970-01-01."""
    return moment.toordinal() - _EPOCH


def _whole_day(text: str) -> int | None:
    if not text[4] == text[7] == "-":
        return None
    try:
        return date.fromisoformat(text).toordinal() - _EPOCH
    except ValueError:
        return None
