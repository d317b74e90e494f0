"""A new installation, one that starts again, and one of which a half is missing."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest
from sqlalchemy import delete

from gateway.custody import roots
from gateway.custody.database import Database, Side
from gateway.custody.errors import KeysUnreadable, StoreUnavailable
from gateway.custody.founding import found
from gateway.custody.identity.vault import open_vault
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.records import Write, record_writes
from gateway.custody.settings import Storage
from gateway.custody.tables import clinical_key, identity_key

HERE, ADA = Tenant(1), StoredId(b"a" * 16)


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage.from_environ({"CARELOOM_DATA_DIR": str(tmp_path / "new" / "careloom")})


@pytest.fixture
def used(storage: Storage) -> Storage:
    """An installation in which somebody's record lies."""
    found(storage)
    vault = open_vault(storage)
    vault.clinical.ensure(HERE, [ADA])
    vault.identity.ensure(HERE, [ADA])
    with vault.database.write() as conn:
        record_writes(conn, HERE, [Write("Patient", ADA, 1, ADA, "ehr", False, b"sealed", b"d" * 32)], 1)
    vault.close()
    return storage


def test_everything_is_made_and_is_its_owners_alone(storage: Storage) -> None:
    found(storage)
    files = [path for path in storage.data_dir.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {
        "careloom.db",
        "keys.db",
        "clinical.key",
        "identity.key",
        "audit.key",
    }
    assert all(path.stat().st_mode & 0o077 == 0 for path in (storage.data_dir, *files))


def test_files_that_sqlite_adds_are_its_owners_alone_too(used: Storage) -> None:
    vault = open_vault(used)
    with vault.database.write() as conn:
        record_writes(conn, HERE, [Write("Patient", ADA, 2, ADA, "ehr", False, b"sealed", b"d" * 32)], 1)
    logs = [path for path in used.data_dir.iterdir() if path.name.endswith(("-wal", "-shm"))]
    assert logs
    assert all(path.stat().st_mode & 0o077 == 0 for path in logs)
    vault.close()


def test_starting_again_changes_nothing(used: Storage) -> None:
    before = used.key_paths.identity.read_bytes()
    vault = open_vault(used)
    key = vault.identity.fetch_one(HERE, ADA)
    shown = vault.outside(HERE).show("Patient", ADA)
    vault.close()
    found(used)
    again = open_vault(used)
    assert used.key_paths.identity.read_bytes() == before
    assert again.identity.fetch_one(HERE, ADA) == key
    assert again.outside(HERE).read("Patient", shown) == ADA
    again.close()


def test_many_that_start_at_once_found_one_installation(storage: Storage) -> None:
    failures: list[BaseException] = []
    ready = threading.Barrier(4)

    def start() -> None:
        ready.wait(10)
        try:
            found(storage)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    open_vault(storage).close()


def test_a_first_start_that_was_killed_between_key_files_is_taken_up_again(storage: Storage) -> None:
    roots.create(storage.key_paths.clinical)
    before = storage.key_paths.clinical.read_bytes()
    found(storage)
    assert storage.key_paths.clinical.read_bytes() == before


@pytest.mark.parametrize("name", ["clinical", "identity", "audit"])
def test_a_lost_key_file_is_never_replaced(used: Storage, name: str) -> None:
    path: Path = getattr(used.key_paths, name)
    path.unlink()
    with pytest.raises(KeysUnreadable, match="is missing although the databases exist"):
        found(used)
    assert not path.exists()


def test_a_lost_directory_of_keys_is_never_replaced(used: Storage) -> None:
    shutil.rmtree(used.key_paths.clinical.parent)
    with pytest.raises(KeysUnreadable, match="restore the key files"):
        found(used)


def test_records_without_their_key_store_are_not_taken_for_erased_ones(used: Storage) -> None:
    for path in used.data_dir.glob("keys.db*"):
        path.unlink()
    with pytest.raises(StoreUnavailable, match=r"keys.db is missing"):
        open_vault(used)
    with pytest.raises(KeysUnreadable, match="key store is empty"):
        found(used)


def test_a_key_store_that_was_emptied_is_noticed(used: Storage) -> None:
    keys = Database.open(used.keys_url, Side.TRUSTED)
    with keys.write() as conn:
        conn.execute(delete(clinical_key))
        conn.execute(delete(identity_key))
    keys.close()
    with pytest.raises(KeysUnreadable, match="key store is empty"):
        open_vault(used)


def test_opening_what_was_never_founded_says_what_to_do(storage: Storage) -> None:
    with pytest.raises(StoreUnavailable, match="start `careloom up` once"):
        open_vault(storage)
