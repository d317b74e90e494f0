"""What an action's definition becomes: a request, a RequestGroup, or a reference to a form to fill in."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from workers.engine.applying import activity
from workers.engine.applying.activity import Body
from workers.engine.applying.building import DEEPEST, Building
from workers.engine.applying.grouping import grouped
from workers.engine.applying.launch import Definition, canonical

Make = Callable[[Building, Definition, str], Body | str | None]


def defined(building: Building, name: str, where: str) -> Body | str | None:
    """The resource behind a canonical, made or referred to; None, with a message, where it cannot be."""
    definition = building.contained_definition(name) or building.launch.find(name)
    if definition is None:
        building.messages.error("not-found", "There is no such definition, or none that may be read.", where)
        return None
    known_as = canonical(definition) or name
    if known_as in building.within or len(building.within) >= DEEPEST:
        building.messages.error("business-rule", "This definition stands within itself, or too deep.", where)
        return None
    make = _MAKERS.get(str(definition.get("resourceType")))
    if make is None:
        building.messages.error("not-supported", "A definition of this type is not applied.", where)
        return None
    return make(building.inside(definition, known_as), definition, where)


def _questionnaire(building: Building, definition: Definition, where: str) -> str | None:
    """A form is filled in, not made: the action refers to it."""
    if "id" in definition:
        return f"Questionnaire/{definition['id']}"
    url = definition.get("url")
    return None if url is None else str(url)


def _nested(building: Building, definition: Definition, where: str) -> str:
    """A plan within a plan: a RequestGroup of its own."""
    return building.contain(grouped(building, definition, where))


_MAKERS: Mapping[str, Make] = {
    "ActivityDefinition": activity.request,
    "PlanDefinition": _nested,
    "Questionnaire": _questionnaire,
}
