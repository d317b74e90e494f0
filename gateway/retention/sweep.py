"""Deletes what no rule keeps any longer and nothing holds.

1. A window of heads is looked at in a snapshot; what may go is found there.
2. A batch is one transaction: writers are stopped, and the same question is asked again.
3. A last version without content takes the place of what was sent; what was derived goes with its head.
4. Versions with all that hangs on them are deleted; the patients whose evidence went get a plan job.
5. One event per resource goes into the tenant's log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain

from sqlalchemy import Connection, select

from gateway.custody import audit, expiry, jobs, keeping, purging, records
from gateway.custody.database import in_batches
from gateway.custody.expiry import Calendar, Due, Why
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import TENANT_COMPARTMENT, StoredId, Tenant, WriteNo
from gateway.custody.operator import By
from gateway.custody.records import Ref, Write
from gateway.custody.tables import patient_link
from gateway.intake import concerned
from gateway.retention.events import COURIER, deleted
from gateway.stored import Clock, Entropy

WINDOW, BATCH = 1000, 100
A_RUN = 10_000
"""Resources that one run takes at most, so that other chores get their turn."""
PLAN, REASON = "plan", "retention"

Counts = Counter[tuple[Tenant, str, bool]]
"""How many resources went of a tenant and a type; with True, of how many only superseded versions did."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """The run that applies every tenant's rules; ``by`` names in the trail what ran it."""

    vault: Vault
    clock: Clock
    entropy: Entropy
    by: By = COURIER

    def run(self, dry: bool = False, at_most: int = A_RUN) -> Counts:
        """Delete what is due by now; ``dry`` only counts it."""
        counts: Counts = Counter()
        now, left = self.clock(), at_most
        with self.vault.database.read() as conn:
            tenants = keeping.tenants(conn)
        for found in chain.from_iterable(self._windows(tenant, now) for tenant in tenants):
            took = found.due[:left] if dry else self._take(found, left, now)
            counts.update((found.tenant, one.type, one.why is Why.SUPERSEDED) for one in took)
            left -= len(took)
            if left <= 0:
                break
        return counts

    def _windows(self, tenant: Tenant, now: int) -> Iterator[_Found]:  # 1
        database = self.vault.database
        with database.read() as conn:
            calendar = Calendar(tenant, keeping.rules(conn, tenant), now)
            types = expiry.types(conn, tenant)
        for type_ in types:
            after: bytes = b""
            while True:
                with database.read() as conn:
                    ids = expiry.window(conn, tenant, type_, after, WINDOW)
                    due = expiry.due(conn, calendar, type_, ids)
                if due:
                    yield _Found(tenant, type_, due)
                if len(ids) < WINDOW:
                    break
                after = ids[-1]

    def _take(self, found: _Found, left: int, now: int) -> list[Due]:
        ids = sorted({one.id for one in found.due})[:left]
        starts = range(0, len(ids), BATCH)
        took = (self._batch(found.tenant, found.type, ids[at : at + BATCH], now) for at in starts)
        return list(chain.from_iterable(took))

    def _batch(self, tenant: Tenant, type_: str, ids: Sequence[StoredId], now: int) -> list[Due]:  # 2
        with self.vault.database.write() as conn:
            purging.hold_writers(conn, tenant)
            calendar = Calendar(tenant, keeping.rules(conn, tenant), now)
            due = expiry.due(conn, calendar, type_, ids)
            if due:
                self._delete(conn, calendar, due)
        return due

    def _delete(self, conn: Connection, calendar: Calendar, due: Sequence[Due]) -> None:
        tenant, now = calendar.tenant, calendar.now
        whole = {(one.type, one.id): one for one in due if one.why is not Why.SUPERSEDED}
        numbers = [n for mine in purging.numbers_of(conn, tenant, whole).values() for n in mine]
        patients = self._concerned(conn, tenant, whole, numbers)
        headless = records.erased(conn, tenant, whole) | {
            r for r, one in whole.items() if one.why is Why.REST
        }
        marks = [_mark(one) for which, one in whole.items() if which not in headless]
        records.record_writes(conn, tenant, marks, now)  # 3
        purging.delete_heads(conn, tenant, headless)
        purging.delete_versions(conn, [*numbers, *chain.from_iterable(one.numbers for one in due)])  # 4
        purging.delete_links(conn, tenant, whole)
        order = jobs.Order(tenant, PLAN, REASON, not_before=now, now=now)
        jobs.enqueue(conn, order, patients, self.entropy)
        audit.append(conn, tenant, [deleted(calendar, one, self.by) for one in due])  # 5

    def _concerned(
        self, conn: Connection, tenant: Tenant, whole: Mapping[Ref, Due], numbers: Sequence[WriteNo]
    ) -> set[StoredId]:
        """Whose evidence falls away: their own, what they share, and the drugs of their orders."""
        went = [one for one in whole.values() if one.living and one.why is Why.PERIOD]
        drugs = [one.id for one in went if one.type == concerned.MEDICATION]
        found = {one.compartment for one in went}
        for batch in in_batches(numbers):
            shared = select(patient_link.c.patient).where(patient_link.c.write_no.in_(batch))
            found |= {StoredId(patient) for patient in conn.scalars(shared)}
        if drugs:
            found |= concerned.users(conn, self.vault, tenant, drugs)
        return found - {TENANT_COMPARTMENT}


@dataclass(frozen=True, slots=True)
class _Found:
    """What is due in one window."""

    tenant: Tenant
    type: str
    due: Sequence[Due]


def _mark(one: Due) -> Write:
    """The last version: that it was there, and nothing of what it said."""
    return Write(
        type=one.type,
        id=one.id,
        version=one.version + 1,
        compartment=one.compartment,
        origin="ehr",
        deleted=True,
        clinical=None,
        digest=sha256(b"").digest(),
    )
