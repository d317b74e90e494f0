"""Whether the root keys that lie here are the ones that this key store was made with: asked before any work.

A wrong key file is well-formed, so nothing about it looks wrong until somebody's record does not open, and
whatever is sealed meanwhile hangs on a key that may be gone tomorrow. So a few wrapped keys are tried first.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Table, select

from gateway.custody import packing
from gateway.custody.database import Database, Side
from gateway.custody.errors import KeysUnreadable, Tampered
from gateway.custody.keystore import KeyName
from gateway.custody.providers import clinical_roots, identity_roots, keyfile
from gateway.custody.providers.aws_kms import KmsRoots
from gateway.custody.roots import ROOT_BYTES, RootKeys, Wrapped
from gateway.custody.settings import AWS_KMS, Storage
from gateway.custody.tables import clinical_key, identity_key

_TRIED = 5
"""One row may have been changed; that none of several opens is the file's fault."""


def check_all(storage: Storage) -> None:
    """Refuse the three root keys of the trusted side unless each is its own and fits; ``KeysUnreadable``."""
    packing.check()
    _check_different(storage)
    keys = Database.open(storage.keys_url, Side.TRUSTED)
    try:
        clinical, identity = clinical_roots(storage, keys), identity_roots(storage, keys)
        _check_sealed_apart(clinical, identity)
        _check_fits(clinical, _named(storage, "clinical"), keys, clinical_key)
        _check_fits(identity, _named(storage, "identity"), keys, identity_key)
    finally:
        keys.close()


def check_clinical(storage: Storage) -> None:
    """The same for the one root key that a worker is given."""
    packing.check()
    keys = Database.open(storage.keys_url, Side.WORKER)
    try:
        roots = clinical_roots(storage, keys)
        _check_fits(roots, _named(storage, "clinical"), keys, clinical_key)
    finally:
        keys.close()


def _named(storage: Storage, side: str) -> str:
    """What a person has to look at: a file, or the setting that names a key."""
    path = storage.key_paths.clinical if side == "clinical" else storage.key_paths.identity
    return f"CARELOOM_{side.upper()}_KMS_KEY" if storage.key_provider == AWS_KMS else str(path)


def _check_different(storage: Storage) -> None:
    seen: dict[bytes, Path] = {}
    for path in storage.key_files:
        for secret in keyfile.load(path).keys.values():
            if seen.setdefault(secret, path) != path:
                raise KeysUnreadable(
                    f"{path} and {seen[secret]} hold the same key: restore the file that was overwritten "
                    "from its backup."
                )


def _check_sealed_apart(clinical: RootKeys, identity: RootKeys) -> None:
    # Two names in the settings may mean one key; KMS says which key it was.
    if not (isinstance(clinical, KmsRoots) and isinstance(identity, KmsRoots)):
        return
    if clinical.sealed_by() & identity.sealed_by():
        raise KeysUnreadable(
            "CARELOOM_CLINICAL_KMS_KEY and CARELOOM_IDENTITY_KMS_KEY mean the same key of AWS KMS: give each "
            "side a key of its own."
        )


def _check_fits(root: RootKeys, named: str, keys: Database, table: Table) -> None:
    # That the current version can be used at all, before somebody's record waits for it.
    root.wrap(bytes(ROOT_BYTES), b"")
    with keys.read() as conn:
        rows = conn.execute(select(table).limit(_TRIED)).all()
    for row in rows:
        name = KeyName(row.tenant, row.subject, row.purpose, row.generation)
        try:
            root.unwrap(Wrapped(row.root_version, row.wrapped), name.context())
        except Tampered:
            continue
        return
    if rows:
        raise KeysUnreadable(
            f"{named} is not the key that this key store was made with: restore the one that belongs to it. "
            "Nothing was changed."
        )
