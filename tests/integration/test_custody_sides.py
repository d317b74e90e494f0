"""Law 3: what a worker's connection is refused, tried on every withheld table, on both databases."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, select, text

from gateway.custody.cipher import Place, seal, unseal
from gateway.custody.database import Database, Side
from gateway.custody.errors import KeysUnreadable, NotPermitted, Tampered
from gateway.custody.identity import halves
from gateway.custody.identity.vault import Vault, open_vault
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.keyring import ClinicalKey, IdentityKey
from gateway.custody.keystore import KeyName
from gateway.custody.opening import Clinic, open_clinic
from gateway.custody.roots import RootKeys, Wrapped
from gateway.custody.settings import Storage
from gateway.custody.tables import IDENTITY_KEY_TABLES, IDENTITY_TABLES, WORKER_RIGHTS, data, keys
from gateway.run import processes
from tests.desk import Desk, diabetic

HOSPITAL = Tenant(1)
# Roles belong to the whole server, which several test processes may share.
WORKER = f"careloom_test_worker_{uuid.uuid4().hex[:12]}"
PATIENT = StoredId(b"p" * 16)


@pytest.fixture
def vault(storage: Storage) -> Iterator[Vault]:
    vault = open_vault(storage)
    yield vault
    vault.close()


@pytest.fixture
def clinic(storage: Storage) -> Iterator[Clinic]:
    clinic = open_clinic(storage)
    yield clinic
    clinic.close()


STATEMENTS = (
    "SELECT * FROM {table}",
    "SELECT count(*) FROM {table}",
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM {table})",
    "WITH hidden AS (SELECT * FROM {table}) SELECT * FROM hidden",
    "DELETE FROM {table}",
    "UPDATE {table} SET {column} = {column}",
    "INSERT INTO {table} SELECT * FROM {table}",
    "DROP TABLE {table}",
    "CREATE VIEW peek AS SELECT * FROM {table}",
)


@pytest.mark.parametrize("statement", STATEMENTS)
def test_law_3_no_statement_of_a_worker_reaches_a_withheld_table(clinic: Clinic, statement: str) -> None:
    places = [(clinic.database, data, IDENTITY_TABLES), (clinic.keys, keys, IDENTITY_KEY_TABLES)]
    for database, metadata, names in places:
        for name in names:
            column = next(iter(metadata.tables[name].columns)).name
            with pytest.raises(NotPermitted), database.write() as conn:
                conn.execute(text(statement.format(table=name, column=column)))


def test_law_3_a_worker_reads_what_it_needs(clinic: Clinic) -> None:
    for database, metadata in ((clinic.database, data), (clinic.keys, keys)):
        with database.read() as conn:
            for name in WORKER_RIGHTS.keys() & metadata.tables.keys():
                conn.execute(select(metadata.tables[name])).all()


@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET tenant = tenant"])
@pytest.mark.parametrize("table", ["version", "tombstone", "patient_link"])
def test_law_3_a_worker_rewrites_no_history(clinic: Clinic, table: str, statement: str) -> None:
    with pytest.raises(NotPermitted), clinic.database.write() as conn:
        conn.execute(text(statement.format(table)))


def test_law_3_a_worker_destroys_no_key(clinic: Clinic) -> None:
    clinic.clinical.ensure(HOSPITAL, [PATIENT])
    with pytest.raises(NotPermitted):
        clinic.clinical.destroy(HOSPITAL, PATIENT)
    assert clinic.clinical.fetch(HOSPITAL, [PATIENT])


def test_law_3_a_worker_needs_no_identity_key_file_and_cannot_do_without_the_clinical_one(
    storage: Storage, vault: Vault
) -> None:
    vault.clinical.ensure(HOSPITAL, [PATIENT])
    storage.key_paths.identity.unlink()
    storage.key_paths.audit.unlink()
    clinic = open_clinic(storage)
    assert clinic.clinical.fetch(HOSPITAL, [PATIENT]) == vault.clinical.fetch(HOSPITAL, [PATIENT])
    clinic.close()
    storage.key_paths.clinical.unlink()
    with pytest.raises(KeysUnreadable):
        open_clinic(storage)


def test_law_3_a_withheld_half_does_not_open_with_the_clinical_key(vault: Vault, clinic: Clinic) -> None:
    place = Place(HOSPITAL, PATIENT, "Patient", PATIENT, 1, halves.COLUMN)
    sealed = seal(vault.identity.ensure(HOSPITAL, [PATIENT])[PATIENT], place, b"Ada Lovelace", b"s" * 16)
    stolen = clinic.clinical.ensure(HOSPITAL, [PATIENT])[PATIENT]
    with pytest.raises(Tampered):
        unseal(stolen, place, sealed)


def test_law_3_both_sides_derive_the_same_ids(vault: Vault, clinic: Clinic) -> None:
    theirs = clinic.derived_id(HOSPITAL, PATIENT, "CarePlan", "plan")
    assert vault.derived_id(HOSPITAL, PATIENT, "CarePlan", "plan") == theirs
    assert clinic.derived_id(HOSPITAL, PATIENT, "Goal", "plan") != theirs
    assert clinic.derived_id(Tenant(2), PATIENT, "CarePlan", "plan") != theirs


@pytest.mark.servers
def test_law_3_grants_on_the_server_are_exactly_the_rights_that_are_written_down(
    postgres_storage: Storage,
) -> None:
    granted: dict[str, set[str]] = {}
    for url in (postgres_storage.database_url, postgres_storage.keys_url):
        engine = create_engine(url)
        with engine.connect() as conn:
            rows = conn.execute(
                text(
                    "SELECT table_name, privilege_type FROM information_schema.role_table_grants "
                    "WHERE grantee = 'careloom_worker'"
                )
            )
            for table, verb in rows:
                granted.setdefault(table, set()).add(verb)
        engine.dispose()
    assert granted == {table: set(verbs) for table, verbs in WORKER_RIGHTS.items()}


@pytest.mark.servers
def test_law_3_a_login_of_the_workers_own_cannot_climb_back(
    postgres_storage: Storage, postgres_url: str
) -> None:
    login = make_url(postgres_storage.database_url).set(username=WORKER, password="x")
    admin = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        conn.execute(text(f"CREATE ROLE {WORKER} LOGIN PASSWORD 'x' IN ROLE careloom_worker"))
    try:
        own = replace(postgres_storage, worker_database_url=login.render_as_string(hide_password=False))
        clinic = open_clinic(own)
        with pytest.raises(NotPermitted), clinic.database.read() as conn:
            conn.execute(text("RESET ROLE; SELECT * FROM withheld"))
        with clinic.database.read() as conn:
            assert conn.scalar(text("SELECT session_user")) == WORKER
        clinic.close()
    finally:
        with admin.connect() as conn:
            conn.execute(text(f"DROP ROLE {WORKER}"))
        admin.dispose()


@pytest.fixture
def worker_login(postgres_url: str) -> Iterator[str]:
    """A login of the workers' own on the server, as an administrator makes it."""
    admin = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        conn.execute(text(f"CREATE ROLE {WORKER} LOGIN PASSWORD 'x' IN ROLE careloom_worker"))
    yield WORKER
    with admin.connect() as conn:
        conn.execute(text(f"DROP ROLE {WORKER}"))
    admin.dispose()


