"""What every part of the plan needs: the answer, the patient's reference, and ids."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from mappers.lossless import Json
from mappers.plan_identity import PLAN_SYSTEM
from mappers.recommendations import Plan, Reason, Rule

DERIVED_SYSTEM = "urn:careloom:derived"
RULE_SYSTEM = "urn:careloom:rule"
ACT = "urn:careloom:act:"
"""By this uri a line of the plan is known: the act that it proposes."""
OBSERVATION_VALUE = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
MODEL_MADE = {"system": OBSERVATION_VALUE, "code": "AIAST", "display": "Artificial Intelligence asserted"}


@dataclass(frozen=True, slots=True)
class Writer:
    """One plan being written down."""

    plan: Plan
    patient: str
    """``Patient/<pseudonym>``"""
    ident: Callable[[str, str], str]

    def local(self, kind: str, key: str) -> str:
        """The reference of a resource that is written with this plan."""
        return f"{kind}/{self.ident(kind, key)}"

    def named(self, kind: str, key: str) -> dict[str, Json]:
        """The head of a resource: its type, its id, and the identifier that says whose it is."""
        own = self.ident(kind, key)
        system = PLAN_SYSTEM if kind == "CarePlan" else DERIVED_SYSTEM
        return {"resourceType": kind, "id": own, "identifier": [{"system": system, "value": own}]}


def security(rules: Iterator[Rule]) -> dict[str, Json] | None:
    """``meta`` that says a trained model had a part; None where none had."""
    return {"security": [MODEL_MADE]} if any(rule.model for rule in rules) else None


def of(reasons: Sequence[Reason]) -> Iterator[Rule]:
    """The rules behind some reasons."""
    return (reason.rule for reason in reasons)


def used(plan: Plan) -> Iterator[Rule]:
    """Every rule and model that had a part in a plan."""
    for group in (plan.activities, plan.targets, plan.withdrawn, plan.issues):
        for one in group:
            yield from of(one.reasons)
    yield from (derived.rule for derived in plan.derived)
    yield from (scored.rule for scored in plan.scores)
    yield from (trend.rule for trend in plan.trends)
    yield from (phenotype.rule for phenotype in plan.phenotypes)
    yield from (implication.rule for implication in plan.implications)
    yield from (unanswered.rule for unanswered in plan.unanswered)


def canonical(rule: Rule) -> str:
    """A rule and its version, as FHIR names definitions."""
    return f"{RULE_SYSTEM}:{rule.id}|{rule.version}"


def cited(rule: Rule) -> str:
    """Where a rule comes from, for a person."""
    source = rule.source
    edition = ", ".join(part for part in (source.version, source.date) if part)
    return f"{source.title}. {source.publisher}, {edition} ({source.strength})"


def by(due: date | None, today: date) -> str:
    """When something is due: a day that is past is one since which it is overdue."""
    if due is None:
        return ""
    return f", overdue since {due.isoformat()}" if due < today else f" by {due.isoformat()}"
