"""Trends of eGFR, weight, HbA1c and systolic pressure: worse only when it is more than noise.

A trend is told of adults who have values of three days or more, over 90 days or more, up to two years before
the newest, which is at most a year old. It is more than noise when its 95 % interval leaves out zero and the
change over the whole span reaches the least difference that counts.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from mappers.facts import Truth
from mappers.recommendations import Rule, Source, Trend
from workers.engine.calendar import Span, at_least
from workers.engine.case import Case
from workers.engine.enrichers import Enrichment
from workers.engine.enrichers.slope import LEAST, Fit, fit
from workers.engine.readings import AMBULATORY, Lens, Reading, stale_on
from workers.engine.vocabulary import analytes

ADULT = 18
WINDOW = timedelta(days=731)
SPAN = timedelta(days=90)
MAX_AGE = Span(12)
YEAR = 365.25
# A reference change value is 2.77 times what one value varies by.
REFERENCE_CHANGE = 2.77
NARROW = Decimal("0.02")
"""Two ends that are this near to each other (an eGFR in a birthday's month) count as their middle."""
NOISE = "no more than noise"
LENS = Lens(AMBULATORY)
STRENGTH = "least difference unverified: clinical review needed"


@dataclass(frozen=True, slots=True)
class Watched:
    """An analyte, the least difference that counts (a share of the mean, or a number), and its words."""

    analyte: str
    title: str
    falling: str
    rising: str
    source: Source
    share: float = 0.0
    absolute: float = 0.0
    places: int = 1


def _source(title: str, publisher: str, day: str, url: str) -> Source:
    return Source(title, publisher, day[:4], day, url, STRENGTH, confirmed=False)


WATCHED = (
    Watched(
        "egfr",
        "Trend of eGFR",
        "worsening",
        "rising",
        _source(
            "Clinical practice guideline for chronic kidney disease: change of more than 20 %",
            "KDIGO",
            "2024-04-01",
            "https://doi.org/10.1016/j.kint.2023.10.018",
        ),
        share=0.20,
    ),
    Watched(
        "body_weight",
        "Trend of weight",
        "falling",
        "rising",
        _source("Own choice: 5 % of the weight", "Careloom", "2026-11-22", ""),
        share=0.05,
    ),
    Watched(
        "hba1c",
        "Trend of HbA1c",
        "falling",
        "worsening",
        _source("Own choice: 0.5 percentage points", "Careloom", "2026-11-22", ""),
        absolute=0.5,
        places=2,
    ),
    Watched(
        "systolic_bp",
        "Trend of systolic blood pressure",
        "falling",
        "worsening",
        _source("Own choice: 10 mmHg", "Careloom", "2026-11-22", ""),
        absolute=10,
    ),
)


class TrendOf:
    """The enricher of one analyte."""

    def __init__(self, watched: Watched) -> None:
        self.watched = watched
        name = watched.analyte.replace("_", "-")
        self.rule = Rule(f"trend-{name}", watched.source.version, watched.title, watched.source)

    def enrich(self, case: Case) -> Enrichment:
        """The trend up to the newest value; nothing where there are too few, or in a pregnancy."""
        days = _exact(case.days(self.watched.analyte, LENS))
        if len(days) < LEAST or case.facts.pregnant is Truth.TRUE:
            return Enrichment()
        stale = stale_on(days[-1], MAX_AGE)
        kept = days[bisect_left(days, days[-1].when - WINDOW, key=lambda one: one.when) :]
        long = kept[-1].when - kept[0].when >= SPAN
        grown = at_least(case.facts.person, ADULT, kept[0].when).truth is Truth.TRUE
        if case.today >= stale or len(kept) < LEAST or not long or not grown:
            return Enrichment()
        return Enrichment(until=stale, trends=(self._trend(kept),))

    def _trend(self, kept: tuple[Reading, ...]) -> Trend:
        watched, last = self.watched, kept[-1].when
        points = [((one.when - last).days / YEAR, float((one.low + one.high) / 2)) for one in kept]
        least = watched.absolute or watched.share * sum(y for _, y in points) / len(points)
        found = fit(points, least / REFERENCE_CHANGE)
        slope, low, high = (_rounded(one, watched.places) for one in (found.slope, found.low, found.high))
        return Trend(
            self.rule.id,
            self.rule,
            watched.analyte,
            tuple(sorted({piece for one in kept for piece in one.evidence})),
            slope,
            low,
            high,
            f"{analytes()[watched.analyte].unit}/a",
            len(kept),
            kept[0].when,
            last,
            self._meaning(found, least, kept[0].when, last),
        )

    def _meaning(self, found: Fit, least: float, first: date, last: date) -> str:
        change = abs(found.slope) * (last - first).days / YEAR
        if found.low <= 0 <= found.high or change < least:
            return NOISE
        return self.watched.rising if found.slope > 0 else self.watched.falling


def _exact(days: tuple[Reading, ...]) -> tuple[Reading, ...]:
    return tuple(one for one in days if one.high.is_finite() and one.high - one.low <= NARROW * one.high)


def _rounded(value: float, places: int) -> Decimal:
    found = round(Decimal(str(value)), places)
    return found if found else abs(found)


TRENDS = tuple(TrendOf(one) for one in WATCHED)
