"""Key pairs and assertions for tests, right ones and wrong ones."""

from __future__ import annotations

import base64
import json
from functools import cache
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, OctKey, RSAKey

NOW = 1_760_000_000
AUDIENCE = "https://careloom.test/auth/token"
CLIENT = "client-1"


@cache
def rsa(kid: str = "rsa-1", bits: int = 2048) -> RSAKey:
    return RSAKey.generate_key(bits, parameters={"kid": kid})


@cache
def ec(kid: str = "ec-1", curve: str = "P-384") -> ECKey:
    return ECKey.generate_key(curve, parameters={"kid": kid})


def jwks(*keys: RSAKey | ECKey | OctKey, private: bool = False) -> bytes:
    return json.dumps({"keys": [key.as_dict(private=private) for key in keys]}).encode()


def claims(**changes: Any) -> dict[str, Any]:
    """The claims of a right assertion; a change to None leaves one out."""
    right = {"iss": CLIENT, "sub": CLIENT, "aud": AUDIENCE, "exp": NOW + 300, "iat": NOW, "jti": "once"}
    return {name: value for name, value in (right | changes).items() if value is not None}


def header(key: RSAKey | ECKey, **changes: Any) -> dict[str, Any]:
    algorithm = "RS384" if key.key_type == "RSA" else "ES384"
    right = {"alg": algorithm, "kid": key.kid, "typ": "JWT"}
    return {name: value for name, value in (right | changes).items() if value is not None}


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def signed(key: RSAKey | ECKey, head: dict[str, Any] | None = None, body: Any = None) -> str:
    """A compact JWS with whatever header, under the key's own algorithm."""
    head = header(key) if head is None else head
    algorithm = jws.JWSRegistry(algorithms=["RS384", "ES384"]).get_alg(header(key)["alg"])
    text = f"{part(head)}.{part(claims() if body is None else body)}"
    return f"{text}.{part(algorithm.sign(text.encode(), key))}"
