"""The two use cases at one desk, without HTTP: who asks, what is kept afterwards, and a worker if need be."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Table, func, insert, select

from gateway.auth.actor import Actor, Role
from gateway.auth.scopes import parse
from gateway.custody import audit, jobs, records
from gateway.custody.identity.vault import Vault, open_vault
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.opening import open_clinic
from gateway.custody.settings import Storage
from gateway.custody.tables import data, tombstone
from gateway.erasure import Erasure
from gateway.fhir import outcome
from gateway.intake import Intake
from gateway.intake.looking import Looking
from gateway.privacy import policy
from gateway.refusal import Kind, Refused
from gateway.release import Release
from gateway.release.opened import clinical_halves
from gateway.stored import Clock
from mappers import lossless
from workers import plan
from workers.station import Station, load_knowledge

ST_ANNA, ST_BERTA, APP, OTHER_APP = Tenant(3), Tenant(4), Tenant(11), Tenant(12)
NOW = int(datetime(2026, 3, 2, 9, 30, tzinfo=UTC).timestamp()) * jobs.SECOND
TRAIL = frozenset({"audit_event", "audit_head"})
PLAN_QUERY = [("identifier", "urn:careloom:plan|")]


def ehr(tenant: Tenant = ST_ANNA, scope: str = "system/*.cruds", client_id: str = "") -> Actor:
    """An EHR of a tenant."""
    return Actor(client_id or f"ehr-{tenant}", Role.EHR, tenant, parse(scope), "10.0.0.1", "request-1")


def partner(organization: Tenant = APP, *grants: Tenant, scope: str = "system/*.rs") -> Actor:
    """A partner that these tenants granted access."""
    name = f"partner-{organization}"
    return Actor(name, Role.PARTNER, organization, parse(scope), "10.0.0.2", "request-2", grants=grants)


def officer(tenant: Tenant = ST_ANNA) -> Actor:
    """Who reads the trail and nothing else."""
    rights = parse("system/AuditEvent.rs")
    return Actor(f"officer-{tenant}", Role.OFFICER, tenant, rights, "10.0.0.3", "request-3")


def erasing(vault: Vault, release: Release, clock: Clock) -> Erasure:
    """Who erases patients."""
    return Erasure(vault, policy.load("clinical"), release, clock, os.urandom)


class Desk:
    """Intake and release over one installation, with a clock that the test moves."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.now = NOW
        self.vault: Vault = open_vault(storage)
        self.release = Release(self.vault, policy.load("partner-limited"), self.clock, os.urandom)
        self.looking = Looking(self.release.find, self.release.read, self.release.originals)
        self.intake = Intake(
            vault=self.vault,
            policy=policy.load("clinical"),
            clock=self.clock,
            entropy=os.urandom,
            looking=self.looking,
            explain=outcome.explain,
        )

        self.erasure = erasing(self.vault, self.release, self.clock)

    def clock(self) -> int:
        return self.now

    def close(self) -> None:
        self.vault.close()

    def limit(self, **most: int) -> None:
        """Let searches open, chain or include no more than this from now on."""
        self.release = replace(self.release, limits=replace(self.release.limits, **most))

    # --- doing --------------------------------------------------------------------------------------------

    def puts(self, *resources: dict[str, Any], actor: Actor | None = None) -> None:
        """Each resource under its own id, one request each."""
        for resource in resources:
            self.intake.update(actor or ehr(), resource["resourceType"], resource["id"], resource)

    def submits(self, *entries: dict[str, Any], actor: Actor | None = None) -> list[dict[str, Any]]:
        """One transaction; the responses in the entries' order."""
        answer = self.intake.transaction(actor or ehr(), bundle(*entries))
        return list(lossless.loads(answer.body).get("entry", ()))

    def reads(self, reference: str, actor: Actor | None = None) -> dict[str, Any]:
        """The body behind ``Type/id`` or ``Type/id/_history/n``."""
        path, _, version = reference.partition("/_history/")
        type_, _, id_ = path.partition("/")
        found = self.release.read(actor or ehr(), type_, id_, int(version) if version else None)
        assert found.body is not None
        return found.body

    def searches(self, query: str, actor: Actor | None = None, count: int = 50) -> list[dict[str, Any]]:
        """All pages of a search such as ``Patient?gender=female``, not percent-encoded."""
        type_, _, rest = query.partition("?")
        pairs = [(name, value) for name, _, value in (p.partition("=") for p in rest.split("&")) if name]
        found: list[dict[str, Any]] = []
        position = None
        while True:
            page = self.release.search(actor or ehr(), type_, pairs, position, count)
            found += [stored.body for stored in page.entries if stored.body is not None]
            position = page.following
            if position is None:
                return found

    def works(self) -> int:
        """Do every plan that is due; how many there were."""
        clinic = open_clinic(self.storage)
        station = Station(clinic, load_knowledge(), self.clock, os.urandom)
        try:
            with clinic.database.read() as conn:
                due = [job.id for job in jobs.due(conn, self.now, 1000) if job.kind == "plan"]
            for job_id in due:
                plan.do(station, job_id)
            return len(due)
        finally:
            clinic.close()

    def erases(self, patient: StoredId, tenant: Tenant = ST_ANNA) -> None:
        """What an erasure leaves of a patient: no keys, and a tombstone."""
        self.vault.clinical.destroy(tenant, patient)
        self.vault.identity.destroy(tenant, patient)
        with self.vault.database.write() as conn:
            conn.execute(insert(tombstone).values(tenant=tenant, type="Patient", id=patient, erased=self.now))

    # --- looking ------------------------------------------------------------------------------------------

    def id_of(self, reference: str, tenant: Tenant = ST_ANNA) -> StoredId:
        type_, _, id_ = reference.partition("/")
        return self.vault.stored_id(tenant, type_, id_)

    def rows(self, table: Table) -> list[Any]:
        with self.vault.database.read() as conn:
            return list(conn.execute(select(table)))

    def counts(self, *but: str) -> Mapping[str, int]:
        """How many rows each table of the data has."""
        with self.vault.database.read() as conn:
            return {
                name: conn.scalar(select(func.count()).select_from(table)) or 0
                for name, table in data.tables.items()
                if name not in but
            }

    def head(self, reference: str, tenant: Tenant = ST_ANNA) -> records.StoredVersion | None:
        type_ = reference.partition("/")[0]
        with self.vault.database.read() as conn:
            return records.load(conn, tenant, type_, self.id_of(reference, tenant))

    def half(self, reference: str, tenant: Tenant = ST_ANNA) -> dict[str, Any] | None:
        """The clinical half as a worker would open it."""
        found = self.head(reference, tenant)
        assert found is not None
        return clinical_halves(self.vault, tenant, [found])[0]

    def jobs(self) -> set[StoredId]:
        """The patients for whom a plan waits to be made."""
        table = data.tables["job"]
        return {row.patient for row in self.rows(table) if (row.kind, row.state) == ("plan", "queued")}

    def forgets_jobs(self) -> None:
        with self.vault.database.write() as conn:
            conn.execute(data.tables["job"].delete())

    def trail(self, log: Tenant = ST_ANNA) -> int:
        """Where a log ends now."""
        with self.vault.database.read() as conn:
            return audit.head_of(conn, log).size

    def events(self, log: Tenant = ST_ANNA, since: int = 0) -> list[Any]:
        """The events of one log in their order."""
        table = data.tables["audit_event"]
        mine = select(table).where(table.c.log == log, table.c.seq >= since).order_by(table.c.seq)
        with self.vault.database.read() as conn:
            return list(conn.execute(mine))

    @contextmanager
    def leaves(self, log: Tenant = ST_ANNA) -> Iterator[list[Any]]:
        """The events that are written to a log meanwhile."""
        before = self.trail(log)
        found: list[Any] = []
        yield found
        found += self.events(log, before)


