"""``POST /fhir/Type/$validate``, ``…/Type/id/$validate``: what a write would be refused for, without writing.

The resource is the body, or the parameter ``resource`` of a Parameters body; without one, that which is
stored. What is found is 200 with an OperationOutcome: that a resource is wrong is an answer to the question.
It is held to the profile that is asked for, else to the known ones that it claims (``meta.profile``).
"""

from __future__ import annotations

from typing import Any

from gateway.fhir.asked import Asked, Parameters, Reply, Services
from gateway.fhir.operations.parameters import in_body, told
from gateway.fhir.outcome import findings, success, turned_away
from gateway.fhir.parameters import refuse_any, take
from gateway.refusal import Issue, Kind
from gateway.stored import Resource, document
from mappers.profiles.library import Library, Profile
from mappers.profiles.rules import ERROR, INFORMATION
from mappers.r4.expressions import root_of

MODES = ("create", "update", "delete", "profile")
_VALID = "The resource is valid R4."
_DELETABLE = "The resource is there and may be deleted."


def validate(services: Services, asked: Asked) -> Reply:
    given, parameters = _taken(told(services, asked), asked.parameters)
    mode, profile = _mode(services, asked, parameters)
    if mode == "delete":
        return _deletion(services, asked)
    if given is None:
        if not asked.id:
            raise turned_away(Kind.MALFORMED, "required", "Send the resource that is to be validated.")
        given = document(services.release.read(asked.actor, asked.type, asked.id))
    found = services.checking.faults(asked.actor, asked.type, given, profile)
    found += _of_the_id(asked.id, given, mode)
    if all(one.severity != ERROR for one in found):
        titles = [one.title for one in services.checking.conforming(given, profile)]
        text = f"{_VALID[:-1]} and conforms to {', '.join(titles)}." if titles else _VALID
        found.insert(0, Issue("informational", text, severity=INFORMATION))
    return Reply(200, findings(found))


def _taken(body: Resource, parameters: Parameters) -> tuple[Resource | None, Parameters]:
    """The resource and the parameters, of which a Parameters body may bear some."""
    if body.get("resourceType") != "Parameters":
        return body, parameters
    told: list[Any] = body.get("parameter", [])
    mine = [one for one in told if isinstance(one, dict) and one.get("name") == "resource"] if told else []
    rest = {**body, "parameter": [one for one in told if one not in mine]}
    if len(mine) > 1 or (mine and not isinstance(mine[0].get("resource"), dict)):
        raise turned_away(Kind.MALFORMED, "structure", "One parameter bears the resource, as its resource.")
    return (mine[0]["resource"] if mine else None), parameters + in_body(rest)


def _mode(services: Services, asked: Asked, parameters: Parameters) -> tuple[str | None, Profile | None]:
    canonical, rest = take(parameters, "profile")
    mode, rest = take(rest, "mode")
    refuse_any(rest)
    if mode == "profile" and canonical is None:
        raise turned_away(Kind.MALFORMED, "required", "This mode needs a profile.")
    if mode is not None and mode not in MODES:
        raise turned_away(Kind.MALFORMED, "value", f"mode is one of {', '.join(MODES)}.")
    if (mode == "create" and asked.id) or (mode == "delete" and not asked.id):
        raise turned_away(Kind.MALFORMED, "value", "This mode is not one of this address.")
    return mode, None if canonical is None else _known(services.checking.library, asked.type, canonical)


def _known(library: Library, type_: str, canonical: str) -> Profile:
    """The profile that was asked for. One that is not known is not repeated; those of the type are named."""
    found = library.find(canonical)
    known = library.profiles()
    if found is not None and found in known:
        return found
    names = ", ".join(one.canonical for one in known if one.type == type_) or "none"
    text = f"This profile is not known here. Those of {type_} that are: {names}."
    raise turned_away(Kind.UNPROCESSABLE, "not-supported", text)


def _deletion(services: Services, asked: Asked) -> Reply:
    stored = services.release.read(asked.actor, asked.type, asked.id)
    if asked.actor.scopes.covers(asked.type, "d", stored.body or {}):
        return Reply(200, success(_DELETABLE))
    return Reply(200, findings([Issue("forbidden", "The token's scopes do not allow to delete it.")]))


def _of_the_id(id_: str, given: Resource, mode: str | None) -> list[Issue]:
    """An update names the resource that it is for; of a create the server gives the id."""
    if id_ and given.get("id") != id_:
        return [Issue("value", "The resource's id is not the one in the url.", f"{root_of(given)}.id")]
    if mode == "update" and not id_ and "id" not in given:
        return [Issue("required", "An update needs the id of the resource.", f"{root_of(given)}.id")]
    return []
