"""Who is let through to a view, and the trace of whoever is not.

A use case records what it was asked, also where it finds nothing. What is refused before, or for want of a
right, is recorded here, in a transaction of its own: in the log of the client's organization, for a partner
in that of each organization that granted it something, and in the system log where nobody is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from gateway.auth.actor import Actor, Role
from gateway.auth.caller import Caller
from gateway.auth.tokens import Issuer
from gateway.custody.appender import Appender
from gateway.custody.audit import Event
from gateway.custody.errors import Unopened
from gateway.custody.ids import SYSTEM, TENANT_COMPARTMENT, Tenant
from gateway.fhir.outcome import Tampering, status_of, turned_away
from gateway.fhir.rate import Rate
from gateway.fhir.routes import ENTRIES, Route
from gateway.refusal import Kind, Recorded, Refused
from gateway.stored import Clock
from gateway.trace import ACTIONS, MAJOR, MINOR, SERIOUS
from mappers.r4.model import MODEL

_BEARER = "bearer "
_OUTCOMES = {Kind.UNAVAILABLE: SERIOUS, Kind.BROKEN: MAJOR}


@dataclass(frozen=True, slots=True)
class Door:
    """Knows tokens, scopes and the rate at which a client may ask."""

    appender: Appender
    issuer: Issuer
    rate: Rate
    clock: Clock

    def actor(self, authorization: str | None, caller: Caller) -> Actor:
        """Whose token this is; raises ``Refused`` where it is nobody's."""
        token = authorization or ""
        if not token[: len(_BEARER)].lower() == _BEARER:
            raise turned_away(Kind.UNAUTHENTICATED, "login", "Send a token: Authorization: Bearer …")
        found = self.issuer.actor(token[len(_BEARER) :].strip(), caller.address, caller.request_id)
        if found is None:
            raise turned_away(
                Kind.UNAUTHENTICATED,
                "login",
                "The token is not known, has run out or was revoked; get a new one.",
            )
        return found

    def admit(self, actor: Actor, route: Route, type_: str) -> None:
        """Whether this actor may ask this at all."""
        if not self.rate.allows(actor.client_id):
            raise turned_away(Kind.TOO_MANY, "throttled", "Too many requests; wait as Retry-After says.")
        if type_ and type_ not in MODEL.resources:
            raise turned_away(Kind.NOT_FOUND, "not-supported", "FHIR R4 has no resource type of this name.")
        if route.scope != ENTRIES and not actor.scopes.allows(type_, route.scope):
            raise turned_away(Kind.FORBIDDEN, "forbidden", "The token's scopes do not allow this.")

    def record(self, refusal: Refused, route: Route, type_: str, who: Actor | Caller) -> None:
        """The event of a refusal, unless the use case has written it."""
        # An event for each request above the rate would be the flood that the rate is there to stop.
        if isinstance(refusal, Recorded) or refusal.kind is Kind.TOO_MANY:
            return
        event = self._event(refusal, route, type_, who)
        rows = refusal.rows if isinstance(refusal, Tampering) else ()
        told = _of_rows(event, rows) if rows else {log: [event] for log in _logs(who)}
        self.appender.append(told)

    def _event(self, refusal: Refused, route: Route, type_: str, who: Actor | Caller) -> Event:
        known = who if isinstance(who, Actor) else None
        return Event(
            time=self.clock(),
            kind=route.audit,
            action=ACTIONS[route.audit.removeprefix("rest:")],
            outcome=_OUTCOMES.get(refusal.kind, MINOR),
            status=status_of(refusal),
            client_id=known.client_id if known else None,
            organization=known.organization if known else None,
            user=known.user if known else None,
            purpose=known.purpose if known else None,
            type=type_ if type_ in MODEL.resources else None,
            address=who.address,
            request_id=who.request_id,
            detail=_detail(refusal),
        )


def _detail(refusal: Refused) -> str | None:
    if isinstance(refusal, Tampering):
        return "tampered"
    return refusal.issues[0].code if refusal.issues else None


def _of_rows(event: Event, rows: Sequence[Unopened]) -> Mapping[Tenant, Sequence[Event]]:
    """The event for each row that does not open, in the log of the tenant that holds it."""
    told: dict[Tenant, list[Event]] = {row.tenant: [] for row in rows}
    for row in rows:
        patient = None if row.compartment == TENANT_COMPARTMENT else row.compartment
        named = replace(event, type=row.type, id=row.id, version=row.version, patient=patient)
        told[row.tenant].append(named)
    return told


def _logs(who: Actor | Caller) -> tuple[Tenant, ...]:
    if isinstance(who, Caller):
        return (SYSTEM,)
    if who.role is Role.PARTNER:
        return who.grants or (SYSTEM,)
    return (who.organization,)
