"""A client's public keys: what may be registered, and which one key an assertion means.

Only keys that can prove something are kept: RSA of 2048 bits or more for RS384, P-384 for ES384. A key set
that holds a private or symmetric key is refused whole, because whoever sent it has given the key away.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from mappers import lossless

Key: TypeAlias = RSAKey | ECKey

KEY_TYPES = {"RS384": "RSA", "ES384": "EC"}
"""The algorithms that SMART asks for; there are no others."""

_SECRET = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_RSA_BITS = 2048


class KeysRefused(ValueError):  # noqa: N818 - it reads as what happened
    """The JWKS cannot be used; the text says why."""


def public_keys(document: bytes) -> tuple[Key, ...]:
    """The signing keys of a JWKS document; raises ``KeysRefused`` when it has none or gives a secret away."""
    try:
        parsed = lossless.loads(document)
    except lossless.NotJson:
        raise KeysRefused("the JWKS is not JSON") from None
    members = parsed.get("keys") if isinstance(parsed, dict) else None
    if not isinstance(members, list) or not all(isinstance(m, dict) for m in members):
        raise KeysRefused('the JWKS must be an object with a list named "keys"')
    if any(_SECRET & m.keys() for m in members):
        raise KeysRefused(
            "the JWKS holds a private or symmetric key; make a new pair and send the public one"
        )
    keys = tuple(key for m in members if (key := _signing_key(m)) is not None)
    if not keys:
        raise KeysRefused(
            "the JWKS has no key with a kid for RS384 (RSA, 2048 bits or more) or ES384 (P-384)"
        )
    _refuse_twins(keys)
    return keys


def pick(keys: tuple[Key, ...], kid: str, algorithm: str) -> Key | None:
    """The one key that this kid and algorithm mean; None when there is none or more than one."""
    meant = [k for k in keys if k.kid == kid and k.key_type == KEY_TYPES.get(algorithm)]
    return meant[0] if len(meant) == 1 else None


def _signing_key(member: dict[str, Any]) -> Key | None:
    if not isinstance(member.get("kid"), str) or not member["kid"] or member.get("use", "sig") != "sig":
        return None
    try:
        if member.get("kty") == "RSA":
            rsa = RSAKey.import_key(member)
            return rsa if rsa.raw_value.key_size >= _RSA_BITS else None
        if member.get("kty") == "EC" and member.get("crv") == "P-384":
            return ECKey.import_key(member)
    except (JoseError, ValueError, TypeError):
        raise KeysRefused("a key in the JWKS cannot be read") from None
    return None


def _refuse_twins(keys: tuple[Key, ...]) -> None:
    names = [(k.kid, k.key_type) for k in keys]
    if len(set(names)) != len(names):
        raise KeysRefused("two keys in the JWKS have the same kid and kty")
