"""A token desk to come to: its clients, its clock, its trail."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from sqlalchemy import select

from gateway.auth.actor import Actor, Role
from gateway.auth.authentication import ASSERTION_TYPE, Authenticator, Visit
from gateway.auth.introspection import About, Introspection
from gateway.auth.keysource import Fetched, KeySource
from gateway.auth.registration import Registration
from gateway.auth.registry import Client, Draft
from gateway.auth.scopes import parse
from gateway.auth.tokens import Granted, Issuer, Request
from gateway.auth.users import NO_TRUST, Trust
from gateway.custody.database import Database, Side
from gateway.custody.settings import Storage
from gateway.custody.tables import audit_event
from tests.unit.gateway.auth.keys import AUDIENCE, NOW, claims, ec, jwks, rsa, signed

SECOND = 1_000_000
KEYS = jwks(ec(), rsa()).decode()
RESOURCE = "https://careloom.test/fhir"


@dataclass
class Desk:
    """A token desk with a clock that can be moved, and clients to come to it."""

    database: Database
    now: int = NOW
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def authenticator(self) -> Authenticator:
        keys = KeySource(lambda _: Fetched(KEYS.encode(), "max-age=60"), self.clock)
        return Authenticator(self.database, keys, self.clock)

    @property
    def issuer(self) -> Issuer:
        return Issuer(self.database, self.authenticator, AUDIENCE, 300, self.clock, os.urandom)

    @property
    def introspection(self) -> Introspection:
        return Introspection(self.authenticator, AUDIENCE, RESOURCE)

    def clock(self) -> int:
        return self.now * SECOND

    def register(
        self,
        role: Role = Role.EHR,
        scope: str = "system/*.cruds",
        name: str = "st-anna",
        trust: Trust = NO_TRUST,
    ) -> Client:
        draft = Draft("n", role, parse(scope), jwks=KEYS, trust=trust)
        return Registration(self.database, self.clock, os.urandom).add_client(draft, name)

    def asks(self, who: Client, scope: str | None = None, **changes: object) -> Granted:
        asked = str(who.scopes) if scope is None else scope
        return self.issuer.issue(form(self.assertion(who, **changes), asked))

    def asks_about(self, who: Client, token: str, **changes: object) -> About:
        return About(token, visit(self.assertion(who, **changes)))

    def assertion(self, who: Client, **changes: object) -> str:
        said = {"iss": who.client_id, "sub": who.client_id, "exp": self.now + 300, "iat": self.now}
        return signed(ec(), body=claims(**said | {"jti": f"jti-{next(self.numbers)}"} | changes))

    def knows(self, token: str) -> Actor | None:
        return self.issuer.actor(token, "192.0.2.1", "r-1")

    def trail(self) -> list[tuple[int, str, str, str | None]]:
        with self.database.read() as conn:
            rows = conn.execute(select(audit_event).where(audit_event.c.kind.startswith("token:"))).all()
        return [(row.log, row.kind, row.outcome, row.client_id) for row in rows]


def form(assertion: str, scope: str = "system/*.rs") -> Request:
    return Request("client_credentials", scope, visit(assertion))


def visit(assertion: str) -> Visit:
    return Visit(ASSERTION_TYPE, assertion, None, "192.0.2.1", "r-1")


@pytest.fixture
def desk(sqlite_storage: Storage) -> Iterator[Desk]:
    database = Database.open(sqlite_storage.database_url, Side.TRUSTED)
    yield Desk(database)
    database.close()
