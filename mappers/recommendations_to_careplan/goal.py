"""A Goal for each target: proposed, with the number that is to be reached."""

from __future__ import annotations

from mappers.fhir_building import built, concept, quantity, reference
from mappers.lossless import Json
from mappers.recommendations import Target
from mappers.recommendations_to_careplan.writer import Writer


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
        }
    )
