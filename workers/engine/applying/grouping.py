"""From a PlanDefinition to its RequestGroup, with its goals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from workers.engine.applying.action import actions
from workers.engine.applying.activity import Body
from workers.engine.applying.building import Building
from workers.engine.applying.launch import Definition, canonical, reference

_OF_GOAL = ("category", "description", "priority", "target")


def grouped(building: Building, definition: Definition, where: str) -> Body:
    """The RequestGroup of a plan, whose requests are contained beside it."""
    goals = dict(_goals(building, definition))
    made = {"resourceType": "RequestGroup", "status": "draft", "intent": "proposal"} | who(
        building, definition
    )
    found = actions(building, definition, where, goals)
    _related(building, found, where)
    return made | ({"action": found} if found else {})


def who(building: Building, definition: Definition) -> Body:
    """For whom, in which encounter, by whom, and by which definition."""
    launch = building.launch
    url = canonical(definition)
    told: Body = {"instantiatesCanonical": [url]} if url else {}
    told["subject"] = reference(launch.subject)
    if launch.encounter is not None:
        told["encounter"] = reference(launch.encounter)
    if launch.requester is not None:
        told["author"] = reference(launch.requester)
    return told | ({"language": launch.language} if launch.language else {})


def _goals(building: Building, definition: Definition) -> Iterator[tuple[str, str]]:
    """Each goal as a resource; by its id in the definition, where it is referred to."""
    for one in definition.get("goal", ()):
        goal: Body = {"resourceType": "Goal", "lifecycleStatus": "proposed"}
        goal["subject"] = reference(building.launch.subject)
        goal |= {name: _goal_part(name, one[name]) for name in _OF_GOAL if name in one}
        if "start" in one:
            goal["startCodeableConcept"] = one["start"]
        place = building.contain(goal)
        building.goals.append(place)
        if "id" in one:
            yield str(one["id"]), place


def _goal_part(name: str, value: Any) -> Any:
    """A goal of a definition has one category, a Goal may have several; ``due`` is one of its choices."""
    if name == "target":
        return [{"dueDuration" if key == "due" else key: held for key, held in one.items()} for one in value]
    return [value] if name == "category" else value


def _related(building: Building, found: list[Body], where: str) -> None:
    """Of the actions that others are related to, those that are there."""
    known = {one.get("id") for one in _all(found)}
    for one in _all(found):
        related = one.get("relatedAction", ())
        kept = [other for other in related if other.get("actionId") in known]
        if len(kept) < len(related):
            text = "An action that this one is related to does not apply; the relation is left out."
            building.messages.tell("informational", text, f"{where}.action.relatedAction")
            one.pop("relatedAction")
            one |= {"relatedAction": kept} if kept else {}


def _all(found: list[Body]) -> Iterator[Body]:
    for one in found:
        yield one
        yield from _all(list(one.get("action", ())))
