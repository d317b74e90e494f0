"""Access tokens: given for a proven assertion, looked up at every request.

A token is 32 random bytes; the database keeps its SHA-256, so whoever reads the table can use none. It is
joined to its client at each look-up, so it ends with the client, and its scopes never exceed what the client
has now.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from sqlalchemy import bindparam, delete, insert, select

from gateway.auth import registry
from gateway.auth.actor import CEILING, Actor, Role
from gateway.auth.authentication import (
    SECOND,
    Authenticated,
    Authenticator,
    Known,
    Visit,
    spend,
    visit_event,
    write_event,
)
from gateway.auth.oauth import TokenRefused
from gateway.auth.registry import Client
from gateway.auth.scopes import ScopeRefused, Scopes, parse
from gateway.auth.users import Human, human
from gateway.custody.database import Database
from gateway.custody.ids import Tenant
from gateway.custody.prepared import Prepared
from gateway.custody.tables import access_token, client
from gateway.stored import Clock, Entropy

_TOKEN_BYTES = 32
_LOOK_UP = Prepared(
    select(
        access_token.c.client_id,
        access_token.c.scope,
        access_token.c.user,
        access_token.c.purpose,
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
    scope: str
    visit: Visit


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
    desk: Authenticator
    audience: str
    seconds: int
    clock: Clock
    entropy: Entropy

    def issue(self, request: Request) -> Granted:
        """A token for a proven client, or ``TokenRefused``; both are in the trail."""
        known = Known()
        try:
            return self._issue(request, known)
        except TokenRefused as refusal:
            self.desk.record("token:refuse", request.visit, known, refusal)
            raise

    def actor(self, token: str, address: str, request_id: str) -> Actor | None:
        """Who bears this token now; None when it is not known, has run out, or its client has ended."""
        with self.database.glance() as at:
            found = _LOOK_UP.rows(at, digest=digest(token), now=self.clock())
            if not found:
                return None
            client_id, scope, user, purpose, named, organization, allowed = found[0]
            role = Role(named)
            grants = registry.granted(at, client_id) if role is Role.PARTNER else ()
        return Actor(
            client_id=client_id,
            role=role,
            organization=Tenant(organization),
            scopes=scopes_now(scope, allowed, role),
            address=address,
            request_id=request_id,
            user=user,
            purpose=purpose,
            grants=grants,
        )

    def _issue(self, request: Request, known: Known) -> Granted:
        if request.grant_type != "client_credentials":
            raise TokenRefused("unsupported_grant_type", "grant_type must be client_credentials")
        found = self.desk.client(request.visit, (self.audience,), known)
        who = human(found.claims, found.client.trust)
        return self._store(request, found, who, _asked_scopes(request.scope, found.client))

    def _store(self, request: Request, found: Authenticated, who: Human, scopes: Scopes) -> Granted:
        token = base64.urlsafe_b64encode(self.entropy(_TOKEN_BYTES)).decode().rstrip("=")
        now = self.clock()
        row = {
            "digest": digest(token),
            "client_id": found.client.client_id,
            "scope": str(scopes),
            "expires": now + self.seconds * SECOND,
            "user": who.user,
            "purpose": who.purpose,
        }
        event = visit_event("token:issue", request.visit, now, found.client, who)
        with self.database.write() as conn:
            spend(conn, found.proven, now)
            conn.execute(delete(access_token).where(access_token.c.expires < now))
            conn.execute(insert(access_token).values(**row))
            write_event(conn, found.client, event)
        return Granted(token, scopes, self.seconds)


def digest(token: str) -> bytes:
    """What a token is known by."""
    return sha256(token.encode()).digest()


@lru_cache(maxsize=1_024)
def scopes_now(given: str, allowed: str, role: Role) -> Scopes:
    """What a token still opens: what it was given, within what its client may have now."""
    ceiling = registry.parse_stored(allowed).within(CEILING[role])
    return registry.parse_stored(given).within(ceiling)


def _asked_scopes(asked: str, found: Client) -> Scopes:
    """What is asked for and allowed. Nothing is granted to whoever names nothing: SMART demands a scope."""
    allowed = found.scopes.within(CEILING[found.role])
    try:
        met = parse(asked).within(allowed)
        # Read again as it will be at each request: two filters that meet may be longer than one may be.
        scopes = parse(str(met)) if met else met
    except ScopeRefused as error:
        raise TokenRefused("invalid_scope", str(error)) from None
    if not scopes:
        raise TokenRefused("invalid_scope", "the client is allowed none of these scopes")
    return scopes
