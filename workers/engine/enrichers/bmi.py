"""Body mass index of adults from a weight and the height that was last measured in adult life."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date
from decimal import Decimal, localcontext

from mappers.facts import Measurement, Truth
from mappers.recommendations import Derived, Rule, Source, Unanswered
from workers.engine.calendar import Span, at_least
from workers.engine.case import Case
from workers.engine.enrichers import Enrichment
from workers.engine.readings import DIGITS, Reading, by_day, stale_on

ADULT = 18
WEIGHT_AGE, HEIGHT_AGE = Span(24), Span(120)
UNIT = "kg/m2"
BANDS = (
    (Decimal("18.5"), "underweight"),
    (Decimal(25), "normal"),
    (Decimal(30), "overweight"),
    (Decimal(35), "obesity class 1"),
    (Decimal(40), "obesity class 2"),
)


def bmi(weight_kg: Decimal, height_cm: Decimal) -> Decimal:
    """Weight over the square of height."""
    with localcontext(prec=DIGITS):
        return weight_kg / (height_cm / 100) ** 2


def band(value: Decimal) -> str:
    """WHO's classes for adults."""
    return next((name for below, name in BANDS if value < below), "obesity class 3")


class Bmi:
    """The enricher."""

    rule = Rule(
        "bmi",
        "2000",
        "Body mass index of adults",
        Source(
            "Obesity: preventing and managing the global epidemic, Technical Report Series 894",
            "World Health Organization",
            "TRS 894",
            "2000-01-01",
            "https://iris.who.int/handle/10665/42330",
            "definition",
        ),
    )

    def enrich(self, case: Case) -> Enrichment:
        """Compute one for every adult weight that has a height of at most ten years before or after."""
        weights, heights = _adult(case, "body_weight"), _adult(case, "body_height")
        pairs = [(weight, height) for weight in weights if (height := _nearest(weight, heights)) is not None]
        computed = [_reading(weight, height) for weight, height in pairs]
        measured = {one.when for one in computed}
        case.compute("bmi", [*computed, *(one for one in case.readings("bmi") if one.when not in measured)])
        if weights and not heights and not case.readings("bmi"):
            return Enrichment(unanswered=(Unanswered(self.rule, ("adult body height",)),))
        return self._newest(case, computed)

    def _newest(self, case: Case, computed: list[Reading]) -> Enrichment:
        stale = stale_on(computed[-1], WEIGHT_AGE) if computed else None
        if stale is None or case.today >= stale:
            return Enrichment()
        one = computed[-1]
        measurement = Measurement(
            "bmi", round(one.low, 1), UNIT, one.when, one.setting, one.evidence[0], derived=True
        )
        derived = Derived("bmi", measurement, self.rule, one.evidence, band(one.low))
        return Enrichment((derived,), until=stale)


def _adult(case: Case, analyte: str) -> tuple[Reading, ...]:
    """Exact day values that were taken in adult life; a person's age on a day in the past never changes."""
    return tuple(
        one for one in by_day(case.readings(analyte)) if one.low == one.high > 0 and _grown(case, one.when)
    )


def _grown(case: Case, when: date) -> bool:
    return at_least(case.facts.person, ADULT, when).truth is Truth.TRUE


def _nearest(weight: Reading, heights: tuple[Reading, ...]) -> Reading | None:
    """The last height up to the weight's day, else the first after it, within the limit."""
    place = bisect_right(heights, weight.when, key=lambda one: one.when)
    before, after = heights[:place][-1:], heights[place:][:1]
    near = [one for one in before if weight.when <= HEIGHT_AGE.after(one.when)]
    near += [one for one in after if one.when <= HEIGHT_AGE.after(weight.when)]
    return near[0] if near else None


def _reading(weight: Reading, height: Reading) -> Reading:
    value = bmi(weight.low, height.low)
    evidence = tuple(sorted({*weight.evidence, *height.evidence}))
    return Reading(value, value, weight.when, weight.setting, evidence)
