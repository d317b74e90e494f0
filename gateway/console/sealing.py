"""What the console gives out or keeps and nobody else is to read: sealed with a key of the identity side.

What: short texts under AES-256-GCM with a key that is used once (a fresh salt, HKDF from the index key of the
system's tenant). The associated data say what a text is for, so that one kind never opens as another. What
whoever finds one learns: its length. What does not open is nothing.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.custody.keyring import derive
from gateway.stored import Entropy

_SALT_BYTES = 16
# Each key seals one text only, so that the nonce need not vary.
_NONCE = bytes(12)


@dataclass(frozen=True, slots=True)
class Sealing:
    """Seals texts and opens them again. ``key`` gives the key of the identity side."""

    key: Callable[[], bytes]
    entropy: Entropy

    def seal(self, purpose: str, plain: bytes) -> bytes:
        salt = self.entropy(_SALT_BYTES)
        return salt + self._cipher(salt).encrypt(_NONCE, plain, purpose.encode())

    def open(self, purpose: str, sealed: bytes) -> bytes | None:
        """The text, or None where it was not sealed here for this purpose."""
        salt, rest = sealed[:_SALT_BYTES], sealed[_SALT_BYTES:]
        try:
            return self._cipher(salt).decrypt(_NONCE, rest, purpose.encode())
        except (InvalidTag, ValueError):
            return None

    def derived(self, purpose: str) -> bytes:
        """A key for this purpose alone."""
        return derive(self.key(), f"console {purpose}")

    def _cipher(self, salt: bytes) -> AESGCM:
        return AESGCM(derive(self.key(), f"console text {salt.hex()}"))


def to_text(raw: bytes) -> str:
    """Bytes as they stand in an address, a cookie or a form."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def from_text(text: str) -> bytes | None:
    """The bytes behind such a text; None where it is none."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if to_text(raw) == text else None
