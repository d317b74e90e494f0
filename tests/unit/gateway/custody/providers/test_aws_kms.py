"""Roots that AWS KMS seals, against moto's KMS: found, used, rotated, taken over from files, and lost."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner
from moto import mock_aws
from sqlalchemy import delete, insert, select, update

from gateway.cli.keys import keys as keys_command
from gateway.custody import fitting, rotation
from gateway.custody.database import Database, Side
from gateway.custody.errors import KeysAway, KeysUnreadable, Misconfigured, NotPermitted, Tampered
from gateway.custody.founding import found
from gateway.custody.identity.vault import Vault, open_vault
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.key_tables import clinical_key, clinical_root, identity_root
from gateway.custody.keycache import KeyCache
from gateway.custody.migrations import Store, migrate
from gateway.custody.opening import open_clinic
from gateway.custody.providers import keyfile, kms_clinical, kms_identity
from gateway.custody.providers.aws_kms import MAX_SECONDS, NEWEST_SECONDS, Clocks, KmsRoots
from gateway.custody.providers.keyfile import KeyFile
from gateway.custody.providers.kms import Kms
from gateway.custody.providers.rootstore import RootStore
from gateway.custody.roots import Wrapped
from gateway.custody.rotation import Rotation
from gateway.custody.settings import KmsKeys, Storage
from gateway.settings import Settings
from tests.actors import town
from tests.databases import Databases
from tests.desk import patient

HERE = Tenant(1)
ADA, BOB = StoredId(b"a" * 16), StoredId(b"b" * 16)
WHOSE = b"whose key this is"


class Watched:
    """A client that counts what it is asked, and fails when it is told to."""

    def __init__(self, client: Any) -> None:
        self._client, self.asked, self.trouble = client, [], None

    def decrypt(self, **asked: Any) -> Any:
        return self._ask("decrypt", asked)

    def generate_data_key(self, **asked: Any) -> Any:
        return self._ask("generate_data_key", asked)

    def _ask(self, verb: str, asked: dict[str, Any]) -> Any:
        self.asked.append(verb)
        if self.trouble is not None:
            raise self.trouble
        return getattr(self._client, verb)(**asked)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """KMS, in this process."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield boto3.client("kms", region_name="eu-central-1")


@pytest.fixture
def names(aws: Any) -> KmsKeys:
    """Two keys of KMS."""
    made = [aws.create_key()["KeyMetadata"]["Arn"] for _ in range(2)]
    return KmsKeys((made[0],), (made[1],))


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[Database]:
    database = Database.open(f"sqlite:///{tmp_path / 'keys.db'}", Side.TRUSTED)
    migrate(database, Store.KEYS)
    yield database
    database.close()


@pytest.fixture
def client(aws: Any) -> Watched:
    return Watched(aws)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def roots(keys: Database, client: Watched, names: KmsKeys, clock: Clock) -> KmsRoots:
    made = _roots(keys, client, names, clock)
    made.found(in_use=False)
    client.asked.clear()
    return made


def _roots(keys: Database, client: Any, names: KmsKeys, clock: Clock, before: Any = None) -> KmsRoots:
    kms = Kms(client, names.clinical, "clinical")
    return KmsRoots(RootStore(keys, clinical_root), kms, before, Clocks(lambda: 5_000_000, clock))


# --- the port --------------------------------------------------------------------------------------------


def test_a_wrapped_key_unwraps_in_its_context_only(roots: KmsRoots) -> None:
    wrapped = roots.wrap(b"k" * 32, WHOSE)
    assert (wrapped.version, roots.unwrap(wrapped, WHOSE)) == (1, b"k" * 32)
    for blob, context in ((wrapped.blob, b"another"), (wrapped.blob[:-1] + b"?", WHOSE), (b"", WHOSE)):
        with pytest.raises(Tampered):
            roots.unwrap(Wrapped(1, blob), context)


def test_kms_is_asked_once_however_many_keys_there_are(roots: KmsRoots, client: Watched) -> None:
    wrapped = [roots.wrap(bytes([n]) * 32, WHOSE) for n in range(50)]
    assert [roots.unwrap(one, WHOSE)[0] for one in wrapped] == list(range(50))
    assert client.asked == ["decrypt"]


