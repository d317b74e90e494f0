"""What HTTP says of one version: ETag, Last-Modified and Location, and the conditions that rest on them."""

from __future__ import annotations

from werkzeug.datastructures import Headers
from werkzeug.http import http_date, parse_date, parse_etags

from gateway.fhir.asked import Asked, Reply, Services
from gateway.fhir.negotiation import preferred
from gateway.fhir.outcome import success, turned_away
from gateway.refusal import Kind
from gateway.stored import Stored, document

_SECOND = 1_000_000


def headers_of(stored: Stored) -> dict[str, str]:
    """The headers of an answer that is one version of a resource."""
    return {"ETag": f'W/"{stored.version}"', "Last-Modified": http_date(stored.updated // _SECOND)}


def is_known(headers: Headers, etag: str, updated: int | None = None) -> bool:
    """Whether the client has this already: by ETag where it names one, else by time."""
    none_match = headers.get("If-None-Match")
    if none_match is not None:
        return parse_etags(none_match).contains_weak(etag)
    since = parse_date(headers.get("If-Modified-Since"))
    return since is not None and updated is not None and updated // _SECOND <= since.timestamp()


def if_match(headers: Headers) -> int | None:
    """The version that must be current for a write, where one is named."""
    text = headers.get("If-Match")
    if text is None:
        return None
    number = text.strip().removeprefix("W/").strip('"')
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise turned_away(Kind.MALFORMED, "value", 'If-Match must name one version, such as W/"3".')
    return int(number)


def version_reply(asked: Asked, stored: Stored) -> Reply:
    """One version, or 304 where the client has it."""
    if is_known(asked.headers, str(stored.version), stored.updated):
        return Reply(304, None, headers_of(stored))
    return Reply(200, document(stored), headers_of(stored))


def written(services: Services, asked: Asked, stored: Stored) -> Reply:
    """The answer to a create or an update, in the form that ``Prefer: return=`` asks for."""
    place = f"{services.settings.fhir_base}/{stored.type}/{stored.id}/_history/{stored.version}"
    headers = {**headers_of(stored), "Location" if stored.created else "Content-Location": place}
    status = 201 if stored.created else 200
    wanted = preferred(asked.headers, "return")
    if wanted == "minimal":
        return Reply(status, None, headers)
    if wanted == "OperationOutcome":
        return Reply(status, success("The resource was stored."), headers)
    return Reply(status, document(stored), headers)
