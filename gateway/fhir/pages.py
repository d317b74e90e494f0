"""What every search has in common: its query in url, form or page link, and the page it answers with.

A page bears an ETag of what is in it, so that a partner who polls is told 304 while nothing has changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.datastructures import Headers

from gateway.fhir import bundles
from gateway.fhir.asked import Asked, Parameters, Reply, Services
from gateway.fhir.narrowing import Narrowing, Show
from gateway.fhir.negotiation import FORM, check_body, preferred
from gateway.fhir.outcome import turned_away
from gateway.fhir.page_links import Place
from gateway.fhir.parameters import take, take_count
from gateway.fhir.versions import is_known
from gateway.refusal import Kind
from gateway.stored import Page, Position, Stored, document

_FORM_TYPE = "application/x-www-form-urlencoded"
_MOST_FIELDS = 200
_WHOLE = Narrowing()
LENIENT, STRICT = "lenient", "strict"


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched for. ``shown`` stands in the ``self`` link: what was honoured, as it was asked.

    ``dropped`` names what a lenient client is told was left out.
    """

    parameters: Parameters
    position: Position | None
    count: int
    shown: Parameters
    dropped: tuple[str, ...] = ()


def query_of(services: Services, asked: Asked, honours: Callable[[str, str], bool]) -> Query:
    """The query of a request; ``honours`` tells which names and values a lenient search keeps."""
    sealed, rest = take(asked.parameters, bundles.PAGE)
    if sealed is not None:
        if rest:
            raise turned_away(Kind.MALFORMED, "value", "A page link is followed as it is.")
        place = services.pages.open(asked.actor, asked.type, sealed)
        return Query(place.parameters, place.position, place.count, asked.parameters)
    services.settings.extent.check(rest)
    count, rest = take_count(rest)
    if not lenient(asked.headers):
        return Query(rest, None, count, asked.parameters)
    left = [pair for pair in rest if not honours(*pair)]
    shown = [pair for pair in asked.parameters if pair not in left]
    kept = [pair for pair in rest if pair not in left]
    return Query(kept, None, count, shown, tuple(sorted({name for name, _ in left})))


def lenient(headers: Headers) -> bool:
    """Whether ``Prefer: handling=lenient`` asks to leave out what is not known, and to say so."""
    handling = preferred(headers, "handling")
    if handling not in (None, LENIENT, STRICT):
        raise turned_away(Kind.MALFORMED, "value", "Prefer: handling is strict or lenient.")
    return handling == LENIENT


def with_form(services: Services, asked: Asked) -> Asked:
    """The same request with the parameters in its body beside those of its url."""
    check_body(asked.headers, (_FORM_TYPE,))
    if len(asked.body) > services.settings.form_limit:
        raise turned_away(Kind.TOO_LARGE, "too-long", "The form is larger than a search may be.")
    try:
        text = asked.body.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise turned_away(Kind.MALFORMED, "structure", "The body is not a form in UTF-8.") from None
    return replace(asked, parameters=asked.parameters + [pair for pair in pairs if pair[0] not in FORM])


def page_reply(
    services: Services, asked: Asked, query: Query, page: Page, narrowing: Narrowing = _WHOLE
) -> Reply:
    """The searchset of one page, or 304 where the client has just this page."""
    etag = page.mark or _etag(page)
    headers = page_headers(etag)
    if is_known(asked.headers, etag):
        return Reply(304, None, headers)
    links = [bundles.self_link(services, asked.type, query.shown)]
    if page.following is not None:
        place = Place(query.parameters, page.following, query.count)
        links.append(bundles.next_link(services, asked.actor, asked.type, place))
    base = services.settings.fhir_base
    entries = [_entry(base, one, "match", narrowing.hit) for one in page.entries]
    entries += [_entry(base, one, "include", narrowing.included) for one in page.included]
    notes = [bundles.dropped(query.dropped)] if query.dropped else []
    entries += [bundles.note_entry([*notes, *page.notes])] if notes or page.notes else []
    return Reply(200, bundles.bundle("searchset", page.total, links, entries), headers)


def page_headers(etag: str) -> dict[str, str]:
    """The headers of an answer that is one page."""
    return {"ETag": f'W/"{etag}"'}


def _entry(base: str, stored: Stored, mode: str, show: Show | None) -> dict[str, Any]:
    resource = document(stored)
    url = f"{base}/{resource['resourceType']}/{resource['id']}"
    return {"fullUrl": url, "resource": show(resource) if show else resource, "search": {"mode": mode}}


def _etag(page: Page) -> str:
    parts = [f"{s.type}/{s.id}/{s.version}" for s in (*page.entries, *page.included)]
    return sha256("\n".join([str(page.total), *parts, *page.notes]).encode()).hexdigest()[:32]
