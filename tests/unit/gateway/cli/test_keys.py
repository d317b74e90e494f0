"""``careloom keys`` on an installation of its own."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, update

from gateway.cli.keys import keys
from gateway.custody.identity.vault import Vault, open_vault
from gateway.custody.ids import SYSTEM, StoredId, Tenant
from gateway.custody.settings import Storage
from gateway.custody.tables import audit_event, clinical_key

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
    made = {side: rows[0].pop("made") for side, rows in told.items()}
    each = {"version": 1, "current": True, "age_days": 0, "followed": None, "may_be_destroyed": False}
    assert told == {"clinical": [{**each, "data_keys": 3}], "identity": [{**each, "data_keys": 1}]}
    for when in made.values():
        assert datetime.now(UTC) - datetime.fromisoformat(when) < timedelta(minutes=5)
    shown = run(sqlite_storage, "status").stdout
    assert "clinical" in shown
    assert "Backups" not in shown


def test_a_key_file_from_before_ages_were_kept_is_read(sqlite_storage: Storage, vault: Vault) -> None:
    path = sqlite_storage.key_paths.clinical
    told = json.loads(path.read_bytes())
    path.write_text(json.dumps({name: told[name] for name in ("current", "keys")}))
    (row,) = json.loads(run(sqlite_storage, "status", "--json").stdout)["clinical"]
    assert (row["made"], row["age_days"], row["data_keys"]) == (None, None, 3)
    assert run(sqlite_storage, "status").exit_code == 0


def test_a_version_that_may_be_destroyed_is_shown_with_what_still_needs_it(
    sqlite_storage: Storage, vault: Vault
) -> None:
    run(sqlite_storage, "rotate")
    first, second = json.loads(run(sqlite_storage, "status", "--json").stdout)["clinical"]
    assert first["may_be_destroyed"]
    assert first["followed"] == second["made"]
    assert "Backups of the key store" in run(sqlite_storage, "status").stdout


def test_rotation_leaves_nothing_on_the_old_version(sqlite_storage: Storage, vault: Vault) -> None:
    before = vault.clinical.fetch(HERE, SUBJECTS)
    told = json.loads(run(sqlite_storage, "rotate", "--json").stdout)
    assert told == {"rewrapped": {"clinical": 3, "identity": 1}, "damaged": {"clinical": 0, "identity": 0}}
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


def test_law_4_each_rotation_is_in_the_trail(sqlite_storage: Storage, vault: Vault) -> None:
    run(sqlite_storage, "rotate")
    with vault.database.read() as conn:
        rows = conn.execute(select(audit_event).order_by(audit_event.c.seq)).all()
    assert [(row.log, row.kind, row.detail) for row in rows] == [
        (SYSTEM, "keys:rotate", "command line; clinical root, a new version"),
        (SYSTEM, "keys:rewrap", "command line; clinical root, version 2, 3 data keys, 0 damaged"),
        (SYSTEM, "keys:rotate", "command line; identity root, a new version"),
        (SYSTEM, "keys:rewrap", "command line; identity root, version 2, 1 data keys, 0 damaged"),
    ]


def test_a_data_key_that_does_not_unwrap_is_told_and_the_others_are_rewrapped(
    sqlite_storage: Storage, vault: Vault
) -> None:
    with vault.keys.write() as conn:
        mine = clinical_key.c.subject == SUBJECTS[0]
        conn.execute(update(clinical_key).where(mine).values(wrapped=bytes(60)))
    outcome = run(sqlite_storage, "rotate", "--json")
    assert outcome.exit_code == 1
    told = json.loads(outcome.stdout)
    assert (told["rewrapped"]["clinical"], told["damaged"]) == (2, {"clinical": 1, "identity": 0})
    assert "1 data keys do not unwrap" in outcome.stderr


@pytest.mark.parametrize("command", ["rotate", "status"])
def test_a_root_that_does_not_belong_to_this_key_store_is_left_alone(
    sqlite_storage: Storage, vault: Vault, command: str
) -> None:
    file = sqlite_storage.key_paths.clinical
    told = json.loads(file.read_text())
    told["keys"] = {version: base64.b64encode(b"other" + bytes(27)).decode() for version in told["keys"]}
    file.write_text(json.dumps(told))
    before = file.read_bytes()
    done = run(sqlite_storage, command)
    assert done.exit_code == 1
    assert "is not the key that this key store was made with" in done.output
    assert file.read_bytes() == before
