"""``GET /fhir/Type?…`` and ``POST /fhir/Type/_search``: a page of what matches, and a link to the next."""

from __future__ import annotations

from gateway.fhir.asked import Asked, Reply, Services
from gateway.fhir.pages import page_reply, query_of, with_form
from mappers.r4 import search as r4_search


def search(services: Services, asked: Asked) -> Reply:
    query = query_of(services, asked, r4_search.parameters(asked.type).keys())
    page = services.release.search(asked.actor, asked.type, query.parameters, query.position, query.count)
    return page_reply(services, asked, query, page)


def search_by_post(services: Services, asked: Asked) -> Reply:
    return search(services, with_form(asked))
