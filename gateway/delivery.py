"""Use case: one patient's plan brought to the EHR that the patient belongs to.

1. Claim the job; the lease is longer than a delivery can take, so nothing need renew it.
2. Find where the tenant wants its plans. Nowhere is an answer too: the job is done.
3. Open the plan as that EHR would read it; the reading is in the trail like any other.
4. PUT it under its own id, so that a second delivery changes nothing, and finish the job.
5. What fails is tried again, later each time, for about a week.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, tzinfo

import requests
import structlog
from sqlalchemy import Connection, select

from gateway.auth.actor import Actor, Role
from gateway.auth.scopes import parse
from gateway.copies import Copies
from gateway.custody import jobs, records
from gateway.custody.errors import LostLease
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.jobs import SECOND, Claim
from gateway.custody.settings import Storage
from gateway.custody.tables import client
from gateway.erasure import Erasure
from gateway.refusal import Kind, Refused
from gateway.release import Release
from gateway.stored import Clock, Entropy, document
from mappers import lossless

LEASE = 60 * SECOND
CONNECT_SECONDS, ANSWER_SECONDS = 3.05, 20.0
COURIER = "careloom-courier"
_GONE = (Kind.NOT_FOUND, Kind.GONE)

log = structlog.get_logger()


class NotTaken(Exception):  # noqa: N818 - it reads as what happened
    """The EHR's server did not take the plan."""


@dataclass(frozen=True, slots=True)
class Office:
    """What the courier has at hand."""

    storage: Storage
    vault: Vault
    release: Release
    clock: Clock
    entropy: Entropy
    erasure: Erasure
    copies: Copies = field(default_factory=Copies)
    zone: tzinfo = UTC
    """By whose days and nights is watched."""
    later_seconds: int = 86_400
    """How long the answers to requests that were done later are kept."""
    signed: dict[Tenant, int] = field(default_factory=dict)
    """How far this process has signed each log of the trail."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a tenant wants its plans, and in whose name they are read."""

    client_id: str
    url: str


def do(office: Office, job_id: bytes, put: Callable[[str, bytes], None] | None = None) -> None:
    """Claim a job and see it through: done, or to be tried again."""
    database = office.vault.database
    with database.write() as conn:  # 1
        claim = jobs.claim(conn, job_id, office.clock(), LEASE)
    if claim is None:
        return
    try:
        _deliver(office, claim, put or put_over_http)
        with database.write() as conn:
            jobs.finish(conn, claim, office.clock())
    except LostLease:
        log.info("lease lost", job=job_id.hex())
    except Exception as error:  # 5
        log.warning("not delivered", job=job_id.hex(), attempt=claim.attempts, exc_info=error)
        with database.write() as conn:
            jobs.fail(conn, claim, office.clock(), type(error).__name__)


def _deliver(office: Office, claim: Claim, put: Callable[[str, bytes], None]) -> None:
    with office.vault.database.read() as conn:  # 2
        addresses = _addresses(conn, claim.tenant)
        plans = _plans(conn, claim) if addresses else []
    for address in addresses:
        for plan in plans:
            _bring(office, claim, plan, address, put)


def _bring(
    office: Office, claim: Claim, plan: StoredId, address: Address, put: Callable[[str, bytes], None]
) -> None:
    shown = office.vault.outside(claim.tenant).show("CarePlan", plan)
    try:  # 3
        stored = office.release.read(_reader(claim, address), "CarePlan", shown)
    except Refused as refusal:
        if refusal.kind in _GONE:
            return
        raise
    put(f"{address.url.rstrip('/')}/CarePlan/{shown}", lossless.dumps(document(stored)))  # 4


def _reader(claim: Claim, address: Address) -> Actor:
    return Actor(
        client_id=address.client_id,
        role=Role.EHR,
        organization=claim.tenant,
        scopes=parse("system/CarePlan.r"),
        address="",
        request_id=claim.id.hex(),
        user=COURIER,
    )


def _addresses(conn: Connection, tenant: Tenant) -> list[Address]:
    mine = (
        client.c.organization == tenant,
        client.c.role == Role.EHR.value,
        client.c.revoked.is_(None),
        client.c.fhir_endpoint.is_not(None),
    )
    rows = conn.execute(select(client.c.client_id, client.c.fhir_endpoint).where(*mine))
    # Two clients of one hospital may name one server: it gets the plan once.
    return [Address(name, url) for url, name in sorted({url: name for name, url in rows}.items())]


def _plans(conn: Connection, claim: Claim) -> list[StoredId]:
    found = records.compartment(conn, claim.tenant, claim.patient)
    return [stored.id for stored in found if stored.type == "CarePlan" and stored.origin == "derived"]


def put_over_http(url: str, body: bytes) -> None:
    """Hand one resource to a FHIR server; raises when it was not taken."""
    answer = requests.put(
        url,
        data=body,
        headers={"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"},
        timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
        allow_redirects=False,
    )
    if not answer.ok or answer.is_redirect:
        raise NotTaken
