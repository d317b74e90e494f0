"""``$apply`` of PlanDefinition and ActivityDefinition, on type and instance: what they would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.fhir.asked import Asked, Reply, Services
from gateway.fhir.operations.parameters import in_body, told
from gateway.fhir.outcome import turned_away
from gateway.fhir.parameters import refuse_any, take
from gateway.refusal import Issue, Kind, Refused
from gateway.release.applying import Order
from gateway.stored import Resource
from mappers.r4 import validate

REFERENCES = {
    "encounter": ("Encounter",),
    "practitioner": ("Practitioner", "PractitionerRole"),
    "organization": ("Organization",),
}
CONCEPTS = ("userType", "userLanguage", "userTaskContext", "setting", "settingContext")
SERVER = "useServerData"
_RESOURCES = {
    "planDefinition": "PlanDefinition",
    "activityDefinition": "ActivityDefinition",
    "data": "Bundle",
}


@dataclass(slots=True)
class _Given:
    """What came in a body and cannot stand in a url."""

    resources: dict[str, Resource] = field(default_factory=dict)
    concepts: dict[str, Resource] = field(default_factory=dict)
    flags: dict[str, bool] = field(default_factory=dict)


def apply(services: Services, asked: Asked) -> Reply:
    return _applied(services, asked, _Given())


def apply_by_post(services: Services, asked: Asked) -> Reply:
    """The same with its parameters in the body, where resources and concepts may stand among them."""
    body = told(services, asked)
    given = _Given()
    parts = body.get("parameter", [])
    rest = [one for one in parts if not _kept(one, given)] if isinstance(parts, list) else parts
    more = in_body({**body, "parameter": rest} if rest else {"resourceType": body.get("resourceType")})
    return _applied(services, replace(asked, parameters=asked.parameters + more), given)


def _kept(one: Any, given: _Given) -> bool:
    """Whether a parameter bears a resource or a concept; it is kept then."""
    name = one.get("name") if isinstance(one, dict) else None
    if name in _RESOURCES and isinstance(one.get("resource"), dict):
        return _once(given.resources, str(name), one["resource"])
    if name == SERVER and isinstance(one.get("valueBoolean"), bool):
        return _once(given.flags, name, one["valueBoolean"])
    if name in CONCEPTS and isinstance(one.get("valueCodeableConcept"), dict):
        return _once(given.concepts, str(name), one["valueCodeableConcept"])
    return False


def _once(kept: dict[str, Any], name: str, value: Any) -> bool:
    if name in kept:
        raise turned_away(Kind.MALFORMED, "value", f"The parameter {name} may be given once.")
    kept[name] = value
    return True


def _applied(services: Services, asked: Asked, given: _Given) -> Reply:
    values: dict[str, str | None] = {}
    rest = asked.parameters
    for name in ("subject", "canonical", SERVER, *REFERENCES, *CONCEPTS):
        values[name], rest = take(rest, name)
    refuse_any(rest)
    _valid(given)
    order = Order(
        asked.type,
        _subject(values["subject"]),
        asked.id,
        values["canonical"],
        _definition(asked, values["canonical"], given),
        dict(_references(values)),
        {**given.concepts, **_concepts(values)},
        _data(given),
        given.flags.get(SERVER, _flag(values[SERVER])),
    )
    return Reply(200, services.applying.apply(asked.actor, order))


def _valid(given: _Given) -> None:
    """What came in the body is R4 like all that comes in."""
    found = [p for name, one in given.resources.items() for p in validate.problems(one, f"Parameters.{name}")]
    if found:
        raise Refused(Kind.INVALID, [Issue(p.code, p.text, p.expression) for p in found])
    for name, one in given.resources.items():
        if one.get("resourceType") != _RESOURCES[name]:
            raise turned_away(Kind.INVALID, "value", f"The parameter {name} is a {_RESOURCES[name]}.")


def _subject(text: str | None) -> str:
    if text is None:
        raise turned_away(Kind.MALFORMED, "required", "Name the patient: subject=Patient/ID.")
    return text if "/" in text else f"Patient/{text}"


def _definition(asked: Asked, canonical: str | None, given: _Given) -> Resource | None:
    name = asked.type[0].lower() + asked.type[1:]
    other = given.resources.keys() - {name, "data"}
    told_of = [bool(asked.id), canonical is not None, name in given.resources]
    if sum(told_of) != 1 or other:
        text = f"Name one definition: by its id in the url, or on type level by {name} or canonical."
        raise turned_away(Kind.MALFORMED, "required", text)
    return given.resources.get(name)


def _references(values: Mapping[str, str | None]) -> list[tuple[str, str]]:
    found = []
    for name, types in REFERENCES.items():
        text = values[name]
        if text is None:
            continue
        told_as = text if "/" in text else f"{types[0]}/{text}"
        if told_as.partition("/")[0] not in types:
            raise turned_away(Kind.MALFORMED, "value", f"{name} is a reference to {' or '.join(types)}.")
        found.append((name, told_as))
    return found


def _concepts(values: Mapping[str, str | None]) -> dict[str, Resource]:
    """In a url a concept is its code, perhaps with its system: ``system|code``."""
    found: dict[str, Resource] = {}
    for name in CONCEPTS:
        text = values[name]
        if text is not None:
            system, _, code = text.rpartition("|")
            found[name] = {"coding": [{"system": system, "code": code} if system else {"code": code}]}
    return found


def _data(given: _Given) -> list[Resource]:
    entries = given.resources.get("data", {}).get("entry", ())
    return [one["resource"] for one in entries if "resource" in one]


def _flag(text: str | None) -> bool:
    if text not in (None, "true", "false"):
        raise turned_away(Kind.MALFORMED, "value", "useServerData is true or false.")
    return text != "false"
