"""Who keeps the root keys: a file, or AWS KMS. This is the one place that knows which."""

from __future__ import annotations

from typing import Any

from gateway.custody.database import Database
from gateway.custody.key_tables import clinical_root, identity_root
from gateway.custody.providers.aws_kms import KmsRoots
from gateway.custody.providers.keyfile import KeyFile
from gateway.custody.providers.kms import Kms, connect
from gateway.custody.providers.rootstore import RootStore
from gateway.custody.roots import RootKeys
from gateway.custody.settings import AWS_KMS, Storage


def clinical_roots(storage: Storage, keys: Database) -> RootKeys:
    """The root that the gateway and the workers may hold; raises ``KeysUnreadable``."""
    if storage.key_provider == AWS_KMS:
        return kms_clinical(storage, keys, connect(storage.kms))
    return KeyFile(storage.key_paths.clinical)


def identity_roots(storage: Storage, keys: Database) -> RootKeys:
    """The root that the gateway alone may hold; raises ``KeysUnreadable``."""
    if storage.key_provider == AWS_KMS:
        return kms_identity(storage, keys, connect(storage.kms))
    return KeyFile(storage.key_paths.identity)


def kms_clinical(storage: Storage, keys: Database, client: Any) -> KmsRoots:
    """The clinical root as KMS seals it, after what an earlier key file still holds."""
    path = storage.key_paths.clinical
    before = KeyFile(path) if path.exists() else None
    return KmsRoots(RootStore(keys, clinical_root), Kms(client, storage.kms.clinical, "clinical"), before)


def kms_identity(storage: Storage, keys: Database, client: Any) -> KmsRoots:
    """The identity root in the same way."""
    path = storage.key_paths.identity
    before = KeyFile(path) if path.exists() else None
    return KmsRoots(RootStore(keys, identity_root), Kms(client, storage.kms.identity, "identity"), before)
