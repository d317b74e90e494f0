"""Where the marks of a partner's history come from: versions, Consents, erasures, and grants that ended.

A Consent says nothing of the resources that it opens or closes, so each of its patient's is marked by it. A
grant that begins opens all that there was before, so its tenant is told from the beginning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from gateway.auth import registry
from gateway.auth.registry import Grant
from gateway.custody import histories
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import TENANT_COMPARTMENT, StoredId, Tenant, WriteNo
from gateway.release.marks import BATCH, End, Mark, Why, Window, erasures, ordered, rows_of, versions
from gateway.release.partners import PLAN
from mappers.plan_identity import PLAN_NAME

PATIENT, CONSENT = "Patient", "Consent"
ENDING = (PLAN, PATIENT)
"""Types of which erasures and ended grants are told; what a plan points at ends with it."""


def plan_of(vault: Vault, tenant: Tenant, patient: StoredId) -> StoredId:
    """The one plan of Careloom's that a patient has, or had."""
    return vault.derived_id(tenant, patient, *PLAN_NAME)


@dataclass(frozen=True, slots=True)
class PartnerMarks:
    """What happened in the tenants that granted a partner access, or did. ``asked`` are all types."""

    vault: Vault
    grants: Mapping[Tenant, Grant]
    asked: Sequence[str]
    window: Window

    @classmethod
    def of(cls, vault: Vault, client_id: str, asked: Sequence[str], window: Window) -> PartnerMarks:
        """With what this client was granted and what it lost; ``asked`` are the types that it may ask for."""
        with vault.database.read() as conn:
            grants = [grant for grant in registry.grants(conn) if grant.client_id == client_id]
        return cls(vault, {grant.tenant: grant for grant in grants}, asked, window)

    def sources(self, types: Sequence[tuple[Tenant, str]]) -> list[Iterator[Mark]]:
        """Where the marks of these types come from."""
        database = self.vault.database
        found = [versions(database, *one, replace(self.window, since=self.since(one[0]))) for one in types]
        if self.window.current is None:
            found += [ordered(self._consents(tenant, asked)) for tenant, asked in _by_tenant(types).items()]
            found += [ordered(self._erased(*one)) for one in types if one[1] in ENDING]
            found += [ordered(self._lost(grant)) for grant in self.grants.values()]
        return found

    def since(self, tenant: Tenant) -> int:
        """From when on a tenant's versions are told: from their first where the grant is newer."""
        grant = self.grants.get(tenant)
        return 0 if grant is not None and grant.created >= self.window.since else self.window.since

    def _erased(self, tenant: Tenant, type_: str) -> Iterator[Mark]:
        """Patients who were erased, or the plan that each of them had."""
        for mark in erasures(self.vault.database, tenant, PATIENT, self.window):
            assert mark.id is not None
            id_ = mark.id if type_ == PATIENT else plan_of(self.vault, tenant, mark.id)
            yield End(Why.ERASED, mark.time, tenant, mark.id).of(type_, id_)

    def _consents(self, tenant: Tenant, types: Sequence[str]) -> Iterator[Mark]:
        """What each patient's newest Consent may have opened or closed."""
        marks = versions(self.vault.database, tenant, CONSENT, self.window)
        while batch := list(islice(marks, BATCH)):
            rows = rows_of(self.vault.database, batch)
            patients = {row.compartment for row in rows.values()} - {TENANT_COMPARTMENT}
            with self.vault.database.read() as conn:
                newest = histories.newest_of(conn, CONSENT, patients, self.window.ceilings[tenant])
                concerned = histories.heads(conn, tenant, types, patients)
            owners = {number: patient for patient, number in newest.items()}
            for mark in batch:
                patient = owners.get(WriteNo(mark.number))
                if patient is not None:
                    end = End(Why.CONSENT, mark.time, tenant, patient)
                    yield from (end.of(ref.type, ref.id) for ref in concerned if ref.patient == patient)

    def _lost(self, grant: Grant) -> Iterator[Mark]:
        """What could be read of a tenant until it ended its grant."""
        if grant.revoked is None or grant.revoked < self.window.since:
            return
        with self.vault.database.read() as conn:
            found = histories.heads(conn, grant.tenant, set(self.asked) & set(ENDING))
        for ref in found:
            yield End(Why.REVOKED, grant.revoked, grant.tenant, ref.patient).of(ref.type, ref.id)


def _by_tenant(types: Sequence[tuple[Tenant, str]]) -> dict[Tenant, list[str]]:
    return {tenant: [type_ for one, type_ in types if one == tenant] for tenant, _ in types}
