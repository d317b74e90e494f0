"""``GET`` and ``POST /fhir/Patient/id/$everything``: all that the reader may see of one patient, in pages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gateway.auth.scopes import Right, Scopes
from gateway.fhir import bundles
from gateway.fhir.asked import Asked, Parameters, Reply, Services
from gateway.fhir.moments import period
from gateway.fhir.operations.parameters import in_body, told
from gateway.fhir.outcome import turned_away
from gateway.fhir.page_links import Place
from gateway.fhir.parameters import MOST, refuse_any, take, take_count
from gateway.refusal import Kind
from gateway.release.care_dates import Span
from gateway.release.everything import Answer
from gateway.release.patient_walk import Wanted
from gateway.stored import Stored, document
from mappers.r4.dates import is_date_time
from mappers.r4.model import MODEL

_TYPE, _DAYS = "_type", ("start", "end")


def everything(services: Services, asked: Asked) -> Reply:
    sealed, rest = take(asked.parameters, bundles.PAGE)
    path = f"Patient/{asked.id}/$everything"
    if sealed is not None:
        refuse_any(rest)
        place = services.pages.open(asked.actor, path, sealed)
        parameters, position, count = place.parameters, place.position, place.count
    else:
        count, parameters = take_count(rest, MOST)
        position = None
    answer = services.everything.page(asked.actor, asked.id, _wanted(parameters), position, count)
    links = [bundles.self_link(services, path, asked.parameters)]
    if answer.following is not None:
        following = Place(parameters, answer.following, count)
        links.append(bundles.next_link(services, asked.actor, path, following))
    entries = _entries(services.settings.fhir_base, answer)
    if answer.narrowed and position is None:
        entries.append(_left_out(asked.actor.scopes))
    return Reply(200, bundles.bundle("searchset", None, links, entries))


def everything_by_post(services: Services, asked: Asked) -> Reply:
    """The same with its parameters in the body, as FHIR's operations take them."""
    more = in_body(told(services, asked))
    return everything(services, replace(asked, parameters=asked.parameters + more))


def _wanted(parameters: Parameters) -> Wanted:
    since, rest = take(parameters, "_since")
    days: dict[str, str | None] = {}
    for name in _DAYS:
        days[name], rest = take(rest, name)
        _check_day(name, days[name])
    types = [text for name, value in rest if name == _TYPE for text in value.split(",")]
    refuse_any([pair for pair in rest if pair[0] != _TYPE])
    if not set(types) <= set(MODEL.resources):
        raise turned_away(Kind.MALFORMED, "value", "_type names a type that FHIR R4 does not have.")
    begun = 0 if since is None else period("_since", since)[0]
    return Wanted(frozenset(types) if types else None, begun, Span(**days))


def _check_day(name: str, text: str | None) -> None:
    if text is not None and not is_date_time(text):
        raise turned_away(Kind.MALFORMED, "value", f"{name} must be a FHIR date, such as 2026-01-31.")


def _entries(base: str, answer: Answer) -> list[dict[str, Any]]:
    found = [_entry(base, stored, "match") for stored in answer.own]
    return found + [_entry(base, stored, "include") for stored in answer.pointed_at]


def _entry(base: str, stored: Stored, mode: str) -> dict[str, Any]:
    url = f"{base}/{stored.type}/{stored.id}"
    return {"fullUrl": url, "resource": document(stored), "search": {"mode": mode}}


def _left_out(scopes: Scopes) -> dict[str, Any]:
    """What was not given for want of a scope, whether or not there is any of it."""
    readable = sorted(_read_of(right) for right in scopes.rights if "r" in right.letters)
    text = f"Unauthorized: of what was asked for, the token may read only {', '.join(readable)}."
    issue = {"severity": "warning", "code": "suppressed", "diagnostics": text, "details": {"text": text}}
    return {
        "resource": {"resourceType": "OperationOutcome", "issue": [issue]},
        "search": {"mode": "outcome"},
    }


def _read_of(right: Right) -> str:
    return f"{right.type}?{right.only}" if right.only else right.type
