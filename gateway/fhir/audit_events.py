"""``GET /fhir/AuditEvent`` and ``…/AuditEvent/id``: officers look at the trail; nobody writes it."""

from __future__ import annotations

from functools import partial

from gateway.auth.scopes import TRAIL
from gateway.fhir.asked import Asked, Reply, Services
from gateway.fhir.narrowing import ELEMENTS, SUMMARY, take_narrowing
from gateway.fhir.pages import page_reply, query_of, with_form
from gateway.fhir.parameters import refuse_any
from gateway.fhir.trail_query import NAMES
from gateway.fhir.trail_wanted import SORT, TOTAL
from gateway.fhir.versions import is_known, version_reply

_HONOURED = (*NAMES, SORT, TOTAL, SUMMARY, ELEMENTS)


def read_event(services: Services, asked: Asked) -> Reply:
    refuse_any(asked.parameters)
    stored = services.trail.read(asked.actor, asked.id, partial(is_known, asked.headers))
    return version_reply(asked, stored)


def search_events(services: Services, asked: Asked) -> Reply:
    query = query_of(services, asked, lambda name, _: name in _HONOURED)
    narrowing, parameters = take_narrowing(TRAIL, query.parameters)
    count = 0 if narrowing.total_only else query.count
    has = partial(is_known, asked.headers)
    page = services.trail.search(asked.actor, parameters, query.position, count, has)
    return page_reply(services, asked, query, page, narrowing)


def search_events_by_post(services: Services, asked: Asked) -> Reply:
    return search_events(services, with_form(services, asked))
