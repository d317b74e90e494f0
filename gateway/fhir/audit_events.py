"""``GET /fhir/AuditEvent`` and ``…/AuditEvent/id``: officers look at the trail; nobody writes it."""

from __future__ import annotations

from gateway.fhir.asked import Asked, Reply, Services
from gateway.fhir.pages import page_reply, query_of, with_form
from gateway.fhir.parameters import refuse_any
from gateway.fhir.trail_query import NAMES
from gateway.fhir.versions import version_reply


def read_event(services: Services, asked: Asked) -> Reply:
    refuse_any(asked.parameters)
    return version_reply(asked, services.trail.read(asked.actor, asked.id))


def search_events(services: Services, asked: Asked) -> Reply:
    query = query_of(services, asked, lambda name, _: name.partition(":")[0] in NAMES)
    page = services.trail.search(asked.actor, query.parameters, query.position, query.count)
    return page_reply(services, asked, query, page)


def search_events_by_post(services: Services, asked: Asked) -> Reply:
    return search_events(services, with_form(services, asked))
