"""``POST /fhir/Type``: a new resource under an id that the server gives, or none where one matches."""

from __future__ import annotations

from gateway.fhir.asked import Asked, Reply, Services
from gateway.fhir.body import resource
from gateway.fhir.outcome import turned_away
from gateway.fhir.parameters import refuse_any
from gateway.fhir.versions import written
from gateway.refusal import Kind


def create(services: Services, asked: Asked) -> Reply:
    refuse_any(asked.parameters)
    if "Idempotency-Key" in asked.headers:
        raise turned_away(
            Kind.MALFORMED,
            "not-supported",
            "Idempotency-Key is honoured on bundles; use If-None-Exist, or a transaction of one entry.",
        )
    body = resource(services, asked)
    if body.get("resourceType") != asked.type:
        raise turned_away(
            Kind.INVALID, "value", "The resource's type is not the one in the url.", "resourceType"
        )
    stored = services.intake.create(asked.actor, asked.type, body, asked.headers.get("If-None-Exist"))
    return written(services, asked, stored)
