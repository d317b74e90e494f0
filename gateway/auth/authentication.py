"""Who stands at the token desk: a client that proves itself with an assertion, once per assertion.

The ``jti`` of an assertion, what was done for it and the audit event are one transaction: the same assertion
serves one request, also when two race and after a restart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, delete, text

from gateway.auth import assertion as assertions
from gateway.auth import registry
from gateway.auth.actor import Role
from gateway.auth.assertion import Assertion, Proven
from gateway.auth.jwks import KeysRefused
from gateway.auth.keysource import KeySource
from gateway.auth.oauth import TokenRefused, invalid_client
from gateway.auth.registry import Client
from gateway.auth.users import Human
from gateway.custody import audit
from gateway.custody.database import Database
from gateway.custody.ids import SYSTEM, Tenant
from gateway.custody.tables import assertion_seen
from gateway.stored import Clock
from gateway.trace import MINOR, SUCCESS

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SECOND = 1_000_000

_SEE = text("INSERT INTO assertion_seen (digest, expires) VALUES (:digest, :expires) ON CONFLICT DO NOTHING")
_NOBODY = Human()

Ended = Human | TokenRefused
"""How a visit ended: for a human behind the client, as far as one is named, or with a refusal."""


@dataclass(frozen=True, slots=True)
class Visit:
    """How somebody came to the desk: what they show, and where from."""

    assertion_type: str
    assertion: str
    client_id: str | None
    address: str
    request_id: str


@dataclass(slots=True)
class Known:
    """Whose assertion it says to be, as soon as that is known: for the trail, also of a refusal."""

    client: Client | None = None


@dataclass(frozen=True, slots=True)
class Authenticated:
    """A client that has proven itself, and what else its assertion says."""

    client: Client
    proven: Proven
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Authenticator:
    """Proves clients by their registered keys."""

    database: Database
    keys: KeySource
    clock: Clock

    def client(self, visit: Visit, audiences: tuple[str, ...], known: Known) -> Authenticated:
        """The client behind a visit; raises ``TokenRefused``. ``audiences`` are what ``aud`` may be."""
        if visit.assertion_type != ASSERTION_TYPE or not visit.assertion:
            raise invalid_client(f"client_assertion_type must be {ASSERTION_TYPE}")
        return self._proven(assertions.read(visit.assertion, visit.client_id), audiences, known)

    def issuer(self, visit: Visit, audiences: tuple[str, ...], known: Known) -> Authenticated:
        """The client that signed a JWT of CDS Hooks; raises ``TokenRefused``."""
        return self._proven(assertions.issued(visit.assertion), audiences, known)

    def _proven(self, assertion: Assertion, audiences: tuple[str, ...], known: Known) -> Authenticated:
        found = self._registered(assertion.client_id, known)
        assertions.check_jku(assertion, found.jwks_url)
        try:
            keys = self.keys.keys(found, assertion.header["kid"])
        except KeysRefused as error:
            raise invalid_client(str(error)) from None
        proven = assertions.prove(assertion, keys, audiences, self.clock() // SECOND)
        return Authenticated(found, proven, assertion.claims)

    def _registered(self, client_id: str, known: Known) -> Client:
        with self.database.read() as conn:
            found = registry.find_client(conn, client_id)
        # The trail names a client that was revoked and calls on.
        known.client = found
        if found is None or found.revoked is not None:
            raise invalid_client("no client in use has this client_id")
        return found

    def record(
        self,
        kind: str,
        visit: Visit,
        known: Known,
        refusal: TokenRefused,
    ) -> None:
        """The event of a visit that ended in a refusal, in a transaction of its own."""
        event = visit_event(kind, visit, self.clock(), known.client, refusal)
        with self.database.write() as conn:
            write_event(conn, known.client, event)


def spend(conn: Connection, proven: Proven, now: int) -> None:
    """Step 6 of an assertion's proof: its ``jti`` is new. It is kept for as long as it could serve again."""
    conn.execute(delete(assertion_seen).where(assertion_seen.c.expires < now))
    digest = sha256(f"{proven.client_id}\0{proven.jti}".encode()).digest()
    if not conn.execute(_SEE, {"digest": digest, "expires": (proven.expires + 1) * SECOND}).rowcount:
        raise invalid_client("jti was used before")


def write_event(conn: Connection, client: Client | None, event: audit.Event) -> None:
    """Into each log that a client's doings concern."""
    for log in _logs(conn, client):
        audit.append(conn, log, [event])


def _logs(conn: Connection, client: Client | None) -> tuple[Tenant, ...]:
    if client is None:
        return (SYSTEM,)
    if client.role is Role.PARTNER:
        return registry.granted(conn, client.client_id) or (SYSTEM,)
    return (client.organization,)


def visit_event(
    kind: str, visit: Visit, now: int, client: Client | None, ended: Ended = _NOBODY
) -> audit.Event:
    """What happened at the desk: a refusal, or what was done for whom."""
    refusal = ended if isinstance(ended, TokenRefused) else None
    human = _NOBODY if isinstance(ended, TokenRefused) else ended
    return audit.Event(
        time=now,
        kind=kind,
        action="E",
        outcome=MINOR if refusal else SUCCESS,
        status=refusal.status if refusal else 200,
        client_id=client.client_id if client else None,
        organization=client.organization if client else None,
        user=human.user,
        purpose=human.purpose,
        address=visit.address,
        request_id=visit.request_id,
        detail=refusal.text if refusal else human.reason,
    )
