"""One transaction: versions, halves, links, search rows, merges, jobs, the stored answer, the audit events.

The order of the statements is the order of locks (docs/data-model.md); all of it commits, or nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from gateway.custody import audit, jobs, records, renewing, rulebook
from gateway.custody.audit import Event
from gateway.custody.identity import halves, idempotency, links, names
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import Tenant, WriteNo
from gateway.intake import claims, merges
from gateway.intake.beside import Write
from gateway.intake.claims import Claims
from gateway.intake.concerned import concerned
from gateway.intake.merges import Settlement
from gateway.intake.sealing import Sealed
from gateway.stored import Entropy

PLAN = "plan"
NEW_DATA = "new data"
NEW_RULES = "definitions"


@dataclass(frozen=True, slots=True)
class Batch:
    """Everything that one request changes, ready to be written."""

    tenant: Tenant
    sealed: Sequence[Sealed]
    events: Sequence[Event]
    answer: idempotency.Record | None
    now: int
    settlement: Settlement | None = None
    """What it means for who is one person with whom."""
    claims: Claims | None = None
    """The criteria on which a write hangs."""
    beside: Write | None = None
    """What whoever keeps the answer for later writes with it."""
    rules: bool = False
    """Whether what runs with every plan may be another now."""


def commit(vault: Vault, batch: Batch, entropy: Entropy) -> None:
    """Write it all. Raises ``Conflict`` when another writer moved a head: nothing is stored then."""
    tenant = batch.tenant
    with vault.database.write() as conn:
        if batch.sealed:
            writes = [s.write for s in batch.sealed]
            numbers = records.record_writes(conn, tenant, writes, batch.now)
            if batch.claims is not None:
                claims.check(conn, batch.claims)
            rows = list(zip(numbers, batch.sealed, strict=True))
            put_beside(conn, rows)
            patients = set(concerned(conn, vault, tenant, batch.sealed))
            if batch.settlement is not None:
                merges.write(conn, tenant, batch.settlement)
                patients |= batch.settlement.patients
            if batch.rules:
                # For every worker and every patient; the row is locked before jobs, as everywhere.
                rulebook.change(conn)
                renewing.renew(conn, PLAN, NEW_RULES, batch.now, tenant)
            order = jobs.Order(tenant, PLAN, NEW_DATA, not_before=batch.now, now=batch.now)
            jobs.enqueue(conn, order, patients, entropy)
        if batch.answer is not None:
            idempotency.store(conn, vault, batch.answer)
        if batch.beside is not None:
            batch.beside(conn)
        audit.append(conn, tenant, batch.events)


def put_beside(conn: Connection, rows: Sequence[tuple[WriteNo, Sealed]]) -> None:
    """What only the gateway may read of these writes: withheld halves, ways back, names."""
    halves.put(conn, [(number, s.withheld) for number, s in rows if s.withheld is not None])
    links.put(conn, [s.link for _, s in rows if s.link is not None])
    names.put(conn, [(number, s.names) for number, s in rows])
    names.put_ranges(conn, [(number, s.spans) for number, s in rows if s.spans])
