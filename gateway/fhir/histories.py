"""``GET /fhir/Type/_history`` and ``GET /fhir/_history``: what changed, newest first, in pages."""

from __future__ import annotations

from gateway.custody.ids import WriteNo
from gateway.fhir import bundles
from gateway.fhir.asked import Asked, Reply, Services
from gateway.fhir.history import history_entry
from gateway.fhir.moments import take_times
from gateway.fhir.outcome import turned_away
from gateway.fhir.page_links import Place as Link
from gateway.fhir.parameters import refuse_any, take, take_count
from gateway.instants import instant
from gateway.refusal import Kind
from gateway.release.histories import Changes, Place, Question
from gateway.stored import Position

_SINCE, _START, _END, _CEILING = "since", "start", "end", "ceiling"


def history_type(services: Services, asked: Asked) -> Reply:
    return _page(services, asked, f"{asked.type}/_history")


def history_system(services: Services, asked: Asked) -> Reply:
    return _page(services, asked, "_history")


def _page(services: Services, asked: Asked, path: str) -> Reply:
    sealed, rest = take(asked.parameters, bundles.PAGE)
    if sealed is not None:
        if rest:
            raise turned_away(Kind.MALFORMED, "value", "A page link is followed as it is.")
        link = services.pages.open(asked.actor, path, sealed)
        question, place, count = *_opened(asked.type, link), link.count
    else:
        count, rest = take_count(rest)
        since, current, rest = take_times(rest)
        refuse_any(rest)
        question, place = Question(asked.type or None, since, current), None
    changes = services.histories.page(asked.actor, question, place, count)
    return _reply(services, asked, path, (question, count), changes)


def _reply(
    services: Services, asked: Asked, path: str, what: tuple[Question, int], changes: Changes
) -> Reply:
    question, count = what
    links = [bundles.self_link(services, path, asked.parameters)]
    if changes.following is not None:
        following = _sealable(question, changes.following, count)
        links.append(bundles.next_link(services, asked.actor, path, following))
    entries = [history_entry(services.settings.fhir_base, stored) for stored in changes.entries]
    made = bundles.bundle("history", None, links, entries)
    return Reply(200, {**made, "meta": {"lastUpdated": instant(changes.whole_until)}})


def _sealable(question: Question, place: Place, count: int) -> Link:
    """The question and where it goes on, in the form that page links have for searches."""
    told = [(_SINCE, str(question.since))]
    if question.current is not None:
        told += [(_START, str(question.current[0])), (_END, str(question.current[1]))]
    told += [(_CEILING, str(ceiling)) for ceiling in place.ceilings]
    return Link(told, Position(place.begun, place.after or 0), count)


def _opened(type_: str, link: Link) -> tuple[Question, Place]:
    told = dict(link.parameters)
    current = (int(told[_START]), int(told[_END])) if _START in told else None
    ceilings = tuple(WriteNo(int(value)) for name, value in link.parameters if name == _CEILING)
    place = Place(link.position.ceiling, ceilings, link.position.after)
    return Question(type_ or None, int(told[_SINCE]), current), place
