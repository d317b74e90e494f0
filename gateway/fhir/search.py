"""``GET /fhir/Type?…`` and ``POST /fhir/Type/_search``: a page of what matches, and a link to the next."""

from __future__ import annotations

from typing import Any

from werkzeug.datastructures import Headers

from gateway.auth.actor import Actor
from gateway.fhir.asked import Asked, Parameters, Reply, Services
from gateway.fhir.narrowing import ELEMENTS, SUMMARY, take_narrowing
from gateway.fhir.negotiation import FORM
from gateway.fhir.outcome import TurnedAway
from gateway.fhir.pages import LENIENT, page_headers, page_reply, query_of, with_form
from gateway.fhir.versions import holding, is_known
from gateway.stored import Position


def search(services: Services, asked: Asked) -> Reply:
    def honours(name: str, value: str) -> bool:
        if name in (SUMMARY, ELEMENTS):
            return _narrows(asked.type, name, value)
        return services.release.honours(asked.actor, asked.type, name, value)

    query = query_of(services, asked, honours)
    narrowing, parameters = take_narrowing(asked.type, query.parameters)
    count = 0 if narrowing.total_only else query.count
    mark = _unchanged(services, asked, parameters, (query.position, count))
    if mark is not None:
        return Reply(304, None, page_headers(mark))
    page = holding(services.release, asked).search(asked.actor, asked.type, parameters, query.position, count)
    return page_reply(services, asked, query, page, narrowing)


def _unchanged(
    services: Services, asked: Asked, parameters: Parameters, place: tuple[Position | None, int]
) -> str | None:
    """The mark of the page where the client has it; to look is worth it only where it says so."""
    if "If-None-Match" not in asked.headers:
        return None
    return services.release.unchanged(
        asked.actor, asked.type, parameters, place, lambda mark: is_known(asked.headers, mark)
    )


def _narrows(type_: str, name: str, value: str) -> bool:
    try:
        take_narrowing(type_, [(name, value)])
    except TurnedAway as refusal:
        return refusal.issues[0].code != "not-supported"
    return True


def search_in_bundle(
    services: Services, actor: Actor, type_: str, parameters: Parameters, lenient: bool = False
) -> dict[str, Any]:
    """The searchset that an entry of a bundle asks for, as strict as a search of its own."""
    own = [pair for pair in parameters if pair[0] not in FORM]
    headers = Headers({"Prefer": f"handling={LENIENT}"} if lenient else {})
    body = search(services, Asked(actor, headers, own, type=type_)).body
    assert isinstance(body, dict)
    return body


def search_by_post(services: Services, asked: Asked) -> Reply:
    return search(services, with_form(services, asked))
