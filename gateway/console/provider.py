"""Log in at an OpenID provider: authorization code flow with PKCE, state and nonce (OpenID Connect Core 1.0).

1. ``leave`` sends the browser away with a state, a nonce and the hash of a verifier; what must come back is
sealed into a cookie of ten minutes. 2. The state that comes back must be that of the cookie. 3. The code is
traded for an id token, with the verifier. 4. The token's signature is tried with the keys of the provider
and asymmetric algorithms alone; issuer, audience, times and nonce must fit. 5. One value of the claim must be
one that the settings give a seat; who has none is not let in. The provider's tokens are not kept.
"""

from __future__ import annotations

import hmac
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc6749.errors import OAuth2Error
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from requests.exceptions import RequestException

from gateway.console.asked import Denied
from gateway.console.sealing import Sealing, from_text, to_text
from gateway.custody.jobs import SECOND
from gateway.signin import Provider, Seat
from gateway.stored import Entropy

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
GOOD_FOR, LEEWAY = 600 * SECOND, 60
_PURPOSE = "on the way to the provider"
_TIMEOUT = 5.0
_LARGEST = 1 << 20
_KEPT = 3_600 * SECOND
_BYTES = 32
_AWAY = "The identity provider does not answer as it should. Try again; if it stays so, tell who runs it."
_STRANGE = "This log-in was not begun in this browser, or took too long. Begin again."
_NO_SEAT = (
    "You are known at the identity provider, and have no role at this console. Ask who gives out its roles."
)


@dataclass(frozen=True, slots=True)
class Leaving:
    """Where to send the browser, and what it is to bring back."""

    url: str
    cookie: str


@dataclass(frozen=True, slots=True)
class Proven:
    """Whom the provider named: ``subject`` is the issuer and the name there that never changes."""

    subject: str
    login: str
    name: str
    seat: Seat
    next: str


@dataclass(slots=True)
class _Known:
    """What the provider says of itself, as it was read."""

    read: int = 0
    document: Mapping[str, Any] = field(default_factory=dict)
    keys: KeySet | None = None


