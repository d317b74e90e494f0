"""``DELETE /fhir/Type/id``: marked as deleted, 410 from then on; deleting twice changes nothing."""

from __future__ import annotations

from gateway.fhir.asked import Asked, Reply, Services
from gateway.fhir.parameters import refuse_any
from gateway.fhir.versions import if_match


def delete(services: Services, asked: Asked) -> Reply:
    refuse_any(asked.parameters)
    stored = services.intake.delete(asked.actor, asked.type, asked.id, if_match(asked.headers))
    return Reply(204, None, {"ETag": f'W/"{stored.version}"'} if stored.version else {})
