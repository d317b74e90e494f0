"""``$apply``: a definition and one patient in, what the definition would have done out. Nothing is stored.

The answer stands alone: all that a CarePlan refers to and that was made here is contained in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mappers.facts import Evidence
from workers.engine.applying import activity
from workers.engine.applying.building import Building
from workers.engine.applying.defined import defined
from workers.engine.applying.grouping import grouped, who
from workers.engine.applying.launch import NOT_STORED, Definition, Launch, canonical, reference
from workers.engine.applying.messages import MESSAGES
from workers.engine.applying.world import World

Body = dict[str, Any]


def plan(definition: Definition, launch: Launch, world: World) -> Body:
    """The CarePlan that a PlanDefinition gives for one patient."""
    building = _begun(definition, launch, world)
    group = grouped(building, definition, "PlanDefinition")
    place = building.contain(group)
    made: Body = {"resourceType": "CarePlan", "status": "draft", "intent": "proposal"}
    made |= {"title": definition["title"]} if definition.get("title") else {}
    made |= who(building, definition) | {"created": launch.today.isoformat()}
    if building.goals:
        made["goal"] = [reference(goal) for goal in building.goals]
    if evidence := _evidence(building):
        made["supportingInfo"] = [reference(one) for one in evidence]
    made["activity"] = [{"reference": reference(place)}]
    return _with_messages(building, made)


def request(definition: Definition, launch: Launch, world: World) -> Body:
    """The request that an ActivityDefinition gives, or the OperationOutcome that says why there is none."""
    building = _begun(definition, launch, world)
    made = activity.request(building, definition, "ActivityDefinition")
    if made is None or not activity.checked(building, made, "ActivityDefinition"):
        return building.messages.outcome() or {}
    return _with_messages(building, made)


def _begun(definition: Definition, launch: Launch, world: World) -> Building:
    return Building(launch, world, defined).inside(definition, canonical(definition) or "")


def _evidence(building: Building) -> list[str]:
    """The versions that the conditions stood on, each once."""
    found: set[Evidence] = set()
    for formula in building.reasons:
        found |= formula.evidence(building.world)
    return sorted({one.reference.removesuffix(NOT_STORED) for one in found})


def _with_messages(building: Building, made: Mapping[str, Any]) -> Body:
    outcome = building.messages.outcome()
    told = dict(made)
    if outcome is not None:
        place = building.contain(outcome)
        message = {"url": MESSAGES, "valueReference": reference(place)}
        told["extension"] = [*told.get("extension", ()), message]
    if building.contained:
        told["contained"] = building.contained
    return told
