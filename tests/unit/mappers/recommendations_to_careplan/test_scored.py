"""Scores as FHIR: a number of the body is an Observation, a risk a RiskAssessment with its whole basis."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from mappers.facts import Evidence
from mappers.recommendations import Estimate, Plan, Rule, Scored, Source, nothing
from mappers.recommendations_to_careplan import resources

LAB, ILLNESS = Evidence("Observation/o/_history/2"), Evidence("Condition/c/_history/1")
PAPER = Source("A paper", "A journal", "2023", "2023-11-10", "https://doi.org/10.1000/1", "published formula")
RULE = Rule("score-one", "2023", "One score", PAPER)
RISK = Scored(
    "score-one",
    RULE,
    (ILLNESS, LAB),
    (
        Estimate("Stroke", Decimal("12.0"), Decimal("12.0"), "%", 10),
        Estimate("Heart failure", Decimal("1.0"), Decimal("2.5"), "%", 10),
    ),
    None,
    "Cardiovascular disease",
    date(2026, 6, 1),
    ("model base",),
)
NUMBER = Scored(
    "score-two",
    replace(RULE, id="score-two"),
    (ILLNESS, LAB),
    (Estimate("Clearance", Decimal(50), Decimal(51), "mL/min"),),
    "low",
    when=date(2026, 6, 1),
)


def ident(kind: str, key: str) -> str:
    return f"{kind}-{key}".lower()


def planned(*scores: Scored) -> Plan:
    return replace(nothing(date(2026, 6, 15)), scores=scores)


def written(*scores: Scored) -> list[dict[str, Any]]:
    return msgspec.json.decode(msgspec.json.encode(resources(planned(*scores), "p" * 26, ident)))


def test_a_risk_is_told_in_percent_with_its_years_and_its_ends():
    _, risk = written(RISK)
    assert risk["resourceType"] == "RiskAssessment"
    assert (risk["status"], risk["occurrenceDateTime"]) == ("final", "2026-06-01")
    exact, between = risk["prediction"]
    assert exact["outcome"] == {"text": "Stroke"}
    assert exact["probabilityDecimal"] == 12.0
    assert exact["whenRange"]["high"]["value"] == 10
    assert [between["probabilityRange"][end]["value"] for end in ("low", "high")] == [1.0, 2.5]
    assert {between["probabilityRange"][end]["code"] for end in ("low", "high")} == {"%"}


def test_law_9_a_risk_rests_on_every_version_and_names_its_method_and_source():
    _, risk = written(RISK)
    assert [one["reference"] for one in risk["basis"]] == [ILLNESS.reference, LAB.reference]
    assert risk["method"] == {"text": "One score, version 2023"}
    assert [one["text"] for one in risk["note"]] == [
        "Computed by Careloom. Source: A paper. A journal, 2023, 2023-11-10 (published formula).",
        "model base",
    ]


def test_points_and_bands_are_words_of_the_risk():
    points = Estimate("Points", Decimal(3), Decimal(4), "{score}")
    _, risk = written(replace(RISK, estimates=(points,), band="high", when=None))
    assert [one["qualitativeRisk"]["text"] for one in risk["prediction"]] == ["high", "Points 3 to 4 points"]
    assert {one["outcome"]["text"] for one in risk["prediction"]} == {"Cardiovascular disease"}
    assert "occurrenceDateTime" not in risk
    _, risk = written(replace(RISK, estimates=(Estimate("Index", Decimal("1.50"), Decimal("1.50"), ""),)))
    assert [one["qualitativeRisk"]["text"] for one in risk["prediction"]] == ["Index 1.50"]


def test_a_number_of_the_body_is_an_observation_that_is_derived_from_observations():
    _, number = written(NUMBER)
    assert number["resourceType"] == "Observation"
    assert [number["valueRange"][end]["value"] for end in ("low", "high")] == [50, 51]
    assert number["derivedFrom"] == [{"reference": LAB.reference}]
    assert number["interpretation"] == [{"text": "low"}]
    exact = Estimate("Clearance", Decimal(50), Decimal(50), "mL/min")
    _, number = written(replace(NUMBER, estimates=(exact,)))
    assert number["valueQuantity"]["value"] == 50
    assert "valueRange" not in number


def test_the_plan_tells_each_score_in_a_line_and_points_at_it():
    careplan, *_ = written(RISK, NUMBER)
    assert [one["reference"] for one in careplan["supportingInfo"]] == [
        "RiskAssessment/riskassessment-score-one",
        "Observation/observation-score-two",
    ]
    told = careplan["text"]["div"]
    assert "One score of 2026-06-01: Stroke 12.0 % within 10 years, Heart failure 1.0 to 2.5 %" in told
    assert "Clearance 50 to 51 mL/min, low" in told


def test_a_score_is_no_evidence_of_its_own():
    for one in written(RISK, NUMBER)[1:]:
        assert one["identifier"][0]["system"].startswith("urn:careloom:")
