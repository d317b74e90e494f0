"""What a token is worth, and its end before its time: RFC 7662 and RFC 7009.

Both are asked with a client assertion, like a token is, and both answer about tokens of the asker's own
organization only: of any other, and of what is no token, they say the same, so nothing can be tried out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from gateway.auth.actor import Role
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
from gateway.auth.tokens import digest, scopes_now
from gateway.custody.tables import access_token, client

INTROSPECT, REVOKE = "token:introspect", "token:revoke"


@dataclass(frozen=True, slots=True)
class About:
    """A token that somebody asks about."""

    token: str
    visit: Visit


@dataclass(frozen=True, slots=True)
class Introspection:
    """Tells of tokens, and ends them. ``audience`` is the token endpoint, ``resource`` what tokens open."""

    desk: Authenticator
    audience: str
    resource: str

    def introspect(self, about: About, endpoint: str) -> dict[str, Any]:
        """RFC 7662's answer; ``{"active": false}`` for all that the asker may not know."""
        known = Known()
        try:
            asker = self._asker(about, endpoint, known)
            return self._told(about, asker)
        except TokenRefused as refusal:
            self.desk.record(INTROSPECT, about.visit, known, refusal)
            raise

    def revoke(self, about: About, endpoint: str) -> None:
        """End a token. What is no token, or another's, is left alone and not told apart (RFC 7009 §2.2)."""
        known = Known()
        try:
            asker = self._asker(about, endpoint, known)
            self._end(about, asker)
        except TokenRefused as refusal:
            self.desk.record(REVOKE, about.visit, known, refusal)
            raise

    def _asker(self, about: About, endpoint: str, known: Known) -> Authenticated:
        if not about.token:
            raise TokenRefused("invalid_request", "token is missing")
        return self.desk.client(about.visit, (endpoint, self.audience), known)

    def _told(self, about: About, asker: Authenticated) -> dict[str, Any]:
        now = self.desk.clock()
        with self.desk.database.write() as conn:
            spend(conn, asker.proven, now)
            row = _found(conn, about.token, asker)
            write_event(conn, asker.client, visit_event(INTROSPECT, about.visit, now, asker.client))
        if row is None or row.expires <= now or row.revoked is not None:
            return {"active": False}
        return self._active(row)

    def _active(self, row: Row[Any]) -> dict[str, Any]:
        scopes = scopes_now(row.scope, row.allowed, Role(row.role))
        told = {"client_id": row.client_id, "sub": row.client_id, "token_type": "bearer"}
        exp = row.expires // SECOND
        return {"active": True, "scope": str(scopes), **told, "exp": exp, "aud": self.resource}

    def _end(self, about: About, asker: Authenticated) -> None:
        now = self.desk.clock()
        with self.desk.database.write() as conn:
            spend(conn, asker.proven, now)
            if _found(conn, about.token, asker) is not None:
                conn.execute(delete(access_token).where(access_token.c.digest == digest(about.token)))
            write_event(conn, asker.client, visit_event(REVOKE, about.visit, now, asker.client))


def _found(conn: Connection, token: str, asker: Authenticated) -> Row[Any] | None:
    query = (
        select(
            access_token,
            client.c.role,
            client.c.organization,
            client.c.revoked,
            client.c.scope.label("allowed"),
        )
        .join(client, client.c.client_id == access_token.c.client_id)
        .where(access_token.c.digest == digest(token), client.c.organization == asker.client.organization)
    )
    return conn.execute(query).one_or_none()
