"""Who asks: the one request of the engine, and the request of a partner, in the words of R4."""

from __future__ import annotations

from datetime import datetime

from mappers import parties
from mappers.consent import purposes
from mappers.consent.values import Default, Request

SILENCE = Default.OPT_OUT
"""For the engine: a hospital that sends data for plans has them made, until a patient declines."""

_ENGINES = frozenset({"access", "use"})
_PARTNERS = frozenset({"access", "disclose"})
"""In the words of consentaction: the partner accesses, and Careloom discloses."""


def engine(now: datetime) -> Request:
    """The engine asks for everything that it uses to treat."""
    return Request(frozenset({parties.ENGINE}), _ENGINES, purposes.closure("TREAT"), now)


def partner(client_id: str, organization: str | None, purpose: str | None, now: datetime) -> Request:
    """A partner asks under the names by which a Consent can mean it; a purpose may not be known."""
    names = {(parties.CLIENT, client_id)}
    if organization is not None:
        names.add((parties.ORGANIZATION, organization))
    told = purposes.closure(purpose) if purpose in purposes.KNOWN else None
    return Request(frozenset(names), _PARTNERS, told, now)
