"""Periods and dates of FHIR as spans of UTC. A day without a zone begins and ends by UTC."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from mappers.consent.values import Answer, Span
from mappers.lossless import Json
from mappers.r4.dates import in_utc, stretch


def span(period: Json) -> Span | None:
    """A Period; None when it bounds nothing."""
    if not isinstance(period, dict):
        return None
    start, end = _ends(period.get("start")), _ends(period.get("end"))
    if start is None and end is None:
        return None
    return Span(start[0] if start else None, end[1] if end else None)


def moment(text: Json) -> Span | None:
    """A date, dateTime or instant."""
    ends = _ends(text)
    return None if ends is None else Span(*ends)


def hull(spans: list[Span]) -> Span | None:
    """The shortest span that holds all of these; None of none."""
    if not spans:
        return None
    starts, ends = [one.start for one in spans], [one.end for one in spans]
    first = None if None in starts else min(start for start in starts if start is not None)
    last = None if None in ends else max(end for end in ends if end is not None)
    return Span(first, last)


def covers(period: Span, now: datetime) -> bool:
    """Whether a period holds a moment."""
    return (period.start is None or period.start <= now) and (period.end is None or now < period.end)


def holds(period: Span, data: Span | None) -> Answer:
    """Whether what is dated so lies in a period; None where only a part of it may."""
    if data is None:
        return None
    after = period.end is not None and data.start is not None and data.start >= period.end
    before = period.start is not None and data.end is not None and data.end <= period.start
    if after or before:
        return False
    begins = period.start is None or (data.start is not None and data.start >= period.start)
    ends = period.end is None or (data.end is not None and data.end <= period.end)
    return True if begins and ends else None


def edges(period: Span | None) -> Iterator[datetime]:
    """The moments at which a period begins and ends."""
    if period is not None:
        yield from (edge for edge in (period.start, period.end) if edge is not None)


def _ends(text: Json) -> tuple[datetime, datetime] | None:
    found = stretch(text) if isinstance(text, str) else None
    if found is None:
        return None
    utc = in_utc(found)
    return utc.start, utc.end
