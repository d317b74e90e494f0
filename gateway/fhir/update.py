"""``PUT /fhir/Type/id``: the next version, or the first under the sender's own id."""

from __future__ import annotations

from gateway.fhir.asked import Asked, Reply, Services
from gateway.fhir.body import resource
from gateway.fhir.parameters import refuse_any
from gateway.fhir.versions import if_match, written


def update(services: Services, asked: Asked) -> Reply:
    refuse_any(asked.parameters)
    version = if_match(asked.headers)
    body = resource(services, asked)
    stored = services.intake.update(asked.actor, asked.type, asked.id, body, version)
    return written(services, asked, stored)
