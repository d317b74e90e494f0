"""What else names an erased patient, rewritten without them: step 2.

Found by the links that a write leaves to whom it names, and by search rows of references to whatever lay in
the patient's compartment. A resource is one transaction: all its versions, behind the tenant's counter. What
nobody can open any more goes too, for nobody can tell whom it names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from gateway.custody import audit, erasing, purging, records
from gateway.custody.audit import Event
from gateway.custody.errors import KeyGone, Tampered
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import TENANT_COMPARTMENT, StoredId, Tenant
from gateway.custody.jobs import Order, enqueue
from gateway.custody.records import Ref, StoredVersion
from gateway.erasure import referring
from gateway.erasure.masking import Mask
from gateway.erasure.trail import Trail
from gateway.erasure.words import Words
from gateway.identities import Identities
from gateway.intake.commit import PLAN, put_beside
from gateway.intake.sealing import Keys, Sealed, Sealer, Target, Whose
from gateway.privacy.policy import Policy
from gateway.release import opened
from gateway.stored import Clock, Entropy, Resource
from mappers.r4.references import Literal, parse


@dataclass(frozen=True, slots=True)
class Rewritten:
    """Versions that were written anew, and what went whole."""

    rewritten: int = 0
    resources: int = 0
    versions: int = 0

    def __add__(self, other: Rewritten) -> Rewritten:
        return Rewritten(
            self.rewritten + other.rewritten,
            self.resources + other.resources,
            self.versions + other.versions,
        )


@dataclass(slots=True)
class _Changes:
    """What has to become of one resource."""

    ref: Ref
    trail: Trail
    anew: list[tuple[StoredVersion, Sealed]] = field(default_factory=list)
    dropped: list[StoredVersion] = field(default_factory=list)
    derived: bool = False
    """Whether a worker made it from their data and somebody else's: it is computed again, and not buried."""
    concerned: set[StoredId] = field(default_factory=set)

    def events(self, whole: bool) -> list[Event]:
        if whole:
            return [self.trail.dropped(self.ref)]
        drops = [self.trail.dropped(self.ref, row.version) for row in self.dropped]
        return [*drops, *(self.trail.rewritten(row, sealed.write.digest) for row, sealed in self.anew)]


@dataclass(frozen=True, slots=True)
class Others:
    """Rewrites what is not the patient's own."""

    vault: Vault
    policy: Policy
    clock: Clock
    entropy: Entropy

    def rewrite(self, tenant: Tenant, patient: StoredId, words: Words) -> Rewritten:
        """Every resource outside the compartment that names the patient, or points into the compartment."""
        index_key = self.vault.of(tenant).clinical_index
        with self.vault.database.read() as conn:
            keys = referring.keys(conn, index_key, tenant, patient)
            refs = erasing.naming(conn, tenant, patient) | erasing.referring(conn, tenant, patient, keys)
        done = Rewritten()
        for ref in sorted(refs):
            done += self._one(Trail(tenant, patient, self.clock()), ref, words)
        return done

    def _one(self, trail: Trail, ref: Ref, words: Words) -> Rewritten:
        tenant = trail.tenant
        with self.vault.database.write() as conn:
            purging.hold_writers(conn, tenant)
            numbers = purging.numbers_of(conn, tenant, [ref]).get(ref, [])
            rows = sorted(records.by_number(conn, numbers).values(), key=lambda row: row.write_no)
            changes = self._changes(conn, _Changes(ref, trail), rows, words)
            return self._kept(conn, changes, rows)

    def _kept(self, conn: Connection, changes: _Changes, rows: Sequence[StoredVersion]) -> Rewritten:
        """Write it, in the order of locks; of a resource whose newest version goes, nothing stays."""
        tenant, ref = changes.trail.tenant, changes.ref
        if not changes.anew and not changes.dropped and not changes.derived:
            return Rewritten()
        whole = changes.derived or rows[-1] in changes.dropped
        if whole:
            if not changes.derived:
                erasing.bury(conn, tenant, [ref], changes.trail.now)
            gone = erasing.purge_resources(conn, tenant, [ref])
            done = Rewritten(0, gone.resources, gone.versions)
        else:
            purging.delete_versions(conn, [row.write_no for row in changes.dropped])
            for row, sealed in changes.anew:
                erasing.put_in_place(conn, tenant, row.write_no, sealed.write)
                put_beside(conn, [(row.write_no, sealed)])
            done = Rewritten(len(changes.anew), 0, len(changes.dropped))
        order = Order(tenant, PLAN, "erasure", not_before=changes.trail.now, now=changes.trail.now)
        enqueue(conn, order, changes.concerned - {TENANT_COMPARTMENT}, self.entropy)
        audit.append(conn, tenant, changes.events(whole))
        return done

    # --- one resource ------------------------------------------------------------------------------------

    def _changes(
        self, conn: Connection, changes: _Changes, rows: Sequence[StoredVersion], words: Words
    ) -> _Changes:
        named = records.named(conn, [row.write_no for row in rows])
        gone = _Gone(conn, Identities(self.vault, changes.trail.tenant), changes.trail.tenant)
        for row in rows:
            if row.origin != opened.EHR and changes.trail.patient in named.get(row.write_no, ()):
                changes.derived = True
                changes.concerned.add(row.compartment)
            if row.deleted or row.origin != opened.EHR:
                continue
            shared = row.compartment == TENANT_COMPARTMENT
            patients = named.get(row.write_no, ())
            body = self._opened(row)
            made = None if body is None else Mask(gone.literal, words if shared else None).without(body)
            if made is None:
                changes.dropped.append(row)
            elif made is not body or changes.trail.patient in patients:
                whose = Whose(row.compartment, tuple(p for p in patients if not gone.is_gone("Patient", p)))
                changes.anew.append((row, self._sealed(row, made, whose)))
            else:
                continue
            changes.concerned |= {p for p in (row.compartment, *patients) if not gone.is_gone("Patient", p)}
        return changes

    def _opened(self, row: StoredVersion) -> Resource | None:
        try:
            return opened.originals(self.vault, row.tenant, [row])[0]
        except (KeyGone, Tampered):
            # For good; that a store does not answer at the moment is no reason to delete anything.
            return None

    def _sealed(self, row: StoredVersion, body: Resource, whose: Whose) -> Sealed:
        keys = Keys(
            clinical=self.vault.clinical.ensure(row.tenant, whose.subjects),
            identity=self.vault.identity.ensure(row.tenant, whose.subjects),
            clinical_index=self.vault.of(row.tenant).clinical_index,
            identity_index=self.vault.of(row.tenant).identity_index,
        )
        identities = Identities(self.vault, row.tenant)
        sealer = Sealer(row.tenant, self.policy, identities, keys, self.entropy)
        # Its way back to the EHR's id lies there already, and stays.
        target = Target(row.type, "", row.id, row.version, linked=row.compartment)
        return sealer.seal(target, body, whose)


@dataclass(slots=True)
class _Gone:
    """Which references point at what was erased; each is asked once."""

    conn: Connection
    identities: Identities
    tenant: Tenant
    known: dict[Ref, bool] = field(default_factory=dict)

    def literal(self, text: str) -> bool:
        found = parse(text)
        if not isinstance(found, Literal):
            return False
        return self.is_gone(found.type, self.identities.stored(found.type, found.id))

    def is_gone(self, type_: str, stored: StoredId) -> bool:
        ref = (type_, stored)
        if ref not in self.known:
            self.known[ref] = bool(records.erased(self.conn, self.tenant, [ref]))
        return self.known[ref]
