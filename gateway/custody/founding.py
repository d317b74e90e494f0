"""How an installation comes to be: root keys first, then the key store, then the data.

In this order a crash in between leaves keys without data, which harms nobody, and never data without keys.
The other way round is what a half-restored or half-deleted directory looks like. Then the answer is an error
and never a new key: a fresh root beside old records would make them look erased.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Table, select

from gateway.custody import roots
from gateway.custody.database import Database, Side, sqlite_path
from gateway.custody.errors import KeysUnreadable, StoreUnavailable
from gateway.custody.migrations import Store, migrate
from gateway.custody.settings import KeyPaths, Storage
from gateway.custody.tables import clinical_key, identity_key, version


def found(storage: Storage) -> None:
    """Make whatever a new installation lacks, and bring an existing one up to date."""
    create_roots(storage)
    for url, store in ((storage.keys_url, Store.KEYS), (storage.database_url, Store.DATA)):
        database = Database.open(url, Side.TRUSTED)
        try:
            migrate(database, store)
        finally:
            database.close()
    check_whole(storage)


def create_roots(storage: Storage) -> None:
    """Make the root key files at the very first start; refuses beside data that other keys sealed."""
    _own_folder(storage.data_dir)
    if not _missing(storage.key_paths):
        return
    # Asked before looking again: another process that founds this minute makes its databases last.
    founded = _was_founded(storage)
    for path in _missing(storage.key_paths):
        if founded:
            raise KeysUnreadable(
                f"{path} is missing although the databases exist: restore the key files that belong to "
                "them. Nothing was changed."
            )
        roots.create(path)


def check_whole(storage: Storage) -> None:
    """Refuse records without the key store that opens them, as a half-restored directory has them."""
    for url in (storage.keys_url, storage.database_url):
        path = _file(url)
        if path is not None and not path.exists():
            raise StoreUnavailable(f"{path} is missing: start `careloom up` once, or restore it.")
    if _any_row(storage.database_url, version) and not _any_key(storage.keys_url):
        raise KeysUnreadable("The key store is empty although there are records: restore the key store.")


def _own_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(f"{folder} cannot be made: {error.strerror}.") from None


def _missing(paths: KeyPaths) -> list[Path]:
    return [path for path in (paths.clinical, paths.identity, paths.audit) if not path.exists()]


def _was_founded(storage: Storage) -> bool:
    """Whether anything may have been sealed here: a store's file exists, or a server's store has rows."""
    return _in_use(storage.keys_url, clinical_key, identity_key) or _in_use(storage.database_url, version)


def _in_use(url: str, *tables: Table) -> bool:
    path = _file(url)
    return path.exists() if path is not None else any(_any_row(url, table) for table in tables)


def _any_key(url: str) -> bool:
    return _any_row(url, clinical_key) or _any_row(url, identity_key)


def _any_row(url: str, table: Table) -> bool:
    database = Database.open(url, Side.TRUSTED)
    try:
        with database.read() as conn:
            if not conn.dialect.has_table(conn, table.name):
                return False
            return conn.execute(select(table).limit(1)).first() is not None
    finally:
        database.close()


def _file(url: str) -> Path | None:
    return sqlite_path(url) if url.startswith("sqlite") else None
