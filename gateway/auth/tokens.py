"""Access tokens: given for a proven assertion, looked up at every request.

A token is 32 random bytes; the database keeps its SHA-256, so whoever reads the table can use none. It is
joined to its client at each look-up, so it ends with the client, and its scopes never exceed what the client
has now. The assertion's ``jti``, the token and the audit event are one transaction: the same assertion
gives one token, also when two requests race and after a restart.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Connection, bindparam, delete, insert, select, text

from gateway.auth import assertion as assertions
from gateway.auth import registry
from gateway.auth.actor import CEILING, Actor, Role
from gateway.auth.assertion import Proven
from gateway.auth.jwks import KeysRefused
from gateway.auth.keysource import KeySource
from gateway.auth.oauth import TokenRefused, invalid_client
from gateway.auth.registry import Client
from gateway.auth.scopes import ScopeRefused, Scopes, parse
from gateway.custody import audit
from gateway.custody.database import Database
from gateway.custody.ids import SYSTEM, Tenant
from gateway.custody.tables import access_token, assertion_seen, client
from gateway.stored import Clock, Entropy
from gateway.trace import MINOR, SUCCESS

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

_TOKEN_BYTES = 32
_SECOND = 1_000_000
_UNKNOWN = "no client in use has this client_id"
_SEE = text("INSERT INTO assertion_seen (digest, expires) VALUES (:digest, :expires) ON CONFLICT DO NOTHING")
_LOOK_UP = (
    select(
        access_token.c.client_id,
        access_token.c.scope,
        client.c.role,
        client.c.organization,
        client.c.scope.label("allowed"),
    )
    .join(client, client.c.client_id == access_token.c.client_id)
    .where(
        access_token.c.digest == bindparam("digest"),
        access_token.c.expires > bindparam("now"),
        client.c.revoked.is_(None),
    )
)


@dataclass(frozen=True, slots=True)
class Request:
    """What came to the token endpoint."""

    grant_type: str
    assertion_type: str
    assertion: str
    scope: str
    client_id: str | None
    address: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Granted:
    """A token, shown once."""

    token: str
    scopes: Scopes
    seconds: int


@dataclass(frozen=True, slots=True)
class Issuer:
    """Gives tokens and tells whose they are."""

    database: Database
    keys: KeySource
    audience: str
    seconds: int
    clock: Clock
    entropy: Entropy

    def issue(self, request: Request) -> Granted:
        """A token for a proven client, or ``TokenRefused``; both are in the trail."""
        known: list[Client] = []
        try:
            return self._issue(request, known)
        except TokenRefused as refusal:
            self._record_refusal(request, refusal, known[0] if known else None)
            raise

    def actor(self, token: str, address: str, request_id: str) -> Actor | None:
        """Who bears this token now; None when it is not known, has run out, or its client has ended."""
        with self.database.read() as conn:
            row = conn.execute(_LOOK_UP, {"digest": _digest(token), "now": self.clock()}).one_or_none()
            if row is None:
                return None
            role = Role(row.role)
            grants = registry.granted(conn, row.client_id) if role is Role.PARTNER else ()
        allowed = registry.parse_stored(row.allowed).within(CEILING[role])
        return Actor(
            client_id=row.client_id,
            role=role,
            organization=Tenant(row.organization),
            scopes=registry.parse_stored(row.scope).within(allowed),
            address=address,
            request_id=request_id,
            grants=grants,
        )

    def _issue(self, request: Request, known: list[Client]) -> Granted:
        if request.grant_type != "client_credentials":
            raise TokenRefused("unsupported_grant_type", "grant_type must be client_credentials")
        if request.assertion_type != ASSERTION_TYPE or not request.assertion:
            raise invalid_client(f"client_assertion_type must be {ASSERTION_TYPE}")
        assertion = assertions.read(request.assertion, request.client_id)
        found = self._client(assertion.client_id)
        known.append(found)
        assertions.check_jku(assertion, found.jwks_url)
        try:
            keys = self.keys.keys(found, assertion.header["kid"])
        except KeysRefused as error:
            raise invalid_client(str(error)) from None
        proven = assertions.prove(assertion, keys, self.audience, self.clock() // _SECOND)
        return self._store(request, found, proven, _asked_scopes(request.scope, found))

    def _client(self, client_id: str) -> Client:
        with self.database.read() as conn:
            found = registry.find_client(conn, client_id)
        if found is None or found.revoked is not None:
            raise invalid_client(_UNKNOWN)
        return found

    def _store(self, request: Request, found: Client, proven: Proven, scopes: Scopes) -> Granted:
        token = base64.urlsafe_b64encode(self.entropy(_TOKEN_BYTES)).decode().rstrip("=")
        now = self.clock()
        event = _event(request, now, found, None)
        with self.database.write() as conn:
            if not _see(conn, proven, now):
                raise invalid_client("jti was used before")
            conn.execute(delete(access_token).where(access_token.c.expires < now))
            conn.execute(
                insert(access_token).values(
                    digest=_digest(token),
                    client_id=found.client_id,
                    scope=str(scopes),
                    expires=now + self.seconds * _SECOND,
                )
            )
            for log in _logs(conn, found):
                audit.append(conn, log, [event])
        return Granted(token, scopes, self.seconds)

    def _record_refusal(self, request: Request, refusal: TokenRefused, found: Client | None) -> None:
        event = _event(request, self.clock(), found, refusal)
        with self.database.write() as conn:
            for log in _logs(conn, found):
                audit.append(conn, log, [event])


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()


def _asked_scopes(asked: str, found: Client) -> Scopes:
    """What is asked for and allowed. Nothing is granted to whoever names nothing: SMART demands a scope."""
    allowed = found.scopes.within(CEILING[found.role])
    try:
        scopes = parse(asked).within(allowed)
    except ScopeRefused as error:
        raise TokenRefused("invalid_scope", str(error)) from None
    if not scopes:
        raise TokenRefused("invalid_scope", "the client is allowed none of these scopes")
    return scopes


def _see(conn: Connection, proven: Proven, now: int) -> bool:
    """Step 6 of an assertion's proof: whether its ``jti`` is new. It is kept while it could serve."""
    conn.execute(delete(assertion_seen).where(assertion_seen.c.expires < now))
    digest = sha256(f"{proven.client_id}\0{proven.jti}".encode()).digest()
    return bool(conn.execute(_SEE, {"digest": digest, "expires": (proven.expires + 1) * _SECOND}).rowcount)


def _logs(conn: Connection, found: Client | None) -> tuple[Tenant, ...]:
    if found is None:
        return (SYSTEM,)
    if found.role is Role.PARTNER:
        return registry.granted(conn, found.client_id) or (SYSTEM,)
    return (found.organization,)


def _event(request: Request, now: int, found: Client | None, refusal: TokenRefused | None) -> audit.Event:
    return audit.Event(
        time=now,
        kind="token:refuse" if refusal else "token:issue",
        action="E",
        outcome=MINOR if refusal else SUCCESS,
        status=refusal.status if refusal else 200,
        client_id=found.client_id if found else None,
        organization=found.organization if found else None,
        address=request.address,
        request_id=request.request_id,
        detail=refusal.text if refusal else None,
    )
