"""Whose plan a write may change: a job is made for each of them, in the transaction of the write.

A plan rests on what lies in the patient's compartment, and on the drugs that are kept outside. Such a drug
may come, or be corrected, after the order that names it, and then says something new about every patient
who has such an order.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from gateway.custody import index, records
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import TENANT_COMPARTMENT, StoredId, Tenant, pseudonym
from gateway.intake.sealing import Sealed

MEDICATION = "Medication"
ORDERS = ("MedicationAdministration", "MedicationDispense", "MedicationRequest", "MedicationStatement")
EVERYONE = 1_000_000_000


def concerned(conn: Connection, vault: Vault, tenant: Tenant, sealed: Sequence[Sealed]) -> list[StoredId]:
    """The patients whose plan may have changed, in a stable order."""
    drugs = [s.write.id for s in sealed if s.write.type == MEDICATION]
    patients = _touched(sealed) | (users(conn, vault, tenant, drugs) if drugs else set())
    return sorted(patients - {TENANT_COMPARTMENT})


def _touched(sealed: Sequence[Sealed]) -> set[StoredId]:
    """Whose data were written, and whose they were until now."""
    now = {s.write.compartment for s in sealed} | {p for s in sealed for p in s.write.patients}
    return now | {s.left for s in sealed if s.left is not None}


def users(conn: Connection, vault: Vault, tenant: Tenant, drugs: Sequence[StoredId]) -> set[StoredId]:
    """The patients with an order of one of these drugs. Rows only propose: a job too many does no harm."""
    key = vault.of(tenant).clinical_index
    page = index.Page(EVERYONE, records.latest(conn, tenant))
    found: set[StoredId] = set()
    for type_ in ORDERS:
        texts = (f"{MEDICATION}/{pseudonym(drug)}" for drug in drugs)
        clause = index.Clause(tuple(index.token_key(key, type_, "medication", text) for text in texts))
        found |= {c.compartment for c in index.candidates(conn, tenant, type_, [clause], page)}
    return found
