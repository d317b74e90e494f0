"""A store with a trail in it, and the ways in which somebody might tamper with it."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, insert

from gateway.custody import audit, checkpoint, verify
from gateway.custody.database import Database, Side
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.providers.keyfile import RootSecrets
from gateway.custody.signing import Signer
from gateway.custody.tables import data, organization

HOSPITAL = Tenant(7)
START = 1_700_000_000_000_000


def store(folder: Path) -> Database:
    (folder / "careloom.db").touch()
    database = Database.open(f"sqlite:///{folder / 'careloom.db'}", Side.TRUSTED)
    with database.write() as conn:
        data.create_all(conn)
    return database


def event(number: int, time: int | None = None) -> audit.Event:
    return audit.Event(
        time=START + number if time is None else time,
        kind="fhir:instance:read",
        action="R",
        outcome="0",
        status=200,
        client_id="c1",
        organization=HOSPITAL,
        type="Patient",
        id=StoredId(number.to_bytes(16)),
        version=1,
        request_id=f"r{number}",
    )


def owned(conn: Connection, *logs: Tenant) -> None:
    """Make the organizations whose logs these are."""
    rows = [{"number": log, "name": f"organization {log}", "created": START} for log in logs]
    conn.execute(insert(organization), rows)


class Trail:
    """A log, its checkpoints, and who would alter it."""

    def __init__(self, folder: Path) -> None:
        self.database = store(folder)
        self.folder = folder / "checkpoints"
        self.secrets = RootSecrets(1, {1: bytes(range(32))})

    @property
    def signer(self) -> Signer:
        """That of a process which has signed nothing yet."""
        return Signer.of(self.secrets)

    def append(self, *events: audit.Event, log: Tenant = HOSPITAL) -> None:
        with self.database.write() as conn:
            audit.append(conn, log, events)

    def sign(self, now: int = START) -> list[int]:
        return [c.size for c in checkpoint.take(self.database, self.folder, self.signer, now)]

    def tamper(self, statement: str) -> None:
        with self.database.write() as conn:
            conn.exec_driver_sql(statement)

    def report(self) -> verify.Report:
        with self.database.read() as conn:
            return verify.verify(conn, checkpoint.witnesses(self.folder, self.signer))

    def places(self) -> list[tuple[int, int]]:
        return [(fault.first, fault.last) for fault in self.report().faults]
