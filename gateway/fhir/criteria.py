"""The criteria of a conditional write: all parameters of its address, of which there must be one."""

from __future__ import annotations

from urllib.parse import urlencode

from gateway.fhir.asked import Asked
from gateway.fhir.outcome import turned_away
from gateway.refusal import Kind


def query_of(asked: Asked) -> str:
    """The criteria as the use case reads them. Without any, everything of the type would be meant."""
    if not asked.parameters:
        raise turned_away(
            Kind.MALFORMED, "required", "Name the resource (Type/id), or the criteria that it meets (Type?…)."
        )
    return urlencode(asked.parameters)
