"""The use case itself: the steps of an erasure, in their order."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from gateway.custody import audit, erasing, holds, purging, records
from gateway.custody import merges as merged
from gateway.custody.errors import Conflict, CustodyError, KeyGone, StoreUnavailable, Tampered
from gateway.custody.identity import errands, idempotency
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.jobs import Order, enqueue
from gateway.custody.operator import By
from gateway.erasure import reasons
from gateway.erasure.others import Others
from gateway.erasure.reasons import ReasonRefused
from gateway.erasure.trail import Trail
from gateway.erasure.words import Words, of_patients
from gateway.identities import resolve
from gateway.intake import merges
from gateway.intake.commit import PLAN
from gateway.intake.looking import Looking
from gateway.privacy.policy import Policy
from gateway.release import Release, opened
from gateway.stored import Clock, Entropy, Resource

PATIENT = "Patient"
BATCH = 200
"""Resources that are deleted in one transaction: other writers of the tenant wait no longer than that."""
TRIES = 6


class Held(CustodyError):  # noqa: N818 - it reads as what is the case
    """A legal hold forbids to erase this patient; `careloom retention list` shows the holds."""


class Unknown(CustodyError):  # noqa: N818 - it reads as what is the case
    """Nothing is kept of such a patient: look at organization and id, or close the id by --unknown."""


@dataclass(frozen=True, slots=True)
class Request:
    """Whom to erase (by the id that the tenant writes), why, and who asks. ``unknown`` allows a patient of
    whom nothing is kept."""

    tenant: Tenant
    id: str
    reason: str
    by: By
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """What was destroyed; counts and nothing else. ``before``: all of it had been done already."""

    before: bool = False
    resources: int = 0
    versions: int = 0
    rewritten: int = 0
    keys: int = 0

    def __str__(self) -> str:
        names = ("resources", "versions", "rewritten", "keys")
        return " ".join(f"{name}={getattr(self, name)}" for name in names)


@dataclass(frozen=True, slots=True)
class Erasure:
    """Erases patients."""

    vault: Vault
    policy: Policy
    release: Release
    clock: Clock
    entropy: Entropy

    def erase(self, request: Request) -> Done:
        """See an erasure through to its end.

        Raises ``ReasonRefused``, ``Held`` or ``Unknown``: then nothing was changed, and the trail says so.
        """
        tenant, patient = request.tenant, resolve(self.vault, request.tenant, PATIENT, request.id)
        try:
            reason = reasons.checked(request.reason, request.id, self.words(tenant, patient))
            new = self._closed(replace(request, reason=reason), patient)
        except (ReasonRefused, Held, Unknown) as refusal:
            self._refused(tenant, patient, request.by, refusal)
            raise
        with self.vault.database.read() as conn:
            under_way = erasing.is_under_way(conn, tenant, patient)
        if not new and not under_way:
            # Done before. A key store that was restored may have their keys again.
            return Done(before=True, keys=self._destroy(tenant, patient))
        return self._finished(tenant, patient)

    def finish(self) -> int:
        """Go on with whatever was killed, and destroy what keys of the erased there are again; how many.

        One that does not come to its end keeps no other from its own; the first error is raised at the end.
        """
        failures: list[CustodyError] = []
        with self.vault.database.read() as conn:
            left, dead = erasing.under_way(conn), erasing.dead(conn)
        for tenant, patient in left:
            try:
                self._finished(tenant, patient)
            except CustodyError as failure:
                failures.append(failure)
        started = set(left)
        again = 0
        for tenant, patients in dead.items():
            closed = [patient for patient in patients if (tenant, patient) not in started]
            for ring in (self.vault.clinical, self.vault.identity):
                again += sum(ring.destroy(tenant, patient) for patient in ring.fetch(tenant, closed))
        if failures:
            raise failures[0]
        return len(left) + again

    def words(self, tenant: Tenant, patient: StoredId) -> Words:
        """The patient's own words, from every version of their record that can be opened.

        None can when their keys are destroyed: all that names them has been rewritten before that.
        """
        with self.vault.database.read() as conn:
            numbers = purging.numbers_of(conn, tenant, [(PATIENT, patient)]).get((PATIENT, patient), [])
            rows = list(records.by_number(conn, numbers).values())
        bodies: list[Resource] = []
        for row in rows:
            if not row.deleted and row.origin == opened.EHR:
                with suppress(KeyGone, Tampered):
                    bodies += opened.originals(self.vault, tenant, [row])
        return of_patients(bodies)

    # --- steps -------------------------------------------------------------------------------------------

    def _finished(self, tenant: Tenant, patient: StoredId) -> Done:
        """Steps 2 to 5; what is done already is found done."""
        others = Others(self.vault, self.policy, self.clock, self.entropy)
        done = others.rewrite(tenant, patient, self.words(tenant, patient))
        counts = Done(rewritten=done.rewritten, resources=done.resources, versions=done.versions)
        counts = replace(counts, keys=self._destroy(tenant, patient))
        counts = self._purged(tenant, patient, counts)
        self._emptied()
        with self.vault.database.write() as conn:  # 5
            purging.hold_writers(conn, tenant)
            merged.forget(conn, tenant, patient)
            ended = erasing.end(conn, tenant, patient)
            erasing.forget_jobs(conn, tenant, patient)
            idempotency.blank(conn, tenant, patient)
            errands.blank(conn, tenant, patient, self.clock())
            if ended:
                audit.append(conn, tenant, [Trail(tenant, patient, self.clock()).ended(str(counts))])
        return counts

    def _closed(self, request: Request, patient: StoredId) -> bool:
        """Step 1. Whether this request closed the patient, who was open before."""
        for _ in range(TRIES):
            try:
                return self._close(request, patient)
            except Conflict:
                continue
        raise Conflict

    def _close(self, request: Request, patient: StoredId) -> bool:
        tenant, now = request.tenant, self.clock()
        # Before the transaction, for it opens records: what becomes of those who were one person with them.
        looking = Looking(self.release.find, self.release.read, self.release.originals)
        settlement = merges.settle(self.vault, looking, tenant, [merges.Told(patient, erased=True)], now)
        assert settlement is not None
        with self.vault.database.write() as conn:
            purging.hold_writers(conn, tenant)
            if records.erased(conn, tenant, [(PATIENT, patient)]):
                return False
            if holds.held(conn, tenant, patient):
                raise Held
            if not request.unknown and not self._known(conn, tenant, patient):
                raise Unknown
            erasing.begin(conn, tenant, patient, now)
            merges.write(conn, tenant, settlement)
            merged.forget(conn, tenant, patient)
            erasing.forget_jobs(conn, tenant, patient)
            order = Order(tenant, PLAN, "erasure", not_before=now, now=now)
            enqueue(conn, order, settlement.patients - {patient}, self.entropy)
            idempotency.blank(conn, tenant, patient)
            errands.blank(conn, tenant, patient, now)
            begun = Trail(tenant, patient, now).begun(request.reason, request.by)
            audit.append(conn, tenant, [begun, *settlement.events(begun)])
        return True

    def _refused(self, tenant: Tenant, patient: StoredId, by: By, refusal: CustodyError) -> None:
        told = Trail(tenant, patient, self.clock()).refused(by, type(refusal).__name__)
        with self.vault.database.write() as conn:
            audit.append(conn, tenant, [told])

    def _known(self, conn: Connection, tenant: Tenant, patient: StoredId) -> bool:
        rings = (self.vault.clinical, self.vault.identity)
        return erasing.known(conn, tenant, patient) or any(ring.fetch(tenant, (patient,)) for ring in rings)

    def _destroy(self, tenant: Tenant, patient: StoredId) -> int:
        """Step 3."""
        return self.vault.identity.destroy(tenant, patient) + self.vault.clinical.destroy(tenant, patient)

    def _purged(self, tenant: Tenant, patient: StoredId, counts: Done) -> Done:
        """Step 4, a batch at a time."""
        while True:
            with self.vault.database.write() as conn:
                purging.hold_writers(conn, tenant)
                gone = erasing.purge(conn, tenant, patient, BATCH)
            if not gone.versions and not gone.resources:
                return counts
            counts = replace(
                counts, resources=counts.resources + gone.resources, versions=counts.versions + gone.versions
            )

    def _emptied(self) -> None:
        """Deleted rows must not wait in a log for the next checkpoint."""
        if not (self.vault.keys.empty_log() and self.vault.database.empty_log()):
            raise StoreUnavailable("The log of the embedded database is in use; run the same command again.")
