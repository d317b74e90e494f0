"""The place where a search goes on, sealed into its link.

What: parameters, ceiling and position of a page, under AES-256-GCM with a key that is used once (a fresh
salt, HKDF from the index key of the reader's organization). The associated data name the client and the path,
so a link serves nobody else and nothing else. What whoever finds a link learns: its length. A link that does
not open is a 400 and says no more.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.auth.actor import Actor
from gateway.custody.ids import Tenant
from gateway.custody.keyring import derive
from gateway.fhir.outcome import turned_away
from gateway.refusal import Kind
from gateway.stored import Entropy, Position

_SALT_BYTES = 16
# Each key seals one message only, so that the nonce need not vary.
_NONCE = bytes(12)


@dataclass(frozen=True, slots=True)
class Place:
    """What a page is a page of, and where it starts."""

    parameters: list[tuple[str, str]]
    position: Position
    count: int


@dataclass(frozen=True, slots=True)
class PageLinks:
    """Seals places for one client and opens them again. ``index_key`` is that of an organization."""

    index_key: Callable[[Tenant], bytes]
    entropy: Entropy

    def seal(self, actor: Actor, path: str, place: Place) -> str:
        at = place.position
        told = [place.parameters, at.ceiling, at.after, place.count, at.more, at.kept, at.total]
        salt = self.entropy(_SALT_BYTES)
        sealed = self._cipher(actor, salt).encrypt(_NONCE, json.dumps(told).encode(), _bound(actor, path))
        return base64.urlsafe_b64encode(salt + sealed).decode().rstrip("=")

    def open(self, actor: Actor, path: str, text: str) -> Place:
        """The place behind a link; raises ``Refused`` when it is not one that this client was given."""
        try:
            raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            salt, sealed = raw[:_SALT_BYTES], raw[_SALT_BYTES:]
            plain = self._cipher(actor, salt).decrypt(_NONCE, sealed, _bound(actor, path))
        except (InvalidTag, ValueError, binascii.Error):
            raise turned_away(
                Kind.MALFORMED, "value", "This page link is not one that this client was given here."
            ) from None
        pairs, ceiling, after, count, *rest = json.loads(plain)
        # A link of an earlier release ends here.
        more, kept, total = rest or ((), "", None)
        position = Position(ceiling, after, tuple(more), kept, total)
        return Place([(name, value) for name, value in pairs], position, count)

    def _cipher(self, actor: Actor, salt: bytes) -> AESGCM:
        return AESGCM(derive(self.index_key(actor.organization), f"page link {salt.hex()}"))


def _bound(actor: Actor, path: str) -> bytes:
    return f"{actor.client_id}\0{path}".encode()
