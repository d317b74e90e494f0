"""What every search has in common: its query in url, form or page link, and the page it answers with.

A page bears an ETag of what is in it, so that a partner who polls is told 304 while nothing has changed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

from gateway.fhir import bundles
from gateway.fhir.asked import Asked, Parameters, Reply, Services
from gateway.fhir.negotiation import FORM, check_body, preferred
from gateway.fhir.outcome import turned_away
from gateway.fhir.page_links import Place
from gateway.fhir.parameters import take, take_count
from gateway.fhir.versions import is_known
from gateway.refusal import Kind
from gateway.stored import Page, Position, document

_FORM_TYPE = "application/x-www-form-urlencoded"
_MOST_FIELDS = 200


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched for. ``dropped`` names what a lenient client is told was left out."""

    parameters: Parameters
    position: Position | None
    count: int
    dropped: tuple[str, ...] = ()


def query_of(services: Services, asked: Asked, known: Collection[str]) -> Query:
    """The query of a request; ``known`` are the names that a lenient search keeps."""
    sealed, rest = take(asked.parameters, bundles.PAGE)
    if sealed is not None:
        if rest:
            raise turned_away(Kind.MALFORMED, "value", "A page link is followed as it is.")
        place = services.pages.open(asked.actor, asked.type, sealed)
        return Query(place.parameters, place.position, place.count)
    count, rest = take_count(rest)
    if preferred(asked.headers, "handling") != "lenient":
        return Query(rest, None, count)
    kept = [pair for pair in rest if pair[0].partition(":")[0].partition(".")[0] in known]
    return Query(kept, None, count, tuple(sorted({name for name, _ in rest} - {name for name, _ in kept})))


def with_form(asked: Asked) -> Asked:
    """The same request with the parameters in its body beside those of its url."""
    check_body(asked.headers, (_FORM_TYPE,))
    try:
        text = asked.body.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise turned_away(Kind.MALFORMED, "structure", "The body is not a form in UTF-8.") from None
    return replace(asked, parameters=asked.parameters + [pair for pair in pairs if pair[0] not in FORM])


def page_reply(services: Services, asked: Asked, query: Query, page: Page) -> Reply:
    """The searchset of one page, or 304 where the client has just this page."""
    etag = _etag(page)
    headers = {"ETag": f'W/"{etag}"'}
    if is_known(asked.headers, etag):
        return Reply(304, None, headers)
    links = [bundles.self_link(services, asked.type, asked.parameters)]
    if page.following is not None:
        place = Place(query.parameters, page.following, query.count)
        links.append(bundles.next_link(services, asked.actor, asked.type, place))
    entries = [_entry(services.settings.fhir_base, document(s)) for s in page.entries]
    if query.dropped:
        entries.append(bundles.dropped_entry(query.dropped))
    return Reply(200, bundles.bundle("searchset", page.total, links, entries), headers)


def _entry(base: str, resource: dict[str, Any]) -> dict[str, Any]:
    url = f"{base}/{resource['resourceType']}/{resource['id']}"
    return {"fullUrl": url, "resource": resource, "search": {"mode": "match"}}


def _etag(page: Page) -> str:
    parts = [f"{s.type}/{s.id}/{s.version}" for s in page.entries]
    return sha256("\n".join([str(page.total), *parts]).encode()).hexdigest()[:32]
