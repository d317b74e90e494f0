"""``GET /fhir/Type/id/$meta``: profiles, tags, labels, version and time of a resource, and no more of it."""

from __future__ import annotations

from gateway.fhir.asked import Asked, Reply, Services
from gateway.fhir.parameters import refuse_any
from gateway.fhir.versions import headers_of
from gateway.stored import document


def meta(services: Services, asked: Asked) -> Reply:
    refuse_any(asked.parameters)
    stored = services.release.read(asked.actor, asked.type, asked.id)
    told = {"name": "return", "valueMeta": document(stored)["meta"]}
    return Reply(200, {"resourceType": "Parameters", "parameter": [told]}, headers_of(stored))
