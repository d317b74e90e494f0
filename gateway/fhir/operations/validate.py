"""``POST /fhir/Type/$validate``, ``…/Type/id/$validate``: what a write would be refused for, without writing.

The resource is the body, or the parameter ``resource`` of a Parameters body; without one, that which is
stored. What is found is 200 with an OperationOutcome: that a resource is wrong is an answer to the question.
No profiles are known here, so to ask for one is refused.
"""

from __future__ import annotations

from typing import Any

from gateway.fhir.asked import Asked, Parameters, Reply, Services
from gateway.fhir.body import resource
from gateway.fhir.operations.parameters import in_body
from gateway.fhir.outcome import findings, success, turned_away
from gateway.fhir.parameters import refuse_any, take
from gateway.refusal import Issue, Kind
from gateway.stored import Resource, document

MODES = ("create", "update", "delete")
_VALID = "The resource is valid R4. Profiles were not looked at."
_DELETABLE = "The resource is there and may be deleted."


def validate(services: Services, asked: Asked) -> Reply:
    given, parameters = _taken(resource(services, asked), asked.parameters)
    mode = _mode(asked, parameters)
    if mode == "delete":
        return _deletion(services, asked)
    if given is None:
        if not asked.id:
            raise turned_away(Kind.MALFORMED, "required", "Send the resource that is to be validated.")
        given = document(services.release.read(asked.actor, asked.type, asked.id))
    found = services.checking.faults(asked.actor, asked.type, given)
    found += _of_the_id(asked.id, given, mode)
    return Reply(200, findings(found) if found else success(_VALID))


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


def _mode(asked: Asked, parameters: Parameters) -> str | None:
    profile, rest = take(parameters, "profile")
    mode, rest = take(rest, "mode")
    refuse_any(rest)
    if profile is not None or mode == "profile":
        raise turned_away(Kind.UNPROCESSABLE, "not-supported", "No profiles are known here: leave it out.")
    if mode is not None and mode not in MODES:
        raise turned_away(Kind.MALFORMED, "value", f"mode is one of {', '.join(MODES)}.")
    if (mode == "create" and asked.id) or (mode == "delete" and not asked.id):
        raise turned_away(Kind.MALFORMED, "value", "This mode is not one of this address.")
    return mode


def _deletion(services: Services, asked: Asked) -> Reply:
    services.release.read(asked.actor, asked.type, asked.id)
    if asked.actor.scopes.allows(asked.type, "d"):
        return Reply(200, success(_DELETABLE))
    return Reply(200, findings([Issue("forbidden", "The token's scopes do not allow to delete it.")]))


def _of_the_id(id_: str, given: Resource, mode: str | None) -> list[Issue]:
    """An update names the resource that it is for; of a create the server gives the id."""
    if id_ and given.get("id") != id_:
        return [Issue("value", "The resource's id is not the one in the url.", "id")]
    if mode == "update" and not id_ and "id" not in given:
        return [Issue("required", "An update needs the id of the resource.", "id")]
    return []
