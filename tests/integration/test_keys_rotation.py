"""Root keys are rotated while hospitals write and read, and the rotation itself is killed: nobody notices."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from gateway.custody import rotation
from gateway.custody.identity.vault import Vault, open_vault
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.opening import open_clinic
from gateway.custody.rotation import Rotation
from gateway.custody.settings import Storage
from tests.desk import Desk, diabetic, ehr, patient

HERE = Tenant(1)

ROTATE = """
import os
from gateway.custody import rotation
from gateway.custody.identity.vault import open_vault
from gateway.custody.rotation import Rotation
from gateway.custody.settings import Storage

rotation._BATCH = 50
vault = open_vault(Storage.from_environ(os.environ))
for side in ("clinical", "identity"):
    ring = getattr(vault, side)
    turn = Rotation(side, ring.store, ring.roots, vault.database, lambda: 5_000_000)
    turn.run(lambda done: print(side, done, flush=True))
print("done", flush=True)
"""


@pytest.fixture
def vault(storage: Storage) -> Iterator[Vault]:
    vault = open_vault(storage)
    yield vault
    vault.close()


def rotate(vault: Vault) -> None:
    for side, ring in (("clinical", vault.clinical), ("identity", vault.identity)):
        Rotation(side, ring.store, ring.roots, vault.database, lambda: 5_000_000).run(lambda _done: None)


@contextmanager
def meanwhile(*works: Callable[[], None]) -> Iterator[list[BaseException]]:
    """Each of these again and again, for the length of the block; what went wrong is in the list."""
    wrong: list[BaseException] = []
    over = threading.Event()

    def again(work: Callable[[], None]) -> None:
        while not over.is_set():
            try:
                work()
            except BaseException as error:
                wrong.append(error)
                return

    threads = [threading.Thread(target=again, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield wrong
    finally:
        over.set()
        for thread in threads:
            thread.join(30)


def test_no_read_and_no_write_fails_while_roots_are_rotated(desk: Desk, monkeypatch) -> None:
    monkeypatch.setattr(rotation, "_BATCH", 20)
    people = [StoredId(os.urandom(16)) for _ in range(150)]
    desk.puts(*diabetic("mrn-1"))
    before = {
        "clinical": desk.vault.clinical.ensure(HERE, people),
        "identity": desk.vault.identity.ensure(HERE, people),
    }
    # As another process has them: with files that it read before, and a cache of its own.
    elsewhere, clinic = open_vault(desk.storage), open_clinic(desk.storage)
    made: dict[StoredId, object] = {}
    gone: list[StoredId] = []

    def reads() -> None:
        assert desk.reads("Observation/mrn-1-a1c")["valueQuantity"]["unit"] == "%"
        assert elsewhere.identity.fetch(HERE, people) == before["identity"]

    def works() -> None:
        assert clinic.clinical.fetch(HERE, people) == before["clinical"]

    def writes() -> None:
        new = StoredId(os.urandom(16))
        made[new] = elsewhere.clinical.ensure(HERE, [new])[new]
        desk.puts(patient("mrn-2"), actor=ehr())

    def erases() -> None:
        new = StoredId(os.urandom(16))
        elsewhere.clinical.ensure(HERE, [new])
        elsewhere.clinical.destroy(HERE, new)
        gone.append(new)
        time.sleep(0.01)

    with meanwhile(reads, works, writes, erases) as wrong:
        for _ in range(3):
            rotate(desk.vault)
    assert not wrong
    assert made
    assert gone
    fresh = open_vault(desk.storage)
    assert fresh.clinical.fetch(HERE, people) == before["clinical"]
    assert fresh.identity.fetch(HERE, people) == before["identity"]
    assert fresh.clinical.fetch(HERE, made) == made
    assert fresh.clinical.fetch(HERE, gone) == {}
    assert desk.reads("Patient/mrn-1")["name"] == patient("mrn-1")["name"]
    rotate(fresh)
    for ring in (fresh.clinical, fresh.identity):
        *old, newest = rotation.status(ring.store, ring.roots)
        assert (newest.version, newest.current) == (5, True)
        assert all(version.may_be_destroyed for version in old)
    for opened in (elsewhere, clinic, fresh):
        opened.close()


def test_a_rotation_may_be_killed_and_run_again(storage: Storage, vault: Vault) -> None:
    people = [StoredId(os.urandom(16)) for _ in range(400)]
    before = vault.clinical.ensure(HERE, people), vault.identity.ensure(HERE, people)
    hanging = []
    # After so many lines that it said: at its beginning, in the midst, in the second root.
    for lines in (1, 4, 10):
        _killed(storage, lines)
        assert (vault.clinical.fetch(HERE, people), vault.identity.fetch(HERE, people)) == before
        hanging.append({side: ring.store.by_root() for side, ring in _rings(vault)})
    assert any(len(told) > 1 for at_once in hanging for told in at_once.values())
    rotate(vault)
    for _, ring in _rings(vault):
        newest = ring.roots.status().current
        assert ring.store.by_root() == {newest: 400}
    fresh = open_vault(storage)
    assert (fresh.clinical.fetch(HERE, people), fresh.identity.fetch(HERE, people)) == before
    fresh.close()


def _rings(vault: Vault):
    return (("clinical", vault.clinical), ("identity", vault.identity))


def _killed(storage: Storage, lines: int) -> None:
    environ = {
        "CARELOOM_DATA_DIR": str(storage.data_dir),
        "CARELOOM_DATABASE_URL": storage.database_url,
        "CARELOOM_KEYS_URL": storage.keys_url,
        "PYTHONPATH": ":".join(sys.path),
    }
    command = [sys.executable, "-c", ROTATE]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(lines):
            assert process.stdout.readline().strip() != "done"
        process.send_signal(signal.SIGKILL)
        process.wait(10)
