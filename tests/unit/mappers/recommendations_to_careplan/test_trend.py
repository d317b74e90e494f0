"""Trends as FHIR: one Observation with its slope, interval, count and span, and one line of the plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from mappers.facts import Evidence
from mappers.recommendations import Rule, Source, Trend, nothing
from mappers.recommendations_to_careplan import resources

TREND = Trend(
    "trend-egfr",
    Rule("trend-egfr", "2024", "Trend of eGFR", Source("A paper", "A body", "2024", "2024-04-01", "", "own")),
    "egfr",
    (Evidence("Observation/a/_history/1"), Evidence("Patient/p/_history/1")),
    Decimal("-15.2"),
    Decimal("-16.7"),
    Decimal("-13.8"),
    "mL/min/{1.73_m2}/a",
    7,
    date(2025, 6, 6),
    date(2026, 6, 1),
    "worsening",
)


def written(trend: Trend = TREND) -> list[dict[str, Any]]:
    plan = replace(nothing(date(2026, 6, 15)), trends=(trend,))
    found = resources(plan, "p" * 26, lambda kind, key: f"{kind}-{key}".lower())
    return msgspec.json.decode(msgspec.json.encode(found))


def test_a_trend_has_slope_interval_count_and_span():
    _, one = written()
    values = {
        part["code"]["coding"][0]["code"]: part.get("valueQuantity", {}).get(
            "value", part.get("valueInteger")
        )
        for part in one["component"]
    }
    assert values == {"slope": -15.2, "lower-end": -16.7, "upper-end": -13.8, "count": 7, "span": 360}
    assert {part["valueQuantity"]["code"] for part in one["component"][:3]} == {"mL/min/{1.73_m2}/a"}
    assert one["effectivePeriod"] == {"start": "2025-06-06", "end": "2026-06-01"}
    assert one["interpretation"] == [{"text": "worsening"}]


def test_law_9_it_names_its_values_method_and_source():
    careplan, one = written()
    assert one["derivedFrom"] == [{"reference": "Observation/a/_history/1"}]
    assert one["method"] == {"text": "Trend of eGFR, version 2024"}
    assert one["note"][0]["text"] == "Computed by Careloom. Source: A paper. A body, 2024, 2024-04-01 (own)."
    assert careplan["supportingInfo"] == [{"reference": "Observation/observation-trend-egfr"}]


def test_the_plan_tells_it_in_a_line_with_signs():
    told = written()[0]["text"]["div"]
    assert (
        "Trend of eGFR: -15.2 (95 % interval -16.7 to -13.8) mL/min/1.73 m² a year, by 7 days&#x27; values "
        "from 2025-06-06 to 2026-06-01: worsening" in told
    )
    rising = written(replace(TREND, slope=Decimal("1.5"), low=Decimal("0.0"), high=Decimal("3.0")))
    assert "+1.5 (95 % interval 0.0 to +3.0)" in rising[0]["text"]["div"]
