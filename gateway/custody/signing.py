"""The keys that sign tree heads: Ed25519, one per version of the audit root, in a key file of its own.

Only processes that take or check checkpoints read it. After a rotation the newest version signs and the
older ones still verify; the name of the installation's logs comes from the first, so it never changes.

A process that goes on signing remembers how far it signed each log, where whoever rules files and database
cannot make it forget: it does not sign a log anew whose notes were taken away.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateway.custody.ids import Tenant
from gateway.custody.providers import keyfile


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs, and whose signatures hold."""

    key: Ed25519PrivateKey
    trusted: tuple[Ed25519PublicKey, ...]
    signed: dict[Tenant, int] = field(default_factory=dict, compare=False)
    """How many events of each log this process has signed."""

    @classmethod
    def of(cls, secrets: keyfile.RootSecrets) -> Signer:
        keys = {number: Ed25519PrivateKey.from_private_bytes(raw) for number, raw in secrets.keys.items()}
        return cls(keys[secrets.current], tuple(keys[number].public_key() for number in sorted(keys)))

    def origin(self, log: Tenant) -> str:
        """The name of a log in the world: installation (by its first key) and number."""
        return f"careloom.log/{self._installation}/{log}"

    @property
    def export_name(self) -> str:
        """The name under which an export of this installation's trail is signed."""
        return f"careloom.export/{self._installation}"

    @property
    def _installation(self) -> str:
        return sha256(self.trusted[0].public_bytes_raw()).hexdigest()[:16]


def load(path: Path) -> Signer:
    """The signer of a key file, or ``KeysUnreadable``."""
    return Signer.of(keyfile.load(path))
