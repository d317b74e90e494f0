"""An Observation for each trend: the slope a year, its interval, how many values and over how many days."""

from __future__ import annotations

from decimal import Decimal

from mappers.facts_to_fhir import DERIVED_FROM
from mappers.fhir_building import built, concept, quantity, reference, references
from mappers.lossless import Json
from mappers.recommendations import Trend
from mappers.recommendations_to_careplan.writer import Writer, cited, security
from mappers.units import analytes, shown

TREND_SYSTEM = "urn:careloom:trend"


def trend_observation(writer: Writer, trend: Trend) -> dict[str, Json]:
    """One trend, over the days from its first value to its last."""
    rule = trend.rule
    return built(
        {
            **writer.named("Observation", trend.key),
            "meta": security(iter([rule])),
            "status": "final",
            "code": concept(rule.title, (TREND_SYSTEM, trend.key, rule.title)),
            "subject": reference(writer.patient),
            "effectivePeriod": {"start": trend.first.isoformat(), "end": trend.last.isoformat()},
            "interpretation": [{"text": trend.meaning}],
            "method": {"text": f"{rule.title}, version {rule.version}"},
            "note": [{"text": f"Computed by Careloom. Source: {cited(rule)}."}],
            "derivedFrom": references(trend.inputs, DERIVED_FROM),
            "component": _components(trend),
        }
    )


def told_trend(trend: Trend) -> str:
    """A trend in a line."""
    ends = f"{_signed(trend.low)} to {_signed(trend.high)}"
    unit = shown(analytes()[trend.analyte].unit)
    days = f"{trend.count} days' values from {trend.first.isoformat()} to {trend.last.isoformat()}"
    slope = f"{_signed(trend.slope)} (95 % interval {ends}) {unit} a year"
    return f"{trend.rule.title}: {slope}, by {days}: {trend.meaning}"


def _signed(number: Decimal) -> str:
    return f"{number:+f}" if number else f"{number:f}"


def _components(trend: Trend) -> list[Json]:
    rates = (("slope", trend.slope), ("lower end", trend.low), ("upper end", trend.high))
    names = {"slope": "Slope a year", "lower end": "Lower end, 95 %", "upper end": "Upper end, 95 %"}
    days = Decimal((trend.last - trend.first).days)
    return [
        *({"code": _code(key, names[key]), "valueQuantity": quantity(one, trend.unit)} for key, one in rates),
        {"code": _code("count", "Days with a value"), "valueInteger": trend.count},
        {"code": _code("span", "Span"), "valueQuantity": quantity(days, "d")},
    ]


def _code(key: str, text: str) -> dict[str, Json]:
    return concept(text, (TREND_SYSTEM, key.replace(" ", "-"), text))
