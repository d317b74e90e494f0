"""One action of a PlanDefinition: whether it applies, and what it becomes in the RequestGroup.

1. Its applicability conditions are asked; all of them must be true, and what is unknown is told.
2. Its words, times and behaviours are carried. 3. Actions below it are taken first, then its definition.
4. Dynamic values last. R4 wants an action to have a resource or actions: one that has only words becomes a
Task, and one that has both becomes a group of the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mappers.facts import Truth
from workers.engine.answer import Answer, all_of
from workers.engine.applying.activity import Body, checked, dynamic_values, set_time, timings
from workers.engine.applying.building import Building, unread, variables_of
from workers.engine.applying.formula import Formula, condition
from workers.engine.applying.kinds import KINDS
from workers.engine.applying.launch import reference
from workers.engine.applying.statement import Confused
from workers.engine.grammar import ExpressionFault

CARRIED = (
    "prefix",
    "title",
    "description",
    "textEquivalent",
    "priority",
    "code",
    "documentation",
    "condition",
    "relatedAction",
    "type",
    "groupingBehavior",
    "selectionBehavior",
    "requiredBehavior",
    "precheckBehavior",
    "cardinalityBehavior",
)
ANY_OF = "http://hl7.org/fhir/StructureDefinition/cqf-applicabilityBehavior"
GOAL = "http://hl7.org/fhir/StructureDefinition/resource-pertainsToGoal"


Goals = Mapping[str, str]
"""Where the goals of the plan stand, by their ids in it."""


def actions(
    building: Building, holder: Mapping[str, Any], where: str, goals: Mapping[str, str]
) -> list[Body]:
    """What becomes of the actions below a PlanDefinition or an action, those that apply."""
    found: list[Body] = []
    first_only = any(
        one.get("url") == ANY_OF and one.get("valueCode") == "any" for one in holder.get("extension", ())
    )
    for place, one in enumerate(holder.get("action", ())):
        made = action(building, one, f"{where}.action[{place}]", goals)
        if made is not None:
            found.append(made)
            if first_only:
                break
    return found


def action(building: Building, one: Mapping[str, Any], where: str, goals: Goals) -> Body | None:
    """What becomes of one action; None where it does not apply or could not be made."""
    held = _conditions(building, one, where)
    if held is None:
        return None
    below = actions(building, one, where, goals)
    made = _carried(building, one)
    resource = _resource(building, one, where, below)
    if isinstance(resource, dict):
        resource = _contained(building, one, where, (resource, made), goals)
    else:
        dynamic_values(building, one, where, None, made)
    if resource is None and not below:
        return None
    building.reasons += held
    return _whole(made, resource, below)


def _contained(
    building: Building, one: Mapping[str, Any], where: str, pair: tuple[Body, Body], goals: Goals
) -> str | None:
    """Where the request of an action stands, once it is valid."""
    resource, made = pair
    _overridden(building, one, where, resource)
    dynamic_values(building, one, where, resource, made)
    if not checked(building, resource, where):
        return None
    served = [goals[key] for key in one.get("goalId", ()) if key in goals]
    if served:
        told = [{"url": GOAL, "valueReference": reference(goal)} for goal in served]
        resource["extension"] = [*resource.get("extension", ()), *told]
    return building.contain(resource)


def _conditions(building: Building, one: Mapping[str, Any], where: str) -> list[Formula] | None:
    """The conditions, when all of them hold."""
    asked: list[Formula] = []
    answers: list[Answer] = []
    for place, found in enumerate(one.get("condition", ())):
        if found.get("kind") != "applicability":
            continue
        at = f"{where}.condition[{place}].expression"
        formula = _formula(building, found.get("expression"), at)
        answer = None if formula is None else _answer(building, formula, at)
        if formula is None or answer is None:
            return None
        asked.append(formula)
        answers.append(answer)
    whole = all_of(answers)
    if whole.truth is Truth.UNKNOWN:
        told = f"Whether this applies cannot be told. Missing: {', '.join(whole.missing)}."
        building.messages.tell("incomplete", told, where)
    return asked if whole.truth is Truth.TRUE else None


def _formula(building: Building, expression: object, where: str) -> Formula | None:
    why = unread(expression)
    if why is not None or not isinstance(expression, Mapping):
        building.messages.error(*(why or ("invalid", "The condition has no expression.")), where)
        return None
    try:
        return condition(expression["expression"], variables_of({"resourceType": "PlanDefinition"}))
    except ExpressionFault as fault:
        building.messages.error("invalid", f"{fault}.", where)
        return None


def _answer(building: Building, formula: Formula, where: str) -> Answer | None:
    try:
        return formula.ask(building.world)
    except Confused as fault:
        building.messages.error("exception", f"{fault.__doc__}.", where)
    except Exception as error:  # the engine of FHIRPath; its message may quote what it was given
        building.messages.error("exception", f"The condition failed ({type(error).__name__}).", where)
    return None


def _has_definition(one: Mapping[str, Any]) -> bool:
    return "definitionCanonical" in one or "definitionUri" in one


def _carried(building: Building, one: Mapping[str, Any]) -> Body:
    made: Body = {"id": one["id"]} if "id" in one else {}
    made |= {name: one[name] for name in (*CARRIED, *timings(one)) if name in one}
    people = list(_participants(building, one))
    return made | ({"participant": people} if people else {})


def _participants(building: Building, one: Mapping[str, Any]) -> Iterator[Body]:
    launch = building.launch
    told = {"patient": launch.subject, "practitioner": launch.practitioner}
    for found in one.get("participant", ()):
        who = told.get(found.get("type"))
        if who is not None:
            yield reference(who)


def _resource(building: Building, one: Mapping[str, Any], where: str, below: list[Body]) -> Body | str | None:
    """The request of an action, or what it refers to; nothing for a group."""
    if "definitionUri" in one:
        return str(one["definitionUri"])
    if "definitionCanonical" in one:
        return building.define(building, str(one["definitionCanonical"]), f"{where}.definitionCanonical")
    return None if below or one.get("action") else _words_only(building, one)


def _words_only(building: Building, one: Mapping[str, Any]) -> Body:
    """An action that says what to do, and names no definition."""
    launch = building.launch
    text = one.get("textEquivalent") or one.get("description") or one.get("title")
    task: Body = {"resourceType": "Task", "status": "draft", "intent": "proposal"}
    task["for"] = reference(launch.subject)
    if launch.encounter is not None:
        task["encounter"] = reference(launch.encounter)
    if launch.requester is not None:
        task["requester"] = reference(launch.requester)
    return task | ({"description": text} if text else {})


def _overridden(building: Building, one: Mapping[str, Any], where: str, resource: Body) -> None:
    """What an action says stands before what its definition says."""
    kind = KINDS.get(str(resource["resourceType"]))
    if kind is None:
        return
    if "priority" in one and resource["resourceType"] != "Appointment":
        resource["priority"] = one["priority"]
    if kind.words == "description" and one.get("description"):
        resource["description"] = one["description"]
    set_time(resource, one, building, where)


def _whole(made: Body, resource: str | None, below: list[Body]) -> Body:
    if resource is None:
        return made | {"action": below}
    if not below:
        return made | {"resource": reference(resource)}
    return made | {"action": [{"resource": reference(resource)}, *below]}
