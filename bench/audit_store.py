"""An installation of its own for the bench of the trail: embedded, or in a new database on a server."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from bench.trail_events import Cast
from gateway.app import the_world
from gateway.auth.actor import CEILING, Role
from gateway.auth.registration import Registration
from gateway.auth.registry import Draft
from gateway.custody import partitions, signing
from gateway.custody.database import sqlite_path
from gateway.custody.founding import found
from gateway.custody.identity.vault import Vault, open_vault
from gateway.custody.ids import Tenant
from gateway.custody.months import Month
from gateway.custody.signing import Signer
from gateway.settings import Settings

HOSPITAL = "bench"
YEAR = 365 * 86_400_000_000
"""The trail is spread over the year before now, in microseconds."""
EVENTS_OF_A_PATIENT = 200
LEAST_PATIENTS = 50


@dataclass(frozen=True, slots=True)
class TrailStore:
    """An installation whose trail is filled."""

    settings: Settings
    vault: Vault
    signer: Signer
    tenant: Tenant
    start: int

    def cast(self, events: int) -> Cast:
        """Whose trail it will be, with so many events by now; the hospital calls its patients p0, p1, p2 …"""
        count = max(LEAST_PATIENTS, events // EVENTS_OF_A_PATIENT)
        patients = tuple(
            self.vault.stored_id(self.tenant, "Patient", f"p{number}") for number in range(count)
        )
        return Cast(self.tenant, patients, self.start, YEAR // events)

    def make_months(self, now: int) -> None:
        """The months of the past: a server makes only those to come."""
        with self.vault.database.write() as conn:
            if conn.dialect.name == "postgresql":
                there = partitions.existing(conn)
                for month in {Month.of(now).later(-back) for back in range(13)} - set(there):
                    partitions.make(conn, month)

    def settle(self) -> None:
        """What a server does by itself some minutes after so many rows were written."""
        url = self.settings.storage.database_url
        if not url.startswith("sqlite"):
            _execute(url, "VACUUM (ANALYZE) audit_event")

    def bytes(self) -> int:
        """What the trail takes with its indexes; on SQLite the file, of which it is nearly all."""
        url = self.settings.storage.database_url
        if url.startswith("sqlite"):
            self.vault.database.empty_log()
            return sqlite_path(url).stat().st_size
        parts = "SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('audit_event')"
        with self.vault.database.read() as conn:
            return int(conn.scalar(text(parts)) or 0)


@contextmanager
def opened(folder: Path, database_url: str | None) -> Iterator[TrailStore]:
    """Found an installation below a folder; what it made elsewhere is gone afterwards."""
    with _database(database_url) as own:
        given = {"CARELOOM_DATA_DIR": str(folder), "CARELOOM_RATE": "1000000"}
        settings = Settings.from_environ(given | ({"CARELOOM_DATABASE_URL": own} if own else {}))
        found(settings.storage)
        vault = open_vault(settings.storage)
        try:
            yield _begun(settings, vault)
        finally:
            vault.close()


def _begun(settings: Settings, vault: Vault) -> TrailStore:
    """A hospital that registered a year ago, when nothing had happened yet."""
    world = the_world()
    now = world.clock()
    start = now - YEAR
    registration = Registration(vault.database, lambda: start, world.entropy)
    draft = Draft("bench", Role.EHR, CEILING[Role.EHR], jwks='{"keys": []}')
    tenant = registration.add_client(draft, HOSPITAL).organization
    store = TrailStore(settings, vault, signing.load(settings.storage.key_paths.audit), tenant, start)
    store.make_months(now)
    return store


@contextmanager
def _database(server: str | None) -> Iterator[str | None]:
    """A new database on the server of this url; None for the embedded one."""
    if server is None or server.startswith("sqlite"):
        yield None
        return
    name = f"careloom_bench_{uuid.uuid4().hex[:12]}"
    _execute(server, f"CREATE DATABASE {name}")
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def _execute(url: str, statement: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool, hide_parameters=True)
    with engine.connect() as conn:
        conn.execute(text(statement))