def test_threads_that_need_a_root_at_once_ask_once(roots: KmsRoots, client: Watched) -> None:
    ready, got = threading.Barrier(8), []

    def work() -> None:
        ready.wait(10)
        got.append(roots.unwrap(roots.wrap(b"k" * 32, WHOSE), WHOSE))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [b"k" * 32] * 8
    assert client.asked == ["decrypt"]


def test_an_opened_root_is_held_for_minutes_and_wiped(roots: KmsRoots, client: Watched, clock: Clock) -> None:
    wrapped = roots.wrap(b"k" * 32, WHOSE)
    held = roots._held[1].secret
    assert any(held)
    clock.now += MAX_SECONDS
    roots.unwrap(wrapped, WHOSE)
    assert client.asked == ["decrypt"]
    clock.now += 1
    roots.unwrap(wrapped, WHOSE)
    assert client.asked == ["decrypt", "decrypt"]
    assert held == bytes(32)


def test_whoever_takes_the_key_away_stops_every_process_within_minutes(
    roots: KmsRoots, client: Watched, clock: Clock
) -> None:
    from botocore.exceptions import ClientError, EndpointConnectionError

    wrapped = roots.wrap(b"k" * 32, WHOSE)
    client.trouble = ClientError({"Error": {"Code": "DisabledException"}}, "Decrypt")
    assert roots.unwrap(wrapped, WHOSE) == b"k" * 32
    clock.now += MAX_SECONDS + 1
    for ask in (lambda: roots.unwrap(wrapped, WHOSE), lambda: roots.wrap(b"k" * 32, WHOSE)):
        with pytest.raises(KeysUnreadable, match="is disabled"):
            ask()
    client.trouble = EndpointConnectionError(endpoint_url="https://kms")
    with pytest.raises(KeysAway):
        roots.unwrap(wrapped, WHOSE)
    # Nothing has to be started again when it is back.
    client.trouble = None
    assert roots.unwrap(wrapped, WHOSE) == b"k" * 32


def test_rotation_makes_a_version_that_every_process_finds(
    roots: KmsRoots, keys: Database, client: Watched, names: KmsKeys, clock: Clock
) -> None:
    elsewhere = _roots(keys, client, names, clock)
    old = elsewhere.wrap(b"k" * 32, WHOSE)
    assert roots.rotate() == 2
    clock.now += NEWEST_SECONDS
    new = elsewhere.wrap(b"k" * 32, WHOSE)
    assert (old.version, new.version) == (1, 2)
    assert roots.unwrap(old, WHOSE) == roots.unwrap(new, WHOSE) == b"k" * 32
    status = roots.status()
    assert (status.current, status.versions, status.made) == (2, (1, 2), {1: 5_000_000, 2: 5_000_000})


