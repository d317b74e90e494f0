"""FHIR's dates as days: at the precision that was sent, and the hour only to order what lies on one day."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

from mappers.lossless import Json

YEAR, MONTH, DAY = 4, 7, 10


class Moment(NamedTuple):
    """The day as it was written where care took place, and the instant that orders events of one day."""

    day: date
    instant: float = 0.0


def days(text: Json) -> tuple[date, date] | None:
    """The first and the last day that a FHIR date can mean."""
    if not isinstance(text, str):
        return None
    try:
        return _days(text)
    except ValueError:
        return None


def _days(text: str) -> tuple[date, date]:
    if len(text) >= DAY:
        day = date.fromisoformat(text[:DAY])
        return day, day
    year = int(text[:YEAR])
    if len(text) == MONTH:
        month = int(text[YEAR + 1 :])
        return date(year, month, 1), date(year, month, monthrange(year, month)[1])
    return date(year, 1, 1), date(year, 12, 31)


def first_day(text: Json) -> date | None:
    """The first day that a FHIR date can mean."""
    found = days(text)
    return found[0] if found else None


def moment(text: Json) -> Moment | None:
    """A FHIR date, dateTime or instant."""
    day = first_day(text)
    if day is None:
        return None
    return Moment(day, _instant(text) if len(text) > DAY else 0.0)


def _instant(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return 0.0


def later(day: date, count: int) -> date:
    """A day so many days later; ``9999-12-31``, with which EHRs mean "never", is the last day there is."""
    try:
        return day + timedelta(days=count)
    except OverflowError:
        return date.max


def happened(body: Mapping[str, Json], name: str) -> Moment | None:
    """``effective[x]``, ``performed[x]`` …: the time, or the end of a period, else its start."""
    period = body.get(f"{name}Period") or {}
    for text in (
        body.get(f"{name}DateTime"),
        body.get(f"{name}Instant"),
        period.get("end"),
        period.get("start"),
    ):
        found = moment(text)
        if found:
            return found
    return None


def begun(body: Mapping[str, Json], name: str) -> date | None:
    """``onset[x]``, ``effective[x]`` …: the time, or the start of a period."""
    return first_day(body.get(f"{name}DateTime")) or first_day((body.get(f"{name}Period") or {}).get("start"))


def over(body: Mapping[str, Json], name: str) -> date | None:
    """``abatement[x]``, ``effective[x]`` …: the last day that the time or the end of the period can mean."""
    text = body.get(f"{name}DateTime") or (body.get(f"{name}Period") or {}).get("end")
    found = days(text)
    return found[1] if found else None
