"""From an ActivityDefinition to the request that it is about.

What the definition says goes where the kind of request has a place for it; what it has none for is told.
Then the dynamic values are put, and the whole must be valid R4: what is not is an error, and no request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mappers.r4.model import MODEL
from mappers.r4.validate import problems
from workers.engine.applying.building import Building, unread, variables_of
from workers.engine.applying.kinds import KINDS, RequestKind
from workers.engine.applying.launch import Definition, canonical, reference
from workers.engine.applying.placing import Misplaced, put
from workers.engine.applying.statement import Confused
from workers.engine.applying.values import giving
from workers.engine.grammar import ExpressionFault

PROPOSAL = "proposal"
Body = dict[str, Any]


def request(building: Building, definition: Definition, where: str) -> Body | None:
    """The request, not yet checked; None, with a message, where the kind is none of ours."""
    type_ = definition.get("kind")
    kind = KINDS.get(str(type_))
    if kind is None:
        told = ", ".join(KINDS)
        building.messages.error("not-supported", f"kind must be one of {told}.", f"{where}.kind")
        return None
    body: Body = {"resourceType": type_, **kind.fixed}
    _who(body, kind, building)
    _what(body, kind, definition)
    _tell_left_out(building, kind, definition, where)
    _participants(body, kind, definition)
    set_time(body, definition, building, where)
    if definition.get("profile"):
        body["meta"] = {"profile": [definition["profile"]]}
    dynamic_values(building.inside(definition, ""), definition, where, body)
    return body


def checked(building: Building, body: Body, where: str) -> bool:
    """Whether a request may be shown: it is what R4 says it must be."""
    found = problems(body)
    for one in found:
        building.messages.error(
            "invalid", f"What this gives is no valid R4: {one.expression} {one.text}.", where
        )
    return not found


def _who(body: Body, kind: RequestKind, building: Building) -> None:
    launch = building.launch
    told = {
        kind.subject: launch.subject,
        kind.encounter: launch.encounter,
        kind.requester: launch.requester,
    }
    for name, text in told.items():
        if name is not None and text is not None:
            _set(body, name, reference(text))
    if body["resourceType"] == "Appointment":
        body["participant"] = [{"actor": reference(launch.subject), "status": "needs-action"}]
    if kind.dated is not None:
        body[kind.dated] = launch.today.isoformat()


def _what(body: Body, kind: RequestKind, definition: Definition) -> None:
    if kind.intent:
        body["intent"] = definition.get("intent", PROPOSAL)
    if kind.canonical is not None and (url := canonical(definition)) is not None:
        _set(body, kind.canonical, url)
    for name, target in (
        ("code", kind.code),
        ("quantity", kind.quantity),
        ("bodySite", kind.body_site),
        ("location", kind.location),
        ("dosage", kind.dosage),
        ("priority", "priority"),
        ("doNotPerform", "doNotPerform"),
    ):
        if name in definition and target is not None:
            _set(body, target, definition[name])
    for choice in ("CodeableConcept", "Reference"):
        if kind.product is not None and f"product{choice}" in definition:
            body[f"{kind.product}{choice}"] = definition[f"product{choice}"]
    _words(body, kind, definition)


def _tell_left_out(building: Building, kind: RequestKind, definition: Definition, where: str) -> None:
    """What the definition says and this kind of request has no place for."""
    places = {
        "code": kind.code,
        "quantity": kind.quantity,
        "bodySite": kind.body_site,
        "location": kind.location,
        "dosage": kind.dosage,
        "participant": kind.performer_type,
        "productCodeableConcept": kind.product,
        "productReference": kind.product,
    }
    for name in sorted({name for name, place in places.items() if place is None} | _NOWHERE):
        if name in definition:
            text = f"{definition['kind']} has no place for this; it is left out."
            building.messages.warn("not-supported", text, f"{where}.{name}")


_NOWHERE = {"specimenRequirement", "observationRequirement", "observationResultRequirement", "transform"}


def _words(body: Body, kind: RequestKind, definition: Definition) -> None:
    concept = definition.get("code")
    said = concept.get("text") if isinstance(concept, Mapping) else None
    text = definition.get("description") or said or definition.get("title")
    if kind.words == "payload" and text:
        body["payload"] = [{"contentString": text}]
    elif kind.words == "description" and text:
        body["description"] = text


def _participants(body: Body, kind: RequestKind, definition: Definition) -> None:
    roles = [one["role"] for one in definition.get("participant", ()) if "role" in one]
    if kind.performer_type is not None and roles:
        _set(body, kind.performer_type, roles if _is_list(body, kind.performer_type) else roles[0])


def set_time(body: Body, definition: Definition, building: Building, where: str) -> None:
    """``timing[x]`` of a definition or an action as the request's own time, where R4 has a place for it."""
    kind = KINDS[body["resourceType"]]
    for key in timings(definition):
        of = key.removeprefix("timing")
        of = of[0].lower() + of[1:] if of == "DateTime" else of
        element = MODEL.types[body["resourceType"]].elements.get(kind.time or "")
        if element is None or of not in element.types:
            text = f"{body['resourceType']} has no place for {key}; it stands in the action only."
            building.messages.tell("informational", text, f"{where}.{key}")
            continue
        name = next(name for name, type_ in element.json_names() if type_ == of)
        _set(body, name, definition[key])


def timings(definition: Definition) -> Iterator[str]:
    """The JSON names of the times that a definition or an action says."""
    return (key for key in definition if key.startswith("timing"))


def _set(body: Body, name: str, value: Any) -> None:
    body[name] = [value] if _is_list(body, name) and not isinstance(value, list) else value


def _is_list(body: Body, name: str) -> bool:
    found = MODEL.json_names(body["resourceType"]).get(name)
    return found is not None and found[0].max != 1


def dynamic_values(
    building: Building, holder: Mapping[str, Any], where: str, body: Body | None, action: Body | None = None
) -> None:
    """Put the dynamic values of a definition or an action into the request, or into the action."""
    for place, one in enumerate(holder.get("dynamicValue", ())):
        at = f"{where}.dynamicValue[{place}]"
        path = str(one.get("path", "")).replace("%", "")
        mine = path.removeprefix("action.")
        if action is not None and (body is None or mine != path):
            _put(building, one, (action, "RequestGroup.action", mine), at)
        elif body is not None:
            _put(building, one, (body, str(body["resourceType"]), path), at)
        else:
            building.messages.error("invalid", "There is nothing that this value could be put into.", at)


def _put(building: Building, one: Mapping[str, Any], target: tuple[Body, str, str], where: str) -> None:
    body, type_, path = target
    why = unread(one.get("expression"))
    if why is not None:
        building.messages.error(*why, f"{where}.expression")
        return
    text = one["expression"]["expression"]
    context = building.world.variables.get("context")
    kind = context.value["resourceType"] if context is not None else "PlanDefinition"
    try:
        found = giving(text, variables_of({"resourceType": kind})).ask(building.world)
        if found.missing:
            told = f"Not put, because this is missing: {', '.join(found.missing)}."
            building.messages.tell("incomplete", told, where)
        else:
            put(body, type_, path, found.found)
    except (ExpressionFault, Misplaced) as fault:
        building.messages.error("invalid", f"{fault}.", where)
    except Confused as fault:
        building.messages.error("exception", f"{fault.__doc__}.", where)
    except Exception as error:  # the engine of FHIRPath; its message may quote what it was given
        building.messages.error("exception", f"The expression failed ({type(error).__name__}).", where)
