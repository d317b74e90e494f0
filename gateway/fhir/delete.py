"""``DELETE /fhir/Type/id`` and ``DELETE /fhir/Type?…``: 410 from then on; deleting twice changes nothing."""

from __future__ import annotations

from gateway.fhir.asked import Asked, Reply, Services
from gateway.fhir.criteria import query_of
from gateway.fhir.parameters import refuse_any
from gateway.fhir.versions import condition
from gateway.intake.entries import Entry
from gateway.stored import Stored


def delete(services: Services, asked: Asked) -> Reply:
    refuse_any(asked.parameters)
    return _gone(services.intake.delete(asked.actor, asked.type, asked.id, condition(asked.headers)))


def delete_matching(services: Services, asked: Asked) -> Reply:
    """One that matches; several are 412, and none is as if it had been deleted before."""
    entry = Entry("", "DELETE", asked.type, query=query_of(asked), if_match=condition(asked.headers))
    return _gone(services.intake.single(asked.actor, entry))


def _gone(stored: Stored) -> Reply:
    return Reply(204, None, {"ETag": f'W/"{stored.version}"'} if stored.version else {})
