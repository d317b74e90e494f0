"""An Observation for a score that is a number of the body, a RiskAssessment for one that tells a risk.

Probabilities are percentages, as FHIR R4 has them. What a score rests on is named version by version:
``RiskAssessment.basis`` takes all of it, ``Observation.derivedFrom`` the observations.
"""

from __future__ import annotations

from mappers.codes import UCUM
from mappers.facts_to_fhir import CATEGORY_SYSTEM, DERIVED_FROM
from mappers.fhir_building import built, concept, decimal, quantity, reference, references
from mappers.lossless import Json
from mappers.recommendations import Estimate, Scored
from mappers.recommendations_to_careplan.writer import Writer, cited, security
from mappers.units import shown

SCORE_SYSTEM = "urn:careloom:score"
CATEGORIES = {"laboratory": "Laboratory", "survey": "Survey", "therapy": "Therapy"}
PERCENT = "%"
POINTS = "{score}"


def kind_of(scored: Scored) -> str:
    """The type of resource that a score becomes."""
    return "RiskAssessment" if scored.outcome else "Observation"


def scored_resource(writer: Writer, scored: Scored) -> dict[str, Json]:
    """One score."""
    rule = scored.rule
    head: dict[str, Json] = {
        **writer.named(kind_of(scored), scored.key),
        "meta": security(iter([rule])),
        "status": "final",
        "code": concept(rule.title, (SCORE_SYSTEM, scored.key, rule.title), *scored.codings),
        "subject": reference(writer.patient),
        "method": {"text": f"{rule.title}, version {rule.version}"},
        "note": [
            {"text": f"Computed by Careloom. Source: {cited(rule)}."},
            *({"text": t} for t in scored.notes),
        ],
    }
    day = scored.when.isoformat() if scored.when else None
    if scored.outcome:
        return built({**head, "occurrenceDateTime": day, **_risk(scored)})
    return built({**head, "effectiveDateTime": day, **_value(scored)})


def told_estimate(one: Estimate) -> str:
    """A number of a score as a person reads it: with both ends where there are two, and its years."""
    unit = "points" if one.unit == POINTS else shown(one.unit) or one.unit
    value = f"{one.low:f}" if one.low == one.high else f"{one.low:f} to {one.high:f}"
    return f"{one.name} {value} {unit}".rstrip() + (f" within {one.years} years" if one.years else "")


def _value(scored: Scored) -> dict[str, Json]:
    (one,) = scored.estimates
    exact = one.low == one.high
    category = CATEGORIES[scored.category]
    return {
        "category": [concept(category, (CATEGORY_SYSTEM, scored.category, category))],
        "valueQuantity": quantity(one.low, one.unit) if exact else None,
        "valueRange": None if exact else _range(one),
        "interpretation": [{"text": scored.band}] if scored.band else None,
        "derivedFrom": references(scored.inputs, DERIVED_FROM),
    }


def _risk(scored: Scored) -> dict[str, Json]:
    chances = [_chance(one) for one in scored.estimates if one.unit == PERCENT]
    words = [scored.band, *(told_estimate(one) for one in scored.estimates if one.unit != PERCENT)]
    said = [
        {"outcome": {"text": scored.outcome}, "qualitativeRisk": {"text": word}} for word in words if word
    ]
    return {"basis": references(scored.inputs), "prediction": [*chances, *said]}


def _chance(one: Estimate) -> dict[str, Json]:
    exact = one.low == one.high
    told: dict[str, Json] = {
        "outcome": {"text": one.name},
        "probabilityDecimal": decimal(one.low) if exact else None,
        "probabilityRange": None if exact else _range(one),
        "whenRange": {"high": _years(one.years)} if one.years else None,
    }
    return {name: value for name, value in told.items() if value is not None}


def _range(one: Estimate) -> dict[str, Json]:
    return {"low": quantity(one.low, one.unit), "high": quantity(one.high, one.unit)}


def _years(years: int) -> dict[str, Json]:
    return {"value": years, "unit": "years", "system": UCUM, "code": "a"}
