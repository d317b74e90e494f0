"""A new installation, one that starts again, and one of which a half is missing."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest
from sqlalchemy import delete

from gateway.custody import fitting
from gateway.custody.database import Database, Side
from gateway.custody.errors import KeysUnreadable, StoreUnavailable
from gateway.custody.failures import DiskFull
from gateway.custody.founding import found
from gateway.custody.identity.vault import open_vault
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.providers import keyfile
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
    keyfile.create(storage.key_paths.clinical)
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


# --- halves of an installation, and what is not its own -----------------------------------------------------


@pytest.mark.parametrize("empty", [False, True], ids=["missing", "empty"])
@pytest.mark.parametrize("marked", [False, True], ids=["by its keys", "by its mark"])
def test_lost_data_are_never_begun_anew(used: Storage, empty: bool, marked: bool) -> None:
    lose(used, "careloom.db", empty)
    if marked:
        lose(used, "keys.db", empty=False)
        with pytest.raises(KeysUnreadable, match=r"keys.db is missing"):
            found(used)
        return
    (used.key_paths.audit.parent / "founded").unlink()
    with pytest.raises(StoreUnavailable, match=r"careloom.db is missing or empty .* restore it"):
        found(used)


def test_checkpoints_alone_speak_for_lost_data(storage: Storage) -> None:
    (storage.data_dir / "checkpoints").mkdir(mode=0o700, parents=True)
    storage.data_dir.chmod(0o700)
    (storage.data_dir / "checkpoints" / "1.note").write_text("signed")
    with pytest.raises(StoreUnavailable, match="checkpoints of it exist"):
        found(storage)
    assert not (storage.data_dir / "careloom.db").exists()


def lose(storage: Storage, name: str, empty: bool) -> None:
    for path in storage.data_dir.glob(f"{name}*"):
        path.unlink()
    if empty:
        (storage.data_dir / name).touch(mode=0o600)


def test_a_first_start_that_was_killed_between_the_stores_is_taken_up_again(storage: Storage) -> None:
    found(storage)
    (storage.key_paths.audit.parent / "founded").unlink()
    lose(storage, "careloom.db", empty=True)
    found(storage)
    open_vault(storage).close()


@pytest.mark.parametrize("name", ["careloom.db", "keys.db"])
@pytest.mark.parametrize("cut", [False, True], ids=["garbage", "truncated"])
def test_a_damaged_store_is_named_and_said_to_be_damaged(used: Storage, name: str, cut: bool) -> None:
    path = used.data_dir / name
    whole = path.read_bytes()
    lose(used, name, empty=True)
    path.write_bytes(whole[: len(whole) // 2] if cut else b"this is no database" * 999)
    with pytest.raises(StoreUnavailable, match=rf"{name}: The .*file is damaged.* restore it"):
        found(used)


def test_a_root_key_that_is_another_ones_is_refused(used: Storage) -> None:
    used.key_paths.clinical.write_bytes(used.key_paths.identity.read_bytes())
    with pytest.raises(KeysUnreadable, match="hold the same key"):
        found(used)


@pytest.mark.parametrize("name", ["clinical", "identity"])
def test_a_well_formed_root_key_that_is_not_ours_is_refused(used: Storage, name: str) -> None:
    path: Path = getattr(used.key_paths, name)
    path.unlink()
    keyfile.create(path)
    with pytest.raises(KeysUnreadable, match=rf"{name}.key is not the key that this key store was made with"):
        found(used)
    if name == "clinical":
        with pytest.raises(KeysUnreadable, match="is not the key"):
            fitting.check_clinical(used)
    else:
        fitting.check_clinical(used)


def test_one_changed_row_does_not_speak_against_the_file(used: Storage) -> None:
    vault = open_vault(used)
    vault.clinical.ensure(HERE, [StoredId(b"b" * 16)])
    with vault.keys.write() as conn:
        conn.execute(clinical_key.update().where(clinical_key.c.subject == ADA).values(wrapped=b"x" * 60))
    vault.close()
    fitting.check_all(used)


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_folder_that_others_may_write_to_is_refused(storage: Storage, mode: int) -> None:
    storage.data_dir.mkdir(parents=True)
    storage.data_dir.chmod(mode)
    with pytest.raises(StoreUnavailable, match=f"chmod 700 {storage.data_dir}"):
        found(storage)
    assert list(storage.data_dir.iterdir()) == []


def test_a_full_disk_is_called_by_its_name(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(100, 99, 1))
    with pytest.raises(DiskFull, match=r"disk .* is full"):
        found(storage)


def test_sqlites_own_word_for_it_is_the_same(storage: Storage) -> None:
    found(storage)
    vault = open_vault(storage)
    with vault.database.write() as conn:
        conn.exec_driver_sql("PRAGMA max_page_count = 1").close()
    with pytest.raises(DiskFull), vault.database.write() as conn:
        conn.exec_driver_sql("CREATE TABLE more AS SELECT randomblob(99999)")
    vault.close()
