"""Data keys, ready to use: one ring per side, and the type of a key says which.

What: a random key per tenant, patient and purpose, wrapped by the side's root key. A key is committed to the
key store before anything is sealed under it. Where: unwrapped keys live in this process only, in a cache that
is bounded in number and age. The cache saves the unwrapping and never the question: each fetch asks the store
whether the key still exists, so an erasure anywhere counts here at once. What an attacker gains by reading
this process's memory: the keys of the patients served in the last minutes, and of this side alone.
"""

from __future__ import annotations

import hmac
import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import lru_cache
from typing import Generic, TypeVar

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from gateway.custody.cipher import DataKey as DataKey
from gateway.custody.database import Database
from gateway.custody.errors import KeyGone
from gateway.custody.ids import TENANT_COMPARTMENT, StoredId, Tenant
from gateway.custody.keycache import KeyCache
from gateway.custody.keystore import KeyName, KeyStore
from gateway.custody.roots import RootKeys, Wrapped
from gateway.custody.tables import clinical_key, identity_key

KEY_BYTES = 32
FIRST_GENERATION = 1


class ClinicalKey(DataKey):
    """Seals clinical halves."""

    __slots__ = ()
    side = b"clinical"


class IdentityKey(DataKey):
    """Seals withheld halves, links and stored answers."""

    __slots__ = ()
    side = b"identity"


K = TypeVar("K", bound=DataKey)


def now_us() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


class KeyRing(Generic[K]):
    """The data keys of one side."""

    def __init__(
        self, store: KeyStore, roots: RootKeys, purpose: str, kind: type[K], clock: Callable[[], int] = now_us
    ) -> None:
        self.store, self.roots = store, roots
        self._purpose, self._kind, self._clock = purpose, kind, clock
        self._cache = KeyCache()
        # No erasure of a patient touches these, so they need not be asked for again.
        self._index: dict[Tenant, bytes] = {}

    def ensure(self, tenant: Tenant, subjects: Iterable[StoredId]) -> dict[StoredId, K]:
        """The keys of all these subjects; missing ones are made, and are committed before this returns."""
        return {
            subject: self._kind(max(secrets), secrets)
            for subject, secrets in self._ensure(tenant, set(subjects), self._purpose).items()
        }

    def fetch(self, tenant: Tenant, subjects: Iterable[StoredId]) -> dict[StoredId, K]:
        """The keys that exist at this moment; who has none, or none any more, is absent."""
        found = self.store.find(tenant, set(subjects), self._purpose)
        return {
            subject: self._kind(max(wrapped), self._unwrap(tenant, subject, self._purpose, wrapped))
            for subject, wrapped in found.items()
        }

    def fetch_one(self, tenant: Tenant, subject: StoredId) -> K:
        """The key of this subject; raises ``KeyGone`` where there is none any more."""
        try:
            return self.fetch(tenant, (subject,))[subject]
        except KeyError:
            raise KeyGone from None

    def index_key(self, tenant: Tenant) -> bytes:
        """The tenant's own key that search rows and ids of this side are hashed under."""
        known = self._index.get(tenant)
        if known is None:
            purpose = f"{self._purpose}-index"
            secrets = self._ensure(tenant, {TENANT_COMPARTMENT}, purpose)[TENANT_COMPARTMENT]
            # Hashes are looked up again for ever: there is one generation and no second.
            known = self._index[tenant] = secrets[FIRST_GENERATION]
        return known

    def destroy(self, tenant: Tenant, subject: StoredId) -> int:
        """Make everything sealed under this subject's keys unreadable for good."""
        self._cache.forget(tenant, subject)
        return self.store.destroy(tenant, subject)

    def destroy_all(self, tenant: Tenant) -> int:
        """Make everything sealed or hashed under a tenant's keys unreadable for good. Its number is not to be
        used again: index keys are remembered."""
        return self.store.destroy_all(tenant)

    def _ensure(
        self, tenant: Tenant, subjects: Collection[StoredId], purpose: str
    ) -> dict[StoredId, dict[int, bytes]]:
        found = self.store.find(tenant, subjects, purpose)
        missing = [subject for subject in subjects if subject not in found]
        if missing:
            self.store.add(self._draw(tenant, missing, purpose), self._clock())
            # Another process may have been first: what lies in the store is the key, not what was drawn here.
            found |= self.store.find(tenant, missing, purpose)
        return {
            subject: self._unwrap(tenant, subject, purpose, wrapped) for subject, wrapped in found.items()
        }

    def _draw(self, tenant: Tenant, subjects: Iterable[StoredId], purpose: str) -> dict[KeyName, Wrapped]:
        names = [KeyName(tenant, subject, purpose, FIRST_GENERATION) for subject in subjects]
        return {name: self.roots.wrap(os.urandom(KEY_BYTES), name.context()) for name in names}

    def _unwrap(
        self, tenant: Tenant, subject: StoredId, purpose: str, wrapped: Mapping[int, Wrapped]
    ) -> dict[int, bytes]:
        return {
            generation: self._secret(KeyName(tenant, subject, purpose, generation), key)
            for generation, key in wrapped.items()
        }

    def _secret(self, name: KeyName, wrapped: Wrapped) -> bytes:
        cached = self._cache.get(name, wrapped.blob)
        if cached is not None:
            return cached
        secret = self.roots.unwrap(wrapped, name.context())
        self._cache.put(name, wrapped.blob, secret)
        return secret


def clinical_ring(keys: Database, roots: RootKeys) -> KeyRing[ClinicalKey]:
    """The ring that the gateway and the workers have."""
    return KeyRing(KeyStore(keys, clinical_key), roots, "clinical", ClinicalKey)


def identity_ring(keys: Database, roots: RootKeys) -> KeyRing[IdentityKey]:
    """The ring that the gateway alone has: its root key is in a file that no worker is given."""
    return KeyRing(KeyStore(keys, identity_key), roots, "identity", IdentityKey)


def hashed(index_key: bytes, told: bytes) -> bytes:
    """HMAC-SHA-256 under a key that hashes are looked up by: a bundle takes thousands under one, so it is set
    up once. Not for keys that an erasure destroys: what is set up stays."""
    begun = _begun(index_key).copy()
    begun.update(told)
    return begun.finalize()


@lru_cache(maxsize=256)
def _begun(key: bytes) -> HMAC:
    return HMAC(key, SHA256())


def derive(key: bytes, label: str) -> bytes:
    """A key of its own for one use of a uniform key: HKDF-Expand (SHA-256, one block)."""
    return hmac.digest(key, f"careloom/1/{label}".encode() + b"\x01", "sha256")
