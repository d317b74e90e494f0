"""Clinical halves as the gateway leaves them, without the gateway: what workers find after a bundle."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from gateway.custody import cipher, jobs, records
from gateway.custody.identity.vault import Vault, open_vault
from gateway.custody.ids import TENANT_COMPARTMENT, StoredId, Tenant, pseudonym
from gateway.custody.records import CLINICAL_COLUMN, StoredVersion, Write
from gateway.custody.settings import Storage
from gateway.custody.tables import job
from mappers import lossless

HOSPITAL = Tenant(3)
NOW = int(datetime(2026, 3, 2, 9, 30, tzinfo=UTC).timestamp()) * jobs.SECOND
A1C = {"coding": [{"system": "http://loinc.org", "code": "4548-4"}]}
DIABETES = {"coding": [{"system": "http://snomed.info/sct", "code": "44054006"}]}
CREATININE = {"coding": [{"system": "http://loinc.org", "code": "2160-0"}]}


class Hospital:
    """Its patients' pseudonymous data, and what became of them."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.vault: Vault = open_vault(storage)

    def close(self) -> None:
        self.vault.close()

    def stored_id(self, type_: str, text: str) -> StoredId:
        return self.vault.stored_id(HOSPITAL, type_, text)

    def sends(self, patient: str, *resources: dict[str, Any], now: int = NOW) -> StoredId:
        """One bundle: its clinical halves, and the job that they make necessary."""
        home = self.stored_id("Patient", patient)
        with self.vault.database.read() as conn:
            refs = [(r["resourceType"], self.stored_id(r["resourceType"], r["id"])) for r in resources]
            heads = records.heads(conn, HOSPITAL, refs)
        writes = [self._write(home, ref, r, heads) for ref, r in zip(refs, resources, strict=True)]
        with self.vault.database.write() as conn:
            records.record_writes(conn, HOSPITAL, writes, now)
            jobs.enqueue(conn, jobs.Order(HOSPITAL, "plan", "new data", now, now), [home])
        return home

    def _write(
        self,
        home: StoredId,
        ref: records.Ref,
        resource: dict[str, Any],
        heads: dict[records.Ref, records.Head],
    ) -> Write:
        if resource["resourceType"] == "Medication":
            home = TENANT_COMPARTMENT
        version = heads[ref].version + 1 if ref in heads else 1
        key = self.vault.clinical.ensure(HOSPITAL, [home])[home]
        place = cipher.Place(HOSPITAL, home, *ref, version, CLINICAL_COLUMN)
        deleted = bool(resource.get("_deleted"))
        body = lossless.dumps({**resource, "id": pseudonym(ref[1])})
        clinical = None if deleted else cipher.seal(key, place, body, os.urandom(16))
        return Write(*ref, version, home, "ehr", deleted, clinical, bytes(32))

    def patient(self, text: str, **more: Any) -> dict[str, Any]:
        return {"resourceType": "Patient", "id": text, "gender": "female", "birthDate": "1961-04", **more}

    def observation(
        self, ident: str, patient: str, code: dict[str, Any], quantity: tuple[str, str], when: str
    ) -> Any:
        value, unit = quantity
        return {
            "resourceType": "Observation",
            "id": ident,
            "status": "final",
            "code": code,
            "subject": self.reference("Patient", patient),
            "effectiveDateTime": when,
            "valueQuantity": {
                "value": lossless.loads(value.encode()),
                "unit": unit,
                "system": "http://unitsofmeasure.org",
                "code": unit,
            },
        }

    def condition(self, ident: str, patient: str, code: dict[str, Any]) -> dict[str, Any]:
        clinical = "http://terminology.hl7.org/CodeSystem/condition-clinical"
        return {
            "resourceType": "Condition",
            "id": ident,
            "clinicalStatus": {"coding": [{"system": clinical, "code": "active"}]},
            "code": code,
            "subject": self.reference("Patient", patient),
            "onsetDateTime": "2019-05-01",
        }

    def reference(self, type_: str, text: str) -> dict[str, str]:
        return {"reference": f"{type_}/{pseudonym(self.stored_id(type_, text))}"}

    def diabetic(self, text: str) -> list[dict[str, Any]]:
        """Someone for whom something is due."""
        return [
            self.patient(text),
            self.condition(f"{text}-dm", text, DIABETES),
            self.observation(f"{text}-a1c", text, A1C, ("9.1", "%"), "2025-11-03"),
            self.observation(f"{text}-crea", text, CREATININE, ("1.0", "mg/dL"), "2025-11-03"),
        ]

    # --- what became of it -------------------------------------------------------------------------------

    def derived(self, home: StoredId, type_: str | None = None) -> list[tuple[StoredVersion, Any]]:
        """Derived resources as they stand, opened."""
        key = self.vault.clinical.fetch_one(HOSPITAL, home)
        with self.vault.database.read() as conn:
            found = [s for s in records.compartment(conn, HOSPITAL, home) if s.origin == "derived"]
        return [(s, self._open(key, s)) for s in found if type_ in (None, s.type)]

    def _open(self, key: Any, stored: StoredVersion) -> Any:
        place = cipher.Place(
            HOSPITAL, stored.compartment, stored.type, stored.id, stored.version, CLINICAL_COLUMN
        )
        return lossless.loads(cipher.unseal(key, place, stored.clinical or b""))

    def open_jobs(self, kind: str = "plan", now: int | None = None) -> Iterable[bytes]:
        """Jobs of a kind that are running or due."""
        due = select(job.c.id).where(job.c.kind == kind, job.c.state.in_(["queued", "running"]))
        if now is not None:
            due = due.where(job.c.not_before <= now)
        with self.vault.database.read() as conn:
            return list(conn.scalars(due))
