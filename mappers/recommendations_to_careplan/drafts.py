"""Each line of the plan as a resource of its own: a draft that an EHR can take, complete and sign.

The line (``activity.detail``) is where a clinician decides; the draft is what the decision is about. It
names the plan (``basedOn``) and the act (``instantiatesUri``), is a ``draft`` with the intent of a
``proposal``, and holds nothing that the record does not say: no product, no dose, no appointment. Signing it
accepts the line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mappers.facts import Evidence
from mappers.fhir_building import built, concept, reference, references
from mappers.lossless import Json
from mappers.plan_identity import PLAN_NAME
from mappers.recommendations import Activity, ActKind
from mappers.recommendations_to_careplan.writer import ACT, Writer, canonical, of, security

DRAFT = "urn:careloom:draft"
"""The extension by which a line names its draft: R4 allows a line a detail or a reference, never both."""
KINDS = {
    ActKind.MEASURE: "ServiceRequest",
    ActKind.REFER: "ServiceRequest",
    ActKind.START_MEDICINE: "MedicationRequest",
    ActKind.REVIEW_MEDICINE: "Task",
    ActKind.QUESTION: "Task",
    ActKind.INFORM: "CommunicationRequest",
    ActKind.CHOICE: "Task",
}
SIGNABLE = frozenset(KINDS.values())
REASONS = frozenset({"Condition", "Observation", "DiagnosticReport", "DocumentReference"})
"""What the reason of a line or draft may point at; other evidence stands in ``supportingInfo``."""
_MEDICINE_REASONS = frozenset({"Condition", "Observation"})


def drafted(writer: Writer, activity: Activity) -> str:
    """The reference of a line's draft."""
    return writer.local(KINDS[activity.act.kind], activity.act.key)


def draft(writer: Writer, activity: Activity) -> dict[str, Json]:
    """What a clinician would sign to have one line done."""
    kind = KINDS[activity.act.kind]
    shared: dict[str, Json] = {
        **writer.named(kind, activity.act.key),
        "meta": security(of(activity.reasons)),
        "basedOn": [reference(writer.local(*PLAN_NAME))],
        "status": "draft",
        "priority": activity.urgency.value,
    }
    return built({**shared, **_MADE[kind](writer, activity)})


def evidence_of(activity: Activity) -> Iterator[Evidence]:
    """Everything that a line rests on."""
    for reason in activity.reasons:
        yield from reason.evidence
    yield from activity.problems


def _service(writer: Writer, activity: Activity) -> dict[str, Json]:
    due = activity.act.due
    return {
        "intent": "proposal",
        "instantiatesCanonical": _rules(activity),
        "instantiatesUri": [f"{ACT}{activity.act.key}"],
        "code": concept(activity.act.title, *activity.act.codings),
        "subject": reference(writer.patient),
        "occurrencePeriod": {"end": due.isoformat()} if due else None,
        "reasonReference": references(evidence_of(activity), REASONS),
        "supportingInfo": _others(activity, REASONS),
        "note": [{"text": text} for text in _said(activity)],
    }


def _medicine(writer: Writer, activity: Activity) -> dict[str, Json]:
    return {
        "intent": "proposal",
        "instantiatesCanonical": _rules(activity),
        "instantiatesUri": [f"{ACT}{activity.act.key}"],
        "medicationCodeableConcept": concept(
            activity.act.title.removeprefix("Start "), *activity.act.codings
        ),
        "subject": reference(writer.patient),
        "reasonReference": references(evidence_of(activity), _MEDICINE_REASONS),
        "supportingInformation": _others(activity, _MEDICINE_REASONS),
        "note": [{"text": text} for text in _said(activity)],
    }


def _task(writer: Writer, activity: Activity) -> dict[str, Json]:
    due = activity.act.due
    reason, *others = references(evidence_of(activity)) or [None]
    return {
        "intent": "proposal",
        "instantiatesUri": f"{ACT}{activity.act.key}",
        "code": concept(activity.act.title, *activity.act.codings),
        "description": activity.act.title,
        "for": reference(writer.patient),
        "reasonReference": reason,
        "input": [{"type": {"text": "Evidence"}, "valueReference": one} for one in others],
        "restriction": {"period": {"end": due.isoformat()}} if due else None,
        "note": [{"text": text} for text in _said(activity)],
    }


def _message(writer: Writer, activity: Activity) -> dict[str, Json]:
    return {
        "subject": reference(writer.patient),
        "payload": [{"contentString": activity.act.title}],
        "about": _others(activity, REASONS),
        "reasonReference": references(evidence_of(activity), REASONS),
        "note": [{"text": text} for text in _said(activity)],
    }


_MADE = {
    "ServiceRequest": _service,
    "MedicationRequest": _medicine,
    "Task": _task,
    "CommunicationRequest": _message,
}


def _rules(activity: Activity) -> list[Json]:
    return [canonical(rule) for rule in dict.fromkeys(of(activity.reasons))]


def _others(activity: Activity, pointed: frozenset[str]) -> list[Json]:
    return [
        one for one in references(evidence_of(activity)) if one["reference"].partition("/")[0] not in pointed
    ]


def _said(activity: Activity) -> Sequence[str]:
    return [
        *(f"To settle first: {question}" for question in activity.questions),
        *dict.fromkeys(reason.sentence for reason in activity.reasons),
    ]