@dataclass(frozen=True, slots=True)
class Flow:
    """The way there and back. ``callback`` is the address that the provider sends the browser back to."""

    provider: Provider
    callback: str
    sealing: Sealing
    entropy: Entropy
    _known: _Known = field(default_factory=_Known)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def leave(self, next_: str, now: int) -> Leaving:
        """Step 1."""
        state, nonce, verifier = (to_text(self.entropy(_BYTES)) for _ in range(3))
        endpoint = self._said(now)["authorization_endpoint"]
        url, _ = self._session().create_authorization_url(
            endpoint, state=state, nonce=nonce, code_verifier=verifier
        )
        kept = json.dumps([state, nonce, verifier, next_, now]).encode()
        return Leaving(url, to_text(self.sealing.seal(_PURPOSE, kept)))

    def arrive(self, answered: Mapping[str, str], cookie: str, now: int) -> Proven:
        """Steps 2 to 5. Raises ``Denied``."""
        sealed = from_text(cookie)
        plain = self.sealing.open(_PURPOSE, sealed) if sealed else None
        if plain is None:
            raise Denied(400, _STRANGE)
        state, nonce, verifier, next_, left = json.loads(plain)
        given = answered.get("state", "")
        if not hmac.compare_digest(given.encode(), state.encode()) or now - left > GOOD_FOR:
            raise Denied(400, _STRANGE)
        if "code" not in answered:
            raise Denied(403, "The identity provider did not let you in.")
        if answered.get("iss", self.provider.issuer) != self.provider.issuer:
            raise Denied(400, _STRANGE)
        token = self._traded(answered["code"], verifier, now)
        return self._proven(self._claims(token, nonce, now), next_)

    def _traded(self, code: str, verifier: str, now: int) -> str:
        """Step 3."""
        try:
            answer = self._session().fetch_token(
                self._said(now)["token_endpoint"], code=code, code_verifier=verifier, timeout=_TIMEOUT
            )
        except (OAuth2Error, RequestException, ValueError) as error:
            raise Denied(502, _AWAY) from error
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise Denied(502, _AWAY)
        return token

    def _claims(self, token: str, nonce: str, now: int) -> Mapping[str, Any]:
        """Step 4."""
        try:
            claims = self._decoded(token, now).claims
            client_id = self.provider.client_id
            jwt.JWTClaimsRegistry(
                now=now // SECOND,
                leeway=LEEWAY,
                iss={"essential": True, "value": self.provider.issuer},
                aud={"essential": True, "value": client_id},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": nonce},
            ).validate(claims)
        except (JoseError, ValueError) as error:
            raise Denied(403, "The identity provider's word could not be verified.") from error
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (several or "azp" in claims) and claims.get("azp") != client_id:
            raise Denied(403, "The identity provider's word is for another system.")
        return claims

    def _decoded(self, token: str, now: int) -> jwt.Token:
        try:
            return jwt.decode(token, self._keys(now), algorithms=ALGORITHMS)
        except (JoseError, ValueError):
            # The provider may have a new key since; it is asked once more, and no more often than that.
            if now - self._known.read < 60 * SECOND:
                raise
            self._known.read = 0
            return jwt.decode(token, self._keys(now), algorithms=ALGORITHMS)

    def _proven(self, claims: Mapping[str, Any], next_: str) -> Proven:
        """Step 5."""
        seat = next(
            (
                self.provider.seats[v]
                for v in _values(claims, self.provider.claim)
                if v in self.provider.seats
            ),
            None,
        )
        if seat is None:
            raise Denied(403, _NO_SEAT)
        subject = f"{self.provider.issuer}|{claims['sub']}"
        named = [str(claims[name]) for name in ("preferred_username", "email") if claims.get(name)]
        login = _login_of(named[0] if named else "", subject)
        return Proven(subject, login, str(claims.get("name") or login)[:120], seat, next_)

    def _session(self) -> OAuth2Session:
        secret = self.provider.secret()
        return OAuth2Session(
            self.provider.client_id,
            secret,
            scope="openid profile",
            redirect_uri=self.callback,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_basic" if secret else "none",
        )

    def _said(self, now: int) -> Mapping[str, Any]:
        self._read(now)
        return self._known.document

    def _keys(self, now: int) -> KeySet:
        self._read(now)
        assert self._known.keys is not None
        return self._known.keys

    def _read(self, now: int) -> None:
        with self._turn:
            if self._known.keys is not None and self._known.read > now - _KEPT:
                return
            document = _fetched(f"{self.provider.issuer.rstrip('/')}/.well-known/openid-configuration")
            if document.get("issuer") != self.provider.issuer:
                raise Denied(502, _AWAY)
            try:
                keys = KeySet.import_key_set(_fetched(document["jwks_uri"]))  # type: ignore[arg-type]
            except (JoseError, ValueError, KeyError, TypeError) as error:
                raise Denied(502, _AWAY) from error
            self._known.document, self._known.keys, self._known.read = document, keys, now


def _fetched(url: str) -> Mapping[str, Any]:
    """A JSON object from the provider; whatever else comes is refused."""
    try:
        with requests.get(url, timeout=_TIMEOUT, allow_redirects=False, stream=True) as answer:
            body = answer.raw.read(_LARGEST + 1, decode_content=True)
            found = json.loads(body) if answer.status_code == 200 and len(body) <= _LARGEST else None
    except (RequestException, ValueError) as error:
        raise Denied(502, _AWAY) from error
    if not isinstance(found, dict):
        raise Denied(502, _AWAY)
    return found


def _values(claims: Mapping[str, Any], path: str) -> list[str]:
    """The values of a claim, which may lie below others: ``realm_access.roles``."""
    found: Any = claims.get(path)
    if found is None:
        found = claims
        for name in path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
    many = found if isinstance(found, list) else [found]
    return [one for one in many if isinstance(one, str)]


def _login_of(named: str, subject: str) -> str:
    """A log-in name of our form, that two people of the provider never share."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "." for c in named.lower())
    mark = sha256(subject.encode()).hexdigest()[:8]
    return f"{plain.strip('._-')[:22] or 'oidc'}-{mark}"
