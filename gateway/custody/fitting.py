"""Whether the root keys that lie here are the ones that this key store was made with: asked before any work.

A wrong key file is well-formed, so nothing about it looks wrong until somebody's record does not open, and
whatever is sealed meanwhile hangs on a key that may be gone tomorrow. So a few wrapped keys are tried first.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Table, select

from gateway.custody import packing, roots
from gateway.custody.database import Database, Side
from gateway.custody.errors import KeysUnreadable, Tampered
from gateway.custody.keystore import KeyName
from gateway.custody.roots import KeyFile, Wrapped
from gateway.custody.settings import KeyPaths, Storage
from gateway.custody.tables import clinical_key, identity_key

_TRIED = 5
"""One row may have been changed; that none of several opens is the file's fault."""


def check_all(storage: Storage) -> None:
    """Refuse the three root keys of the trusted side unless each is its own and fits; ``KeysUnreadable``."""
    packing.check()
    _check_different(storage.key_paths)
    keys = Database.open(storage.keys_url, Side.TRUSTED)
    try:
        _check_fits(storage.key_paths.clinical, keys, clinical_key)
        _check_fits(storage.key_paths.identity, keys, identity_key)
    finally:
        keys.close()


def check_clinical(storage: Storage) -> None:
    """The same for the one root key that a worker is given."""
    packing.check()
    keys = Database.open(storage.keys_url, Side.WORKER)
    try:
        _check_fits(storage.key_paths.clinical, keys, clinical_key)
    finally:
        keys.close()


def _check_different(paths: KeyPaths) -> None:
    seen: dict[bytes, Path] = {}
    for path in (paths.clinical, paths.identity, paths.audit):
        for secret in roots.load(path).keys.values():
            if seen.setdefault(secret, path) != path:
                raise KeysUnreadable(
                    f"{path} and {seen[secret]} hold the same key: restore the file that was overwritten "
                    "from its backup."
                )


def _check_fits(path: Path, keys: Database, table: Table) -> None:
    root = KeyFile(path)
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
            f"{path} is not the key that this key store was made with: restore the one that belongs to it. "
            "Nothing was changed."
        )
