"""Log-in at an OpenID provider: a small real one that signs, on a port of this machine, and one that lies."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask, jsonify, request
from joserfc import jwt
from joserfc.jwk import RSAKey
from waitress.server import create_server

from gateway.console.people import Role
from gateway.custody.settings import Storage
from gateway.signin import Provider, Seat, SignIn
from tests.visitors import BASE, HOSPITAL, House, Visitor, house

CLIENT = "careloom"
KEY = RSAKey.generate_key(2048, parameters={"kid": "one", "alg": "RS256", "use": "sig"})
OTHER = RSAKey.generate_key(2048, parameters={"kid": "one", "alg": "RS256", "use": "sig"})


@dataclass
class Idp:
    """A provider; ``claims`` and ``key`` are what it signs and with what, where a test changes them."""

    url: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: KEY)
    asked: dict[str, str] = field(default_factory=dict)
    traded: dict[str, str] = field(default_factory=dict)
    now: int = 0

    def app(self) -> Flask:
        app = Flask("idp")

        @app.get("/.well-known/openid-configuration")
        def said():
            return jsonify(
                issuer=self.url,
                authorization_endpoint=f"{self.url}/authorize",
                token_endpoint=f"{self.url}/token",
                jwks_uri=f"{self.url}/jwks",
            )

        @app.get("/jwks")
        def keys():
            return jsonify(keys=[KEY.as_dict(private=False)])

        @app.post("/token")
        def token():
            self.traded = dict(request.form)
            usual = {
                "iss": self.url,
                "aud": CLIENT,
                "sub": "4711",
                "iat": self.now,
                "exp": self.now + 300,
                "nonce": self.asked["nonce"],
                "preferred_username": "O.Keller",
                "name": "O. Keller",
                "realm_access": {"roles": ["other", "careloom-officers"]},
            }
            signed = jwt.encode({"alg": "RS256", "kid": "one"}, usual | self.claims, self.key)
            return jsonify(access_token="a", token_type="Bearer", id_token=signed)

        return app


@pytest.fixture
def idp() -> Iterator[Idp]:
    made = Idp()
    server = create_server(made.app(), host="127.0.0.1", port=0)
    made.url = f"http://127.0.0.1:{server.effective_port}"
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield made
    server.close()
    thread.join(0.1)


@pytest.fixture
def console(sqlite_copy: Storage, idp: Idp) -> Iterator[House]:
    seats = {"careloom-officers": Seat("officer", HOSPITAL), "careloom-auditors": Seat("auditor", HOSPITAL)}
    provider = Provider(idp.url, CLIENT, None, "realm_access.roles", seats)
    made = house(sqlite_copy, sign_in=SignIn(provider=provider))
    made.staff.add("Somebody", HOSPITAL, Role.OFFICER)
    idp.now = made.clock.now // 1_000_000
    yield made
    made.vault.close()


def leaves(visitor: Visitor, idp: Idp) -> dict[str, str]:
    answer = visitor.gets("/console/provider")
    assert answer.status_code == 303
    assert answer.location.startswith(f"{idp.url}/authorize?")
    idp.asked = dict(parse_qsl(urlsplit(answer.location).query))
    return idp.asked


def comes_back(visitor: Visitor, idp: Idp, **changed: str):
    told = {"code": "xyz", "state": idp.asked["state"], **changed}
    return visitor.client.get(
        "/console/provider/back", query_string=told, base_url=BASE, headers={"User-Agent": visitor.agent}
    )


def test_somebody_logs_in_where_they_always_do(console: House, idp: Idp):
    visitor = console.browser()
    assert visitor.gets("/console/search?outcome=4").location == "/console/login"
    assert "Log in with your organization" in visitor.reads("/console/login")
    asked = leaves(visitor, idp)
    assert (asked["response_type"], asked["client_id"], asked["code_challenge_method"]) == (
        "code",
        CLIENT,
        "S256",
    )
    assert comes_back(visitor, idp).location == "/console/search?outcome=4"
    challenge = base64.urlsafe_b64encode(sha256(idp.traded["code_verifier"].encode()).digest()).rstrip(b"=")
    assert challenge.decode() == asked["code_challenge"]
    text = visitor.reads("/console/account")
    assert "O. Keller" in text
    assert "identity provider" in text


def test_the_role_is_what_the_provider_says_today(console: House, idp: Idp):
    visitor = console.browser()
    leaves(visitor, idp)
    comes_back(visitor, idp)
    visitor.leaves()
    idp.claims = {"realm_access": {"roles": ["careloom-auditors"]}}
    leaves(visitor, idp)
    assert comes_back(visitor, idp).status_code == 303
    assert "Auditor" in visitor.reads("/console/account")
    people, _ = console.staff.everybody()
    assert len([person for person in people if person.subject]) == 1


LIES: tuple[dict[str, Any], ...] = (
    {"iss": "https://evil.test"},
    {"aud": "another"},
    {"aud": [CLIENT, "another"]},
    {"azp": "another"},
    {"nonce": "another"},
    {"exp": 1},
    {"sub": ""},
    {"realm_access": {"roles": ["nothing"]}},
    {"realm_access": {"roles": "administrator"}},
    {"realm_access": None},
)


def test_a_word_that_does_not_fit_lets_nobody_in(console: House, idp: Idp):
    visitor = console.browser()
    for lie in LIES:
        idp.claims = lie
        leaves(visitor, idp)
        assert comes_back(visitor, idp).status_code == 403, lie
    assert visitor.gets("/console/account").status_code == 303


def test_a_signature_of_another_key_lets_nobody_in(console: House, idp: Idp):
    visitor = console.browser()
    idp.key = OTHER
    leaves(visitor, idp)
    assert comes_back(visitor, idp).status_code == 403


def test_a_log_in_that_another_browser_began_lets_nobody_in(console: House, idp: Idp):
    victim, attacker = console.browser(), console.browser()
    leaves(attacker, idp)
    assert comes_back(victim, idp).status_code == 400
    leaves(victim, idp)
    assert comes_back(victim, idp, state="made-up").status_code == 400
    assert comes_back(victim, idp, iss="https://evil.test").status_code == 400
    console.clock.pass_seconds(601)
    assert comes_back(victim, idp).status_code == 400


def test_local_accounts_are_off_and_who_was_revoked_stays_out(console: House, idp: Idp):
    visitor = console.browser()
    visitor.secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    assert visitor.logs_in("somebody").status_code == 403
    leaves(visitor, idp)
    comes_back(visitor, idp)
    people, _ = console.staff.everybody()
    (guest,) = [person for person in people if person.subject]
    console.staff.revoke(guest.login)
    assert visitor.gets("/console/account").status_code == 303
    leaves(visitor, idp)
    assert comes_back(visitor, idp).status_code == 403


def test_a_provider_that_is_away_is_said_to_be(console: House, idp: Idp):
    idp.url = "http://127.0.0.1:9"
    seats = {"a": Seat("officer", HOSPITAL)}
    sign_in = SignIn(provider=Provider(idp.url, CLIENT, None, "roles", seats))
    other = house(console.settings.storage, sign_in=sign_in)
    answer = other.browser().gets("/console/provider")
    assert answer.status_code == 502
    assert "does not answer" in answer.text
    other.vault.close()
