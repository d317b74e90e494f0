"""``POST /fhir/Type``: a new resource under an id that the server gives, or none where one matches."""

from __future__ import annotations

from gateway.fhir.asked import Asked, Reply, Services
from gateway.fhir.body import resource
from gateway.fhir.outcome import turned_away
from gateway.fhir.parameters import refuse_any
from gateway.fhir.repeating import CRITERIA, repeat_of
from gateway.fhir.versions import written
from gateway.intake.entries import Entry, criteria
from gateway.refusal import Kind
from gateway.stored import Answer, Repeat, Resource, Stored
from mappers import lossless
from mappers.r4.expressions import root_of


def create(services: Services, asked: Asked) -> Reply:
    refuse_any(asked.parameters)
    repeat = repeat_of(asked)
    body = resource(services, asked)
    if body.get("resourceType") != asked.type:
        raise turned_away(
            Kind.INVALID, "value", "The resource's type is not the one in the url.", root_of(body)
        )
    if repeat is not None:
        return _once(services, asked, body, repeat)
    stored = services.intake.create(asked.actor, asked.type, body, _criteria(asked))
    return written(services, asked, stored)


def _criteria(asked: Asked) -> str | None:
    """What must not be there yet. Without criteria the create would be done each time."""
    text = asked.headers.get(CRITERIA)
    if text is not None and not criteria(text):
        raise turned_away(Kind.MALFORMED, "required", f"{CRITERIA} must name criteria.")
    return text


def _once(services: Services, asked: Asked, body: Resource, repeat: Repeat) -> Reply:
    """The answer as it was given first, in the form that was preferred then."""

    def finished(stored: Stored) -> Answer:
        reply = written(services, asked, stored)
        told = lossless.dumps(reply.body) if isinstance(reply.body, dict) else b""
        return Answer(reply.status, told, reply.headers)

    services.errands.refuse_known(asked.actor, repeat.key)
    entry = Entry("", "POST", asked.type, resource=body, if_none_exist=_criteria(asked))
    answer = services.intake.create_once(asked.actor, entry, repeat, finished)
    return Reply(answer.status, answer.body or None, answer.headers)
