"""A client assertion (``private_key_jwt``) and whether it proves who sent it.

1. It is one compact JWS whose header says ``typ: JWT``, RS384 or ES384, a ``kid``, and nothing critical.
2. ``iss`` and ``sub`` name the same client (and so does ``client_id``, where it is given).
3. ``kid`` and the algorithm's key type match exactly one of that client's registered keys; a ``jku`` is
   only allowed when it is the registered address.
4. The signature holds under that key.
5. ``aud`` is this endpoint and nothing else; ``exp`` lies in the next five minutes; ``nbf`` and
   ``iat`` do not lie ahead.
6. ``jti`` has never been seen from this client: the caller stores it with the token, or neither.

Every step fails closed with ``invalid_client``. Nothing here reads a clock or a database.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError

from gateway.auth.jwks import KEY_TYPES, Key, pick
from gateway.auth.oauth import invalid_client
from mappers import lossless

LIFETIME_SECONDS = 300
SKEW_SECONDS = 10
"""How far a client's clock may run ahead of ours: it matters for ``nbf`` and ``iat`` only."""

_MAX_CHARACTERS = 16_384
_registry = jws.JWSRegistry(algorithms=list(KEY_TYPES))


@dataclass(frozen=True, slots=True)
class Assertion:
    """What was sent; nothing in it is proven until ``prove`` has returned."""

    signed: jws.CompactSignature
    header: dict[str, Any]
    claims: dict[str, Any]

    @property
    def client_id(self) -> str:
        return str(self.claims["sub"])


@dataclass(frozen=True, slots=True)
class Proven:
    """Whose assertion it was, and what makes it the only one of its kind."""

    client_id: str
    jti: str
    expires: int


def read(text: str, client_id: str | None = None) -> Assertion:
    """Steps 1 and 2."""
    found = parsed(text)
    claims = found.claims
    if not isinstance(claims.get("sub"), str) or not claims["sub"]:
        raise invalid_client("sub must be the client_id")
    if claims.get("iss") != claims["sub"] or client_id not in (None, claims["sub"]):
        raise invalid_client("iss, sub and client_id must be the same")
    return found


def issued(text: str) -> Assertion:
    """Steps 1 and 2 for a JWT of CDS Hooks: ``sub`` names the client where it is there, else ``iss`` does."""
    found = parsed(text)
    named = found.claims.get("sub", found.claims.get("iss"))
    if not isinstance(found.claims.get("iss"), str) or not isinstance(named, str) or not named:
        raise invalid_client("iss, or sub beside it, must be the client_id")
    return Assertion(found.signed, found.header, {**found.claims, "sub": named})


def parsed(text: str) -> Assertion:
    """Step 1."""
    if len(text) > _MAX_CHARACTERS:
        raise invalid_client("the client assertion is too long")
    try:
        signed = jws.extract_compact(text.encode(), registry=_registry)
        claims = lossless.loads(signed.payload)
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        raise invalid_client("the client assertion is not a JWT") from None
    header = signed.headers()
    _check_header(header)
    if not isinstance(claims, dict):
        raise invalid_client("the claims are no object")
    return Assertion(signed, header, claims)


def _check_header(header: dict[str, Any]) -> None:
    if str(header.get("alg")) not in KEY_TYPES:
        raise invalid_client("alg must be RS384 or ES384")
    if header.get("typ") != "JWT":
        raise invalid_client("typ must be JWT")
    if "crit" in header or "b64" in header:
        raise invalid_client("crit names an extension that is not understood")
    if not isinstance(header.get("kid"), str) or not header["kid"]:
        raise invalid_client("kid must name the key that signed")


def check_jku(assertion: Assertion, registered: str | None) -> None:
    """Step 3, second half: keys are never fetched from where the assertion says, unless it is known."""
    if "jku" in assertion.header and assertion.header["jku"] != registered:
        raise invalid_client("jku is not the registered address of the client's keys")


def prove(assertion: Assertion, keys: tuple[Key, ...], audiences: tuple[str, ...], now: int) -> Proven:
    """Steps 3 to 5. ``audiences`` are the addresses that ``aud`` may be; ``now`` is in seconds."""
    key = pick(keys, assertion.header["kid"], assertion.header["alg"])
    if key is None:
        raise invalid_client("no one key of the client has this kid and key type")
    try:
        holds = jws.validate_compact(assertion.signed, key, registry=_registry)
    except (JoseError, ValueError, TypeError):
        holds = False
    if not holds:
        raise invalid_client("the signature does not hold")
    expires = _expiry(assertion.claims, now)
    if assertion.claims.get("aud") not in [form for one in audiences for form in (one, [one])]:
        raise invalid_client("aud must be the address that is called")
    jti = assertion.claims.get("jti")
    if not isinstance(jti, str) or not 1 <= len(jti) <= 255:
        raise invalid_client("jti must be a text of 1 to 255 characters")
    return Proven(assertion.client_id, jti, int(expires))


def _expiry(claims: dict[str, Any], now: int) -> float:
    expires = _seconds(claims.get("exp"))
    if expires is None or expires <= now:
        raise invalid_client("exp has passed or is missing")
    if expires > now + LIFETIME_SECONDS:
        raise invalid_client("exp is more than five minutes away")
    for name in ("nbf", "iat"):
        if name in claims and not _is_past(claims[name], now):
            raise invalid_client(f"{name} lies ahead")
    return expires


def _is_past(value: object, now: int) -> bool:
    seconds = _seconds(value)
    return seconds is not None and seconds <= now + SKEW_SECONDS


def _seconds(value: object) -> float | None:
    """A NumericDate: whole seconds or, as some libraries send it, with a fraction."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        return float(lossless.number_text(value))  # type: ignore[arg-type]
    except (TypeError, ValueError, UnicodeDecodeError):
        return None
