"""The ids that a reader is shown: the stored id, encrypted under a key of the reader's own organization.

AES-SIV is deterministic, so a reader meets the same id for the same resource each time; it authenticates, so
an id that was shown to one reader means nothing when another sends it; and the type is associated data, so an
id of one type is none of another. Two organizations that put what they hold side by side find nothing to
join. What an attacker gains with one organization's key: that organization's ids, as it sees them anyway.
"""

from __future__ import annotations

import base64
import binascii
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from gateway.custody.ids import STORED_ID_BYTES, StoredId

TEXT_CHARACTERS = 52
_PADDING = "===="


class OutsideIds:
    """One organization's view of ids."""

    def __init__(self, index_key: bytes) -> None:
        # 64 bytes: AES-256-SIV takes a key for its hash and one for its cipher.
        self._siv = AESSIV(hmac.digest(index_key, b"careloom/1/outside-id\x01", "sha512"))

    def show(self, type_: str, stored: StoredId) -> str:
        """The id that this organization sees: 52 lower-case base32 characters."""
        sealed = self._siv.encrypt(stored, [type_.encode()])
        return base64.b32encode(sealed).decode().rstrip("=").lower()

    def read(self, type_: str, text: str) -> StoredId | None:
        """The stored id behind an id that this organization was shown; None for any other text."""
        if len(text) != TEXT_CHARACTERS or text != text.lower():
            return None
        try:
            stored = self._siv.decrypt(base64.b32decode(text.upper() + _PADDING), [type_.encode()])
        except (binascii.Error, InvalidTag, ValueError):
            return None
        # The last character has bits to spare; only one of its spellings is the one that was shown.
        known = StoredId(stored) if len(stored) == STORED_ID_BYTES else None
        return known if known is not None and self.show(type_, known) == text else None
