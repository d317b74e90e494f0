"""Root keys: the secrets that wrap every data key, behind a port of four calls.

What: one root for the clinical side and one for identity, neither derived from the other. Where:
``providers`` knows; a process is given only the roots that it may hold. Rotation: a new version becomes
current, old ones go on unwrapping until nothing hangs on them. What a thief of one root gains: with the key
store *and* the data, everything sealed on that side, and nothing of the other side.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.custody.errors import Tampered

ROOT_BYTES = 32
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A data key as it lies in the key store: which version of the root wrapped it, and the bytes."""

    version: int
    blob: bytes


@dataclass(frozen=True, slots=True)
class RootStatus:
    """What is known of a root without showing it. ``made``: microseconds since 1970, where it is known."""

    current: int
    versions: tuple[int, ...]
    made: Mapping[int, int] = field(default_factory=dict)


class RootKeys(Protocol):
    """Whoever can wrap data keys. ``context`` says whose key it is: another context does not unwrap."""

    def wrap(self, key: bytes, context: bytes) -> Wrapped:
        """The key, wrapped under the current version."""
        ...

    def unwrap(self, wrapped: Wrapped, context: bytes) -> bytes:
        """The key again; raises ``Tampered`` where it does not fit."""
        ...

    def rotate(self) -> int:
        """Make a new version the current one, and say which."""
        ...

    def status(self) -> RootStatus:
        """Which versions there are."""
        ...


def wrap_under(root: bytes, key: bytes, context: bytes) -> bytes:
    """The key, sealed under a root that is at hand: nonce, AES-256-GCM, tag."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(root).encrypt(nonce, key, context)


def unwrap_under(root: bytes, blob: bytes, context: bytes) -> bytes:
    """What ``wrap_under`` sealed; raises ``Tampered`` for anything else."""
    try:
        return AESGCM(root).decrypt(blob[:_NONCE_BYTES], blob[_NONCE_BYTES:], context)
    except (InvalidTag, ValueError):
        raise Tampered("A data key does not unwrap: it was changed or moved in the key store.") from None
