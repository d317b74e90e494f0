"""The CarePlan: a draft with one activity per proposal, each with its evidence, rule and source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from mappers.fhir_building import built, concept, reference, references
from mappers.lossless import Json
from mappers.plan_identity import PLAN_NAME
from mappers.recommendations import Activity, Reason
from mappers.recommendations_to_careplan import narrative
from mappers.recommendations_to_careplan.drafts import DRAFT, KINDS, REASONS, drafted, evidence_of
from mappers.recommendations_to_careplan.scored import kind_of
from mappers.recommendations_to_careplan.writer import ACT, Writer, by, canonical, cited, security, used

TITLE = "Suggested care plan"
ASSESS_PLAN = (
    "http://hl7.org/fhir/us/core/CodeSystem/careplan-category",
    "assess-plan",
    "Assessment and Plan of Treatment",
)
"""By this category US Core's clients find plans; its profile asked for it before 9.0.0."""


def careplan(writer: Writer) -> dict[str, Json]:
    """Careloom's one plan of a patient."""
    plan = writer.plan
    return built(
        {
            **writer.named(*PLAN_NAME),
            "meta": security(used(plan)),
            "text": {"status": "generated", "div": narrative.div(plan)},
            "status": "draft",
            "intent": "plan",
            "category": [concept("Assessment and plan of treatment", ASSESS_PLAN)],
            "title": TITLE,
            "subject": reference(writer.patient),
            "created": plan.as_of.isoformat(),
            "author": {"display": "Careloom"},
            "addresses": references(plan.problems, frozenset({"Condition"})),
            "supportingInfo": list(_supporting(writer)),
            "goal": [reference(writer.local("Goal", target.key)) for target in plan.targets],
            "activity": [{"detail": _detail(writer, one)} for one in plan.activities],
            "note": [{"text": text} for text in _notes(writer)],
        }
    )


def _detail(writer: Writer, activity: Activity) -> dict[str, Json]:
    act = activity.act
    rules = dict.fromkeys(reason.rule for reason in activity.reasons)
    served = [reference(writer.local("Goal", activity.goal))] if activity.goal else None
    detail = {
        "extension": [{"url": DRAFT, "valueReference": reference(drafted(writer, activity))}],
        "kind": KINDS[act.kind],
        "instantiatesCanonical": [canonical(rule) for rule in rules],
        "instantiatesUri": [
            f"{ACT}{act.key}",
            *sorted({rule.source.url for rule in rules if rule.source.url}),
        ],
        "code": concept(act.title, *act.codings),
        "reasonReference": references(evidence_of(activity), REASONS),
        "goal": served,
        "status": "not-started",
        "doNotPerform": False,
        "scheduledPeriod": {"end": act.due.isoformat()} if act.due else None,
        "description": _description(activity, writer.plan.as_of),
    }
    return {name: value for name, value in detail.items() if value not in (None, [])}


def _description(activity: Activity, today: date) -> str:
    lines = [f"{activity.urgency.value.capitalize()}{by(activity.act.due, today)}: {activity.act.title}."]
    lines += [f"To settle first: {question}" for question in activity.questions]
    for option in activity.options:
        lines += [f"One side: {option.title}.", *_because(option.reasons)]
    return "\n".join([*lines, *([] if activity.options else _because(activity.reasons))])


def _because(reasons: Sequence[Reason]) -> Iterator[str]:
    """Why, on whose word, for whom, with which limits, and what would change it: all that a check needs."""
    for reason in reasons:
        rule = reason.rule
        yield f"Why: {reason.sentence}"
        yield f"Source: {cited(rule)}; rule {rule.id} {rule.version}."
        yield from ([f"For whom: {rule.population}."] if rule.population else [])
        yield from ([f"Limits: {rule.limits}."] if rule.limits else [])
        yield from (f"Would change this: {change}" for change in reason.would_change)


def _supporting(writer: Writer) -> Iterator[Json]:
    """What was written with the plan, then the evidence that an activity's own element cannot point at."""
    plan = writer.plan
    for derived in plan.derived:
        yield reference(writer.local("Observation", derived.key))
    for scored in plan.scores:
        yield reference(writer.local(kind_of(scored), scored.key))
    for key in (one.key for group in (plan.trends, plan.phenotypes, plan.implications) for one in group):
        yield reference(writer.local("Observation", key))
    for issue in plan.issues:
        yield reference(writer.local("DetectedIssue", issue.key))
    for activity in plan.activities:
        for found in references(evidence_of(activity)):
            if found["reference"].partition("/")[0] not in REASONS:
                yield {**found, "display": f"For: {activity.act.title}"}
    for withdrawn in plan.withdrawn:
        for found in references(withdrawn.evidence):
            yield {**found, "display": f"Against: {withdrawn.act.title}"}


def _notes(writer: Writer) -> Iterator[str]:
    for withdrawn in writer.plan.withdrawn:
        yield f"Withdrawn: {withdrawn.act.title}. {withdrawn.because}"
    for unanswered in writer.plan.unanswered:
        yield f"Could not be told: {unanswered.rule.title}. Missing: {', '.join(unanswered.missing)}."
    if writer.plan.kept:
        yield narrative.more(writer.plan.kept)
