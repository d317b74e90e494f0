"""What HTTP says of one version: ETag, Last-Modified and Location, and the conditions that rest on them."""

from __future__ import annotations

from functools import lru_cache, partial

from werkzeug.datastructures import Headers
from werkzeug.http import http_date, parse_date, parse_etags

from gateway.fhir.asked import Asked, Reply, Services
from gateway.fhir.narrowing import Show
from gateway.fhir.negotiation import preferred
from gateway.fhir.outcome import success, turned_away
from gateway.intake.entries import Condition, Standing
from gateway.refusal import Kind
from gateway.release import Release
from gateway.stored import Stored, document

_SECOND = 1_000_000


def headers_of(stored: Stored) -> dict[str, str]:
    """The headers of an answer that is one version of a resource."""
    return {"ETag": f'W/"{stored.version}"', "Last-Modified": _date(stored.updated // _SECOND)}


@lru_cache(maxsize=1_024)
def _date(seconds: int) -> str:
    # What came in one bundle is of one second.
    return http_date(seconds)


def is_known(headers: Headers, etag: str, updated: int | None = None) -> bool:
    """Whether the client has this already: by ETag where it names one, else by time."""
    none_match = headers.get("If-None-Match")
    if none_match is not None:
        return parse_etags(none_match).contains_weak(etag)
    since = parse_date(headers.get("If-Modified-Since"))
    return since is not None and updated is not None and updated // _SECOND <= since.timestamp()


def holding(release: Release, asked: Asked) -> Release:
    """Gives out to somebody who says what they have already, so that the trail tells a 304 as one."""
    said = "If-None-Match" in asked.headers or "If-Modified-Since" in asked.headers
    return release.holding(partial(is_known, asked.headers)) if said else release


def condition(headers: Headers, creates: bool = False) -> Condition | None:
    """What must stand for a write, where anything is supposed; ``creates`` says that it may make what is not.

    Raises ``Refused`` for a condition that is not served: one that is left aside would be held for kept.
    """
    if "If-Unmodified-Since" in headers:
        text = "If-Unmodified-Since is not served on writes; name the version in If-Match."
        raise turned_away(Kind.MALFORMED, "not-supported", text)
    none = headers.get("If-None-Match")
    if none is None:
        return _if_match(headers)
    if not creates or none.strip() != "*" or "If-Match" in headers:
        text = "If-None-Match is served as * on a PUT, and without an If-Match."
        raise turned_away(Kind.MALFORMED, "not-supported", text)
    return Standing.NOTHING


def _if_match(headers: Headers) -> Condition | None:
    text = headers.get("If-Match")
    if text is None:
        return None
    if text.strip() == Standing.ANY.value:
        return Standing.ANY
    number = text.strip().removeprefix("W/").strip('"')
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise turned_away(Kind.MALFORMED, "value", 'If-Match must name one version, such as W/"3", or be *.')
    return int(number)


def version_reply(asked: Asked, stored: Stored, show: Show | None = None) -> Reply:
    """One version, or 304 where the client has it; ``show`` leaves less of it.

    The ETag is the version's either way, as FHIR has it: HTTP compares it for one url, and less of a resource
    has a url of its own.
    """
    if is_known(asked.headers, str(stored.version), stored.updated):
        return Reply(304, None, headers_of(stored))
    whole = document(stored)
    return Reply(200, whole if show is None else show(whole), headers_of(stored))


def written(services: Services, asked: Asked, stored: Stored, sent: bool = True) -> Reply:
    """The answer to a write, in the form that ``Prefer: return=`` asks for.

    What its sender did not send (``sent``), but made by a patch, is shown to who may read it.
    """
    place = f"{services.settings.fhir_base}/{stored.type}/{stored.id}/_history/{stored.version}"
    headers = {**headers_of(stored), "Location" if stored.created else "Content-Location": place}
    status = 201 if stored.created else 200
    wanted = preferred(asked.headers, "return")
    if wanted == "minimal" or not (sent or asked.actor.scopes.covers(stored.type, "r", stored.body or {})):
        return Reply(status, None, headers)
    if wanted == "OperationOutcome":
        return Reply(status, success("The resource was stored."), headers)
    return Reply(status, document(stored), headers)
