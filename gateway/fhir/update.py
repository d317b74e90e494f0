"""``PUT /fhir/Type/id`` and ``PUT /fhir/Type?…``: the next version of a resource, or its first."""

from __future__ import annotations

from gateway.fhir.asked import Asked, Reply, Services
from gateway.fhir.body import resource
from gateway.fhir.criteria import query_of
from gateway.fhir.outcome import turned_away
from gateway.fhir.parameters import refuse_any
from gateway.fhir.versions import condition, written
from gateway.intake.entries import Entry
from gateway.refusal import Kind
from mappers.r4.expressions import root_of


def update(services: Services, asked: Asked) -> Reply:
    refuse_any(asked.parameters)
    version = condition(asked.headers, creates=True)
    body = resource(services, asked)
    stored = services.intake.update(asked.actor, asked.type, asked.id, body, version)
    return written(services, asked, stored)


def update_matching(services: Services, asked: Asked) -> Reply:
    query, version = query_of(asked), condition(asked.headers, creates=True)
    body = resource(services, asked)
    if body.get("resourceType") != asked.type:
        raise turned_away(
            Kind.INVALID, "value", "The resource's type is not the one in the url.", root_of(body)
        )
    entry = Entry("", "PUT", asked.type, resource=body, query=query, if_match=version)
    return written(services, asked, services.intake.single(asked.actor, entry))
