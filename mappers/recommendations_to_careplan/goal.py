"""A Goal for each target: proposed, with the number that is to be reached."""

from __future__ import annotations

from collections.abc import Iterator

from mappers.facts import Evidence
from mappers.fhir_building import built, concept, quantity, reference, references
from mappers.lossless import Json
from mappers.recommendations import Target
from mappers.recommendations_to_careplan.writer import Writer, cited


def goal(writer: Writer, target: Target) -> dict[str, Json]:
    """One target of the plan."""
    system, code, display = target.measure
    reached: dict[str, Json] = {
        "measure": concept(display, (system, code, display)),
        "detailQuantity": {**quantity(target.value, target.unit), "comparator": target.comparator},
    }
    if target.due:
        reached["dueDate"] = target.due.isoformat()
    return built(
        {
            **writer.named("Goal", target.key),
            "lifecycleStatus": "proposed",
            "description": concept(target.title),
            "subject": reference(writer.patient),
            "target": [reached],
            "addresses": references(_evidence(target), frozenset({"Condition"})),
            "note": [{"text": text} for text in _why(target)],
        }
    )


def _evidence(target: Target) -> Iterator[Evidence]:
    for reason in target.reasons:
        yield from reason.evidence


def _why(target: Target) -> Iterator[str]:
    for reason in target.reasons:
        yield f"Why: {reason.sentence} Source: {cited(reason.rule)}."