def bundle(*entries: dict[str, Any], kind: str = "transaction") -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def entry(
    method: str, url: str, resource: dict[str, Any] | None = None, full_url: str = "", **request: Any
) -> dict[str, Any]:
    """One entry of a bundle; keywords are further members of its request."""
    made: dict[str, Any] = {"request": {"method": method, "url": url, **request}}
    if full_url:
        made["fullUrl"] = full_url
    return made if resource is None else {**made, "resource": resource}


def put(resource: dict[str, Any], **request: Any) -> dict[str, Any]:
    return entry("PUT", f"{resource['resourceType']}/{resource['id']}", resource, **request)


def patient(id_: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": id_,
        "name": [{"family": "Hopkins", "given": ["Änne"]}],
        "gender": "female",
        "birthDate": "1961-04-17",
        **more,
    }


def observation(
    id_: str, subject: str, code: str = "4548-4", value: str = "9.1", **more: Any
) -> dict[str, Any]:
    """A laboratory value; by default an HbA1c that calls for something."""
    unit = {"4548-4": "%", "2160-0": "mg/dL"}[code]
    quantity = {"value": lossless.loads(value.encode()), "unit": unit}
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "subject": {"reference": subject},
        "effectiveDateTime": "2025-11-03",
        "valueQuantity": {**quantity, "system": "http://unitsofmeasure.org", "code": unit},
        **more,
    }


def condition(id_: str, subject: str) -> dict[str, Any]:
    clinical = "http://terminology.hl7.org/CodeSystem/condition-clinical"
    return {
        "resourceType": "Condition",
        "id": id_,
        "clinicalStatus": {"coding": [{"system": clinical, "code": "active"}]},
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "44054006"}]},
        "subject": {"reference": subject},
        "onsetDateTime": "2019-05-01",
    }


def diabetic(id_: str) -> list[dict[str, Any]]:
    """Somebody for whom something is due."""
    about = f"Patient/{id_}"
    return [
        patient(id_),
        condition(f"{id_}-dm", about),
        observation(f"{id_}-a1c", about),
        observation(f"{id_}-crea", about, "2160-0", "1.0"),
    ]


def unknown_meaning(resource: dict[str, Any]) -> dict[str, Any]:
    """The resource with a modifier that no policy knows: who does not know it must not read the rest."""
    return {**resource, "modifierExtension": [{"url": "urn:hospital:negated", "valueBoolean": True}]}


@contextmanager
def refusal(kind: Kind, code: str = "") -> Iterator[None]:
    """The block ends with a refusal of this kind."""
    with pytest.raises(Refused) as caught:
        yield
    assert caught.value.kind is kind, [issue.text for issue in caught.value.issues]
    assert not code or caught.value.issues[0].code == code


@pytest.fixture
def desk(storage: Storage) -> Iterator[Desk]:
    """The use cases, once on each database."""
    yield from _open(storage)


@pytest.fixture
def small_desk(sqlite_storage: Storage) -> Iterator[Desk]:
    """The use cases, on the embedded database."""
    yield from _open(sqlite_storage)


def _open(storage: Storage) -> Iterator[Desk]:
    made = Desk(storage)
    yield made
    made.close()
