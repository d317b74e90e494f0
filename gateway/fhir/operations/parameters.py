"""What a Parameters resource says, as the pairs that a url would: primitive values by their names."""

from __future__ import annotations

from typing import Any

from gateway.fhir.asked import Asked, Parameters, Services
from gateway.fhir.body import resource
from gateway.fhir.outcome import TurnedAway, turned_away
from gateway.refusal import Kind

_NAMED_ONLY = 2
"""A plain parameter has its name and its value, and no more."""


def told(services: Services, asked: Asked) -> dict[str, Any]:
    """The body of an operation; an empty one is a Parameters resource without parameters."""
    return resource(services, asked) if asked.body else {"resourceType": "Parameters"}


def in_body(body: dict[str, Any]) -> Parameters:
    """The parameters of an operation; refuses what is no Parameters resource, or bears more than values."""
    found = body.get("parameter", [])
    if body.get("resourceType") != "Parameters" or not isinstance(found, list):
        raise _refused("The body must be one Parameters resource.")
    return [_pair(one, place) for place, one in enumerate(found)]


def _pair(one: Any, place: int) -> tuple[str, str]:
    where = f"Parameters.parameter[{place}]"
    if not isinstance(one, dict) or not isinstance(one.get("name"), str) or len(one) != _NAMED_ONLY:
        raise _refused("A parameter of this operation has a name and one primitive value.", where)
    ((_, value),) = [(key, value) for key, value in one.items() if key != "name"]
    if isinstance(value, dict | list | bool) or value is None:
        raise _refused("A parameter of this operation has a name and one primitive value.", where)
    return one["name"], str(value)


def _refused(text: str, where: str = "") -> TurnedAway:
    return turned_away(Kind.MALFORMED, "structure", text, where)
