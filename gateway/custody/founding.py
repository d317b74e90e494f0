"""How an installation comes to be: root keys first, then the key store, then the data.

In this order a crash in between leaves keys without data, which harms nobody, and never data without keys.
The other way round is what a half-restored or half-deleted directory looks like. Then the answer is an error
and never a new key: a fresh root beside old records would make them look erased.
"""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Table, select

from gateway.custody import fitting
from gateway.custody.database import Database, Side, sqlite_path
from gateway.custody.errors import KeysUnreadable, StoreUnavailable
from gateway.custody.failures import DiskFull
from gateway.custody.migrations import Store, migrate
from gateway.custody.providers import keyfile, kms_clinical, kms_identity
from gateway.custody.providers.kms import connect
from gateway.custody.settings import FILE, Storage
from gateway.custody.tables import clinical_key, identity_key, version

LEAST_FREE = 8 * 1024 * 1024
"""With less room than this an embedded store is as good as full: its log alone may take more."""


def found(storage: Storage) -> None:
    """Make whatever a new installation lacks, and bring an existing one up to date."""
    create_roots(storage)
    check_room(storage)
    _refuse_halves(storage)
    for url, store in ((storage.keys_url, Store.KEYS), (storage.database_url, Store.DATA)):
        with _opened(url) as database:
            migrate(database, store)
    _seal_roots(storage)
    check_whole(storage)
    fitting.check_all(storage)
    # Last: until it is there, a first start that was killed may be taken up again.
    with suppress(OSError):
        _mark(storage).touch(mode=0o600)


def create_roots(storage: Storage) -> None:
    """Make the root key files at the very first start; refuses beside data that other keys sealed."""
    _own_folder(storage.data_dir)
    if not _missing(storage):
        return
    # Asked before looking again: another process that founds this minute makes its databases last.
    founded = _was_founded(storage)
    for path in _missing(storage):
        if founded:
            raise KeysUnreadable(
                f"{path} is missing although the databases exist: restore the key files that belong to "
                "them. Nothing was changed."
            )
        keyfile.create(path)


def _seal_roots(storage: Storage) -> None:
    """Let the key service draw the first version of each root, where one is used and has not."""
    if storage.key_provider == FILE:
        return
    client = connect(storage.kms)
    with _opened(storage.keys_url) as keys:
        for roots, table in (
            (kms_clinical(storage, keys, client), clinical_key),
            (kms_identity(storage, keys, client), identity_key),
        ):
            roots.found(in_use=_any_row(storage.keys_url, table))


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
    if stat.S_IMODE(folder.stat().st_mode) & 0o022:
        raise StoreUnavailable(f"{folder} can be written by others: run `chmod 700 {folder}`.")


def check_room(storage: Storage) -> None:
    """Refuse a disk without room for an embedded store; raises ``DiskFull``."""
    path = _file(storage.database_url)
    if path is None:
        return
    try:
        free = shutil.disk_usage(path.parent).free
    except OSError:
        # A missing folder is said by who needs it.
        return
    if free < LEAST_FREE:
        raise DiskFull


def _refuse_halves(storage: Storage) -> None:
    """Refuse to begin anew where a store is gone from an installation that was once whole."""
    # What speaks for it is asked first: another process may be founding this very moment.
    marked = _mark(storage).exists()
    whole = marked or _was_whole(storage)
    if marked and not _any_table(storage.keys_url, clinical_key):
        raise KeysUnreadable(
            f"{_named(storage.keys_url)} is missing, or the key store is empty although this was an "
            "installation once: restore it from a backup. Nothing was changed."
        )
    if whole and not _any_table(storage.database_url, version):
        raise StoreUnavailable(
            f"{_named(storage.database_url)} is missing or empty although keys or checkpoints of it exist: "
            "restore it from a backup. Nothing was changed."
        )


def _was_whole(storage: Storage) -> bool:
    checkpoints = storage.data_dir / "checkpoints"
    signed = checkpoints.is_dir() and any(checkpoints.iterdir())
    return signed or (_any_table(storage.keys_url, clinical_key) and _any_key(storage.keys_url))


def _mark(storage: Storage) -> Path:
    """The file that says that founding came to its end; beside the root keys, which are kept longest."""
    return storage.key_paths.audit.parent / "founded"


def _named(url: str) -> str:
    path = _file(url)
    return str(path) if path is not None else "What the database holds"


def _any_table(url: str, table: Table) -> bool:
    """Whether this store was ever prepared; an empty file was not, and a damaged one raises."""
    path = _file(url)
    if path is not None and (not path.exists() or path.stat().st_size == 0):
        return False
    with _opened(url) as database, database.read() as conn:
        return bool(conn.dialect.has_table(conn, table.name))


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    """The store of this url; what is wrong with an embedded one is said with the name of its file."""
    database = Database.open(url, Side.TRUSTED)
    try:
        yield database
    except StoreUnavailable as error:
        path = _file(url)
        raise type(error)(f"{path}: {error}" if path else str(error)) from None
    finally:
        database.close()


def _missing(storage: Storage) -> list[Path]:
    return [path for path in storage.key_files if not path.exists()]


def _was_founded(storage: Storage) -> bool:
    """Whether anything may have been sealed here: a store's file exists, or a server's store has rows."""
    return _in_use(storage.keys_url, clinical_key, identity_key) or _in_use(storage.database_url, version)


def _in_use(url: str, *tables: Table) -> bool:
    path = _file(url)
    return path.exists() if path is not None else any(_any_row(url, table) for table in tables)


def _any_key(url: str) -> bool:
    return _any_row(url, clinical_key) or _any_row(url, identity_key)


def _any_row(url: str, table: Table) -> bool:
    with _opened(url) as database, database.read() as conn:
        if not conn.dialect.has_table(conn, table.name):
            return False
        return conn.execute(select(table).limit(1)).first() is not None


def _file(url: str) -> Path | None:
    return sqlite_path(url) if url.startswith("sqlite") else None
