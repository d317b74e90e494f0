"""``Idempotency-Key``: what makes a POST the same as an earlier one of the same client.

The key is the client's own; what must be the same beside is the address, the criteria, the body and what the
token may do: an answer that was given to more rights is not given again to fewer.
"""

from __future__ import annotations

from hashlib import sha256

from gateway.fhir.asked import Asked
from gateway.fhir.outcome import turned_away
from gateway.refusal import Kind
from gateway.stored import Repeat

KEY = "Idempotency-Key"
CRITERIA = "If-None-Exist"
_LONGEST_KEY = 255
_LENGTH_BYTES = 8


def repeat_of(asked: Asked) -> Repeat | None:
    """The request's key and digest, where it bears a key. Raises ``Refused`` for what is no key."""
    key = asked.headers.get(KEY)
    if key is None:
        return None
    if not (1 <= len(key) <= _LONGEST_KEY and key.isascii() and key.isprintable()):
        raise turned_away(
            Kind.MALFORMED, "value", f"{KEY} must be 1 to {_LONGEST_KEY} printable ASCII characters."
        )
    if asked.type:
        return Repeat(key, _digest(asked), "create", asked.type)
    return Repeat(key, _digest(asked))


def _digest(asked: Asked) -> bytes:
    """Of each part with its length, so that no two requests run into one."""
    criteria = asked.headers.get(CRITERIA, "")
    digest = sha256()
    for part in (asked.type.encode(), criteria.encode(), str(asked.actor.scopes).encode(), asked.body):
        digest.update(len(part).to_bytes(_LENGTH_BYTES))
        digest.update(part)
    return digest.digest()
