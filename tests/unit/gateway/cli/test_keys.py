"""``careloom keys`` on an installation of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from gateway.cli.keys import keys
from gateway.custody.identity.vault import Vault, open_vault
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.settings import Storage

HERE = Tenant(1)
SUBJECTS = [StoredId(bytes([n]) * 16) for n in range(1, 4)]


@pytest.fixture
def vault(sqlite_storage: Storage) -> Iterator[Vault]:
    vault = open_vault(sqlite_storage)
    vault.clinical.ensure(HERE, SUBJECTS)
    vault.identity.ensure(HERE, SUBJECTS[:1])
    yield vault
    vault.close()


def run(storage: Storage, *arguments: str) -> Result:
    return CliRunner().invoke(keys, [*arguments, "--data-dir", str(storage.data_dir)])


def test_status_counts_what_hangs_on_each_version(sqlite_storage: Storage, vault: Vault) -> None:
    told = json.loads(run(sqlite_storage, "status", "--json").stdout)
    assert told == {
        "clinical": [{"version": 1, "current": True, "data_keys": 3, "may_be_destroyed": False}],
        "identity": [{"version": 1, "current": True, "data_keys": 1, "may_be_destroyed": False}],
    }
    assert "clinical" in run(sqlite_storage, "status").stdout


def test_rotation_leaves_nothing_on_the_old_version(sqlite_storage: Storage, vault: Vault) -> None:
    before = vault.clinical.fetch(HERE, SUBJECTS)
    told = json.loads(run(sqlite_storage, "rotate", "--json").stdout)
    assert told == {"rewrapped": {"clinical": 3, "identity": 1}}
    assert "3 clinical data keys rewrapped" in run(sqlite_storage, "rotate").stdout
    status = json.loads(run(sqlite_storage, "status", "--json").stdout)
    assert [(row["version"], row["data_keys"]) for row in status["clinical"]] == [(1, 0), (2, 0), (3, 3)]
    assert vault.clinical.fetch(HERE, SUBJECTS) == before


def test_what_is_wrong_is_one_line(sqlite_storage: Storage) -> None:
    sqlite_storage.key_paths.identity.chmod(0o644)
    outcome = run(sqlite_storage, "status")
    assert outcome.exit_code == 1
    assert "chmod 600" in outcome.output
    assert len(outcome.output.strip().splitlines()) == 1
