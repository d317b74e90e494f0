"""``POST /fhir``: a bundle as a transaction (all or nothing) or a batch (each entry alone), now or later."""

from __future__ import annotations

from gateway.errands import Sent
from gateway.fhir import later
from gateway.fhir.asked import Asked, Reply, Services
from gateway.fhir.body import resource
from gateway.fhir.negotiation import preferred
from gateway.fhir.outcome import turned_away
from gateway.fhir.pages import lenient
from gateway.fhir.parameters import refuse_any
from gateway.fhir.repeating import repeat_of
from gateway.intake import repeats
from gateway.intake.returning import Preferences, returning
from gateway.refusal import Kind
from gateway.stored import Repeat
from mappers.r4.expressions import root_of


def transaction(services: Services, asked: Asked) -> Reply:
    refuse_any(asked.parameters)
    repeat = repeat_of(asked)
    bundle = resource(services, asked)
    if bundle.get("resourceType") != "Bundle":
        text = "Only a Bundle is taken at this address."
        raise turned_away(Kind.INVALID, "value", text, root_of(bundle))
    entries = bundle.get("entry", ())
    if isinstance(entries, list) and len(entries) > services.settings.entry_limit:
        raise turned_away(
            Kind.TOO_LARGE,
            "too-costly",
            "The bundle has more entries than this server accepts.",
            "Bundle.entry",
        )
    preferences = Preferences(returning(preferred(asked.headers, "return")), lenient(asked.headers))
    intake = services.intake.preferring(preferences)
    ways = {"transaction": intake.transaction, "batch": intake.batch}
    name = str(bundle.get("type"))
    way = ways.get(name)
    if way is None:
        raise turned_away(Kind.INVALID, "value", "Bundle.type must be transaction or batch.", "Bundle.type")
    if later.wanted(asked):
        key = repeat.key if repeat else None
        return _later(services, asked, Sent(name, bundle, asked.body, key, str(preferences)), repeat)
    if repeat is not None:
        services.errands.refuse_known(asked.actor, repeat.key)
    answer = way(asked.actor, bundle, repeat)
    return Reply(answer.status, answer.body)


def _later(services: Services, asked: Asked, sent: Sent, repeat: Repeat | None) -> Reply:
    """Take it to be done later, unless the same request was done at once before."""
    intake = services.intake
    again = None if repeat is None else repeats.again(intake.vault, asked.actor, repeat, intake.clock)
    return Reply(again.status, again.body) if again else later.accepted(services, asked, sent)