def test_rotations_at_once_lose_no_version(
    roots: KmsRoots, keys: Database, client: Watched, names: KmsKeys, clock: Clock
) -> None:
    made: list[int] = []
    threads = [
        threading.Thread(target=lambda: made.append(_roots(keys, client, names, clock).rotate()))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [2, 3, 4, 5]
    assert roots.status().versions == (1, 2, 3, 4, 5)


def test_no_root_lies_open_in_the_key_store(roots: KmsRoots, tmp_path: Path) -> None:
    roots.wrap(b"k" * 32, WHOSE)
    secret = bytes(roots._held[1].secret)
    files = b"".join(path.read_bytes() for path in tmp_path.glob("keys.db*"))
    assert secret not in files
    assert secret[:16] not in files


# --- what does not open ----------------------------------------------------------------------------------


def test_a_root_that_was_moved_to_the_other_side_or_version_does_not_open(
    roots: KmsRoots, keys: Database, client: Watched, names: KmsKeys, clock: Clock
) -> None:
    with keys.write() as conn:
        row = dict(conn.execute(select(clinical_root)).mappings().one())
        conn.execute(insert(clinical_root).values({**row, "version": 2}))
        conn.execute(insert(identity_root).values(row))
    with pytest.raises(KeysUnreadable, match="None of the keys"):
        _roots(keys, client, names, clock).wrap(b"k" * 32, WHOSE)
    crossed = KmsRoots(RootStore(keys, identity_root), Kms(client, names.clinical, "identity"))
    with pytest.raises(KeysUnreadable, match="None of the keys"):
        crossed.wrap(b"k" * 32, WHOSE)


def test_a_root_that_somebody_sealed_with_a_key_of_his_own_is_not_used(
    roots: KmsRoots, keys: Database, aws: Any, names: KmsKeys, clock: Clock
) -> None:
    his = Kms(aws, (aws.create_key()["KeyMetadata"]["Arn"],), "clinical").draw(2)
    with keys.write() as conn:
        row = {"version": 2, "sealed_by": names.clinical[0], "sealed": his.sealed, "created": 0}
        conn.execute(insert(clinical_root).values(row))
    with pytest.raises(KeysUnreadable):
        _roots(keys, aws, names, clock).wrap(b"k" * 32, WHOSE)


def test_a_root_that_was_flipped_does_not_open(
    roots: KmsRoots, keys: Database, aws: Any, names: KmsKeys
) -> None:
    with keys.write() as conn:
        sealed = conn.scalar(select(clinical_root.c.sealed))
        conn.execute(update(clinical_root).values(sealed=sealed[:-1] + bytes([sealed[-1] ^ 1])))
    with pytest.raises(KeysUnreadable):
        _roots(keys, aws, names, Clock()).wrap(b"k" * 32, WHOSE)


def test_roots_that_are_gone_are_never_made_anew_beside_data_keys(
    roots: KmsRoots, keys: Database, aws: Any, names: KmsKeys
) -> None:
    wrapped = roots.wrap(b"k" * 32, WHOSE)
    with keys.write() as conn:
        conn.execute(delete(clinical_root))
    again = _roots(keys, aws, names, Clock())
    with pytest.raises(KeysUnreadable, match="gone from the key store"):
        again.found(in_use=True)
    for ask in (lambda: again.wrap(b"k" * 32, WHOSE), again.status):
        with pytest.raises(KeysUnreadable, match="holds no root key"):
            ask()
    with pytest.raises(KeysUnreadable, match="has no version 1"):
        again.unwrap(wrapped, WHOSE)


# --- another key of KMS, and from files to KMS -----------------------------------------------------------


def test_another_key_of_kms_takes_over_while_the_old_one_still_opens(
    roots: KmsRoots, keys: Database, aws: Any, names: KmsKeys, clock: Clock
) -> None:
    old = roots.wrap(b"k" * 32, WHOSE)
    clock.now += NEWEST_SECONDS
    new_arn = aws.create_key()["KeyMetadata"]["Arn"]
    both = _roots(keys, aws, replace(names, clinical=(new_arn, *names.clinical)), clock)
    assert both.rotate() == 2
    new = both.wrap(b"k" * 32, WHOSE)
    assert both.unwrap(old, WHOSE) == b"k" * 32
    assert both.sealed_by() == {new_arn, *names.clinical}
    alone = _roots(keys, aws, replace(names, clinical=(new_arn,)), clock)
    assert alone.unwrap(new, WHOSE) == b"k" * 32
    with pytest.raises(KeysUnreadable):
        alone.unwrap(old, WHOSE)


def test_what_hangs_on_a_key_file_is_taken_over_by_rotation(
    keys: Database, aws: Any, names: KmsKeys, clock: Clock, tmp_path: Path
) -> None:
    path = tmp_path / "keys" / "clinical.key"
    keyfile.create(path, lambda: 7)
    file = KeyFile(path, lambda: 8)
    file.rotate()
    old = file.wrap(b"k" * 32, WHOSE)
    roots = _roots(keys, aws, names, clock, file)
    roots.found(in_use=True)
    new = roots.wrap(b"k" * 32, WHOSE)
    assert (old.version, new.version) == (2, 3)
    assert roots.unwrap(old, WHOSE) == roots.unwrap(new, WHOSE) == b"k" * 32
    status = roots.status()
    assert (status.current, status.versions) == (3, (1, 2, 3))
    assert status.made == {1: 7, 2: 8, 3: 5_000_000}
    roots.found(in_use=True)
    assert roots.status() == status


# --- an installation -------------------------------------------------------------------------------------


ON_BOTH = pytest.mark.parametrize(
    "environ", ["sqlite", pytest.param("postgres", marks=pytest.mark.servers)], indirect=True
)


@pytest.fixture
def environ(request: pytest.FixtureRequest, tmp_path: Path, names: KmsKeys) -> Iterator[dict[str, str]]:
    told = {
        "CARELOOM_DATA_DIR": str(tmp_path / "careloom"),
        "CARELOOM_KEY_PROVIDER": "aws-kms",
        "CARELOOM_CLINICAL_KMS_KEY": names.clinical[0],
        "CARELOOM_IDENTITY_KMS_KEY": names.identity[0],
    }
    if getattr(request, "param", "sqlite") == "sqlite":
        yield told
        return
    databases: Databases = request.getfixturevalue("postgres_databases")
    with databases.lent() as urls:
        yield {
            **told,
            "CARELOOM_DATABASE_URL": urls[Store.DATA],
            "CARELOOM_KEYS_URL": urls[Store.KEYS],
        }


@pytest.fixture
def founded(environ: dict[str, str]) -> Storage:
    storage = Storage.from_environ(environ)
    found(storage)
    return storage


@pytest.fixture
def vault(founded: Storage) -> Iterator[Vault]:
    vault = open_vault(founded)
    yield vault
    vault.close()


@ON_BOTH
def test_an_installation_is_founded_once_and_works(founded: Storage, vault: Vault) -> None:
    made = vault.clinical.ensure(HERE, [ADA, BOB])
    assert [path.name for path in founded.key_paths.audit.parent.glob("*.key")] == ["audit.key"]
    found(founded)
    fitting.check_all(founded)
    again = open_vault(founded)
    assert again.clinical.fetch(HERE, [ADA, BOB]) == made
    assert again.identity.index_key(HERE) == vault.identity.index_key(HERE)
    again.close()


@ON_BOTH
def test_law_3_a_worker_opens_the_clinical_root_and_neither_sees_nor_opens_the_other(
    environ: dict[str, str], vault: Vault, aws: Any
) -> None:
    vault.identity.ensure(HERE, [ADA])
    own = {name: value for name, value in environ.items() if name != "CARELOOM_IDENTITY_KMS_KEY"}
    storage = Storage.from_environ(own)
    fitting.check_clinical(storage)
    clinic = open_clinic(storage)
    assert clinic.clinical.ensure(HERE, [ADA]) == vault.clinical.fetch(HERE, [ADA])
    with pytest.raises(NotPermitted), clinic.keys.read() as conn:
        conn.execute(select(identity_root))
    with pytest.raises(NotPermitted):
        clinic.clinical.roots.rotate()
    with pytest.raises(Misconfigured, match="CARELOOM_IDENTITY_KMS_KEY"):
        kms_identity(storage, clinic.keys, aws)
    # Nor with the bytes of the row in hand: KMS is told which side they are for, and by which key.
    with vault.keys.read() as conn:
        stolen = conn.execute(select(identity_root)).one()
    for side in ("clinical", "identity"):
        with pytest.raises(KeysUnreadable):
            Kms(aws, storage.kms.clinical, side).open(stolen.version, stolen.sealed, stolen.sealed_by)
    clinic.close()


@ON_BOTH
def test_rotation_hangs_every_key_on_a_new_root(founded: Storage, vault: Vault) -> None:
    subjects = [StoredId(n.to_bytes(16, "big")) for n in range(1, 40)]
    before = vault.clinical.ensure(HERE, subjects)
    ring = vault.clinical
    turn = Rotation("clinical", ring.store, ring.roots, vault.database, lambda: 5_000_000)
    assert turn.run(lambda _done: None) == (len(subjects), 0)
    first, second = rotation.status(vault.clinical.store, vault.clinical.roots)
    assert (first.data_keys, second.data_keys, first.may_be_destroyed) == (0, len(subjects), True)
    assert vault.clinical.fetch(HERE, subjects) == before
    other = open_vault(founded)
    assert other.clinical.fetch(HERE, subjects) == before
    other.close()


def test_an_installation_moves_from_files_to_kms_and_loses_nothing(environ: dict[str, str]) -> None:
    files = Storage.from_environ({**environ, "CARELOOM_KEY_PROVIDER": "file"})
    found(files)
    vault = open_vault(files)
    before = vault.clinical.ensure(HERE, [ADA]), vault.identity.index_key(HERE)
    vault.close()
    storage = Storage.from_environ(environ)
    found(storage)
    vault = open_vault(storage)
    assert (vault.clinical.fetch(HERE, [ADA]), vault.identity.index_key(HERE)) == before
    for side, ring in (("clinical", vault.clinical), ("identity", vault.identity)):
        Rotation(side, ring.store, ring.roots, vault.database, lambda: 5_000_000).run(lambda _done: None)
    vault.close()
    for path in (storage.key_paths.clinical, storage.key_paths.identity):
        path.unlink()
    found(storage)
    vault = open_vault(storage)
    assert (vault.clinical.fetch(HERE, [ADA]), vault.identity.index_key(HERE)) == before
    vault.close()


def test_a_provider_that_was_changed_back_to_files_is_refused(environ: dict[str, str]) -> None:
    storage = Storage.from_environ(environ)
    found(storage)
    vault = open_vault(storage)
    vault.clinical.ensure(HERE, [ADA])
    vault.close()
    with pytest.raises(KeysUnreadable, match="is missing although the databases exist"):
        found(replace(storage, key_provider="file"))


def test_law_12_two_names_of_one_key_are_refused(environ: dict[str, str], aws: Any, names: KmsKeys) -> None:
    aws.create_alias(AliasName="alias/same", TargetKeyId=names.clinical[0])
    storage = Storage.from_environ({**environ, "CARELOOM_IDENTITY_KMS_KEY": "alias/same"})
    with pytest.raises(KeysUnreadable, match="mean the same key"):
        found(storage)


def test_a_key_that_is_another_ones_stops_the_start(environ: dict[str, str], vault: Vault, aws: Any) -> None:
    vault.clinical.ensure(HERE, [ADA])
    other = aws.create_key()["KeyMetadata"]["Arn"]
    with pytest.raises(KeysUnreadable, match="CARELOOM_CLINICAL_KMS_KEY"):
        fitting.check_clinical(Storage.from_environ({**environ, "CARELOOM_CLINICAL_KMS_KEY": other}))


def test_data_keys_of_another_root_stop_the_start(founded: Storage, vault: Vault, aws: Any) -> None:
    vault.clinical.ensure(HERE, [ADA])
    with vault.keys.write() as conn:
        conn.execute(update(clinical_key).values(wrapped=bytes(60)))
    with pytest.raises(KeysUnreadable, match="CARELOOM_CLINICAL_KMS_KEY is not the key"):
        fitting.check_clinical(founded)
    assert kms_clinical(founded, vault.keys, aws).status().current == 1


def test_while_kms_is_away_requests_are_told_to_come_again_and_nothing_has_to_be_started_anew(
    founded: Storage, client: Watched
) -> None:
    from botocore.exceptions import EndpointConnectionError

    here = town(Settings(founded, base_url="http://careloom.test"))
    assert here.app is not None
    vault: Vault = here.app.extensions["careloom_vault"]
    hospital = here.hospital("st-anna")
    assert hospital.puts(patient("mrn-1")).status_code == 201
    for ring in (vault.clinical, vault.identity):
        ring.roots._kms._client = client
        ring.roots._held.clear()
        ring._cache = KeyCache()
    client.trouble = EndpointConnectionError(endpoint_url="https://kms")
    answer = hospital.asks("GET", "Patient/mrn-1")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "kms" not in answer.text.lower()
    assert hospital.puts(patient("mrn-2")).status_code == 503
    client.trouble = None
    assert hospital.reads("Patient/mrn-1")["name"] == patient("mrn-1")["name"]
    assert hospital.asks("GET", "Patient/mrn-2").status_code == 404
    vault.close()


def test_the_command_rotates_and_shows_roots_of_kms(
    founded: Storage, vault: Vault, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.clinical.ensure(HERE, [ADA, BOB])
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert CliRunner().invoke(keys_command, ["rotate"]).exit_code == 0
    told = json.loads(CliRunner().invoke(keys_command, ["status", "--json"]).stdout)
    shown = [(row["version"], row["data_keys"], row["may_be_destroyed"]) for row in told["clinical"]]
    assert shown == [(1, 0, True), (2, 2, False)]