@pytest.mark.servers
def test_law_3_a_worker_that_was_taken_over_opens_no_withheld_half_and_no_link(
    postgres_storage: Storage, worker_login: str
) -> None:
    """With its own environment, login and key file; even with every row of a stolen database in hand."""
    desk = Desk(postgres_storage)
    desk.puts(*diabetic("mrn-1"))
    stolen = {name: desk.rows(data.tables[name]) for name in ("version", "withheld", "link")}
    with desk.vault.keys.read() as conn:
        wrapped = {name: conn.execute(select(keys.tables[name])).all() for name in KEY_TABLES}
    desk.close()
    assert all(stolen.values())
    assert all(wrapped.values())

    def own(url: str) -> str:
        login = make_url(url).set(username=worker_login, password="x")
        return login.render_as_string(hide_password=False)

    _, environ = processes.worker(
        {
            "CARELOOM_DATA_DIR": str(postgres_storage.data_dir),
            "CARELOOM_WORKER_DATABASE_URL": own(postgres_storage.database_url),
            "CARELOOM_KEYS_URL": own(postgres_storage.keys_url),
            "CARELOOM_CLINICAL_KEY_FILE": str(postgres_storage.key_paths.clinical),
            "CARELOOM_IDENTITY_KEY_FILE": str(postgres_storage.key_paths.identity),
        },
        1,
    )
    postgres_storage.key_paths.identity.unlink()
    clinic = open_clinic(Storage.from_environ(environ))
    for database, names in ((clinic.database, IDENTITY_TABLES), (clinic.keys, IDENTITY_KEY_TABLES)):
        for name in names:
            for statement in ("SELECT * FROM {}", "RESET ROLE; SELECT * FROM {}", "COPY {} TO STDOUT"):
                with pytest.raises(NotPermitted), database.read() as conn:
                    conn.execute(text(statement.format(name)))
    # What it may unwrap, it unwraps; of the other side's keys it has the bytes and no way in.
    roots = clinic.clinical.roots
    mine = {row.subject: _unwrapped(roots, row) for row in wrapped["clinical_key"]}
    for row in wrapped["identity_key"]:
        with pytest.raises(Tampered):
            _unwrapped(roots, row)
    where = {row.write_no: row for row in stolen["version"]}
    cells = [
        (Place(*_place(where[row.write_no]), where[row.write_no].version, "withheld"), row.sealed)
        for row in stolen["withheld"]
    ]
    cells += [
        (Place(row.tenant, row.compartment, row.type, row.id, 0, "link"), row.sealed)
        for row in stolen["link"]
    ]
    for place, sealed in cells:
        for secret in mine.values():
            for key in (ClinicalKey(1, {1: secret}), IdentityKey(1, {1: secret})):
                with pytest.raises(Tampered):
                    unseal(key, place, sealed)
    # And the clinical halves, which are its work, open.
    for row in stolen["version"]:
        place = Place(*_place(row), row.version, "clinical")
        assert unseal(ClinicalKey(1, {1: mine[row.compartment]}), place, row.clinical)
    clinic.close()


KEY_TABLES = ("clinical_key", "identity_key")


def _unwrapped(roots: RootKeys, row: Any) -> bytes:
    name = KeyName(row.tenant, row.subject, row.purpose, row.generation)
    return roots.unwrap(Wrapped(row.root_version, row.wrapped), name.context())


def _place(row: Any) -> tuple[Tenant, StoredId, str, StoredId]:
    return row.tenant, row.compartment, row.type, row.id


def test_the_trusted_side_sees_every_table(storage: Storage) -> None:
    for url, metadata in ((storage.database_url, data), (storage.keys_url, keys)):
        database = Database.open(url, Side.TRUSTED)
        with database.read() as conn:
            for table in metadata.sorted_tables:
                conn.execute(select(table)).all()
        database.close()
