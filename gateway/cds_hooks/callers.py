"""Who calls: an EHR that signed a JWT for this very address, once.

Standard: https://cds-hooks.hl7.org/2.0/#trusting-cds-clients. ``iss`` is a url there; a client of Careloom is
known by its ``client_id``, which it gives as ``iss``, or as ``sub`` beside a url of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.auth.actor import Actor, Role
from gateway.auth.authentication import ASSERTION_TYPE, Authenticator, Known, Visit, spend
from gateway.auth.caller import Caller
from gateway.auth.oauth import TokenRefused, invalid_client
from gateway.refusal import Kind, Refused, recorded, refused
from gateway.stored import Clock

_BEARER = "bearer "
REFUSED = "cds:refuse"
PLAN = "CarePlan"


@dataclass(frozen=True, slots=True)
class Callers:
    """Knows an EHR by its signature."""

    desk: Authenticator
    clock: Clock

    def actor(self, authorization: str | None, address: str, caller: Caller) -> Actor:
        """Who signed for this address; a refusal is in the trail before it is raised."""
        token = (authorization or "").strip()
        given = token[len(_BEARER) :].strip() if token[: len(_BEARER)].lower() == _BEARER else ""
        visit = Visit(ASSERTION_TYPE, given, None, caller.address, caller.request_id)
        known = Known()
        try:
            return self._actor(visit, address, known)
        except TokenRefused as refusal:
            self.desk.record(REFUSED, visit, known, refusal)
            text = f"Send a JWT that you signed for this address: {refusal.text}."
            raise recorded(Kind.UNAUTHENTICATED, "login", text) from None

    def _actor(self, visit: Visit, address: str, known: Known) -> Actor:
        if not visit.assertion:
            raise invalid_client("there is none in the Authorization header")
        found = self.desk.issuer(visit, (address,), known)
        client = found.client
        with self.desk.database.write() as conn:
            spend(conn, found.proven, self.clock())
        return Actor(
            client_id=client.client_id,
            role=client.role,
            organization=client.organization,
            scopes=client.scopes,
            address=visit.address,
            request_id=visit.request_id,
        )


def entitled(actor: Actor) -> None:
    """Only EHRs, and only those that may read plans. Raises ``Refused``."""
    if actor.role is not Role.EHR:
        raise _forbidden("CDS Hooks are for EHRs.")
    if not actor.scopes.allows(PLAN, "r"):
        raise _forbidden("The client's scopes do not let it read CarePlans.")


def _forbidden(text: str) -> Refused:
    return refused(Kind.FORBIDDEN, "forbidden", text)
