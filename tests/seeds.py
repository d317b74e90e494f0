"""A trail for the console's tests: what a hospital, its engine and a partner leave, by the product's own
append, with some events that one looks for among many."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice

from gateway.auth.actor import CEILING, Role
from gateway.auth.registration import Registration
from gateway.auth.registry import Draft, find_organization
from gateway.custody import audit, checkpoint, signing
from gateway.custody.audit import Event
from gateway.custody.checkpoint import FOLDER
from gateway.custody.ids import StoredId, Tenant
from tests.visitors import HOSPITAL, House

PARTNER = "Weave App"
SECOND = 1_000_000
_JWKS = '{"keys": []}'
_TYPES = ("Patient", "Observation", "Condition", "MedicationRequest", "Encounter")


def clients(house: House, since: int) -> tuple[str, str]:
    """An EHR and a partner, by their ids."""
    registration = Registration(house.vault.database, lambda: since, os.urandom)
    ehr = registration.add_client(Draft("Ward system", Role.EHR, CEILING[Role.EHR], jwks=_JWKS), HOSPITAL)
    partner = registration.add_client(
        Draft(PARTNER, Role.PARTNER, CEILING[Role.PARTNER], jwks=_JWKS), "Weave Inc."
    )
    registration.add_grant(partner.client_id, HOSPITAL)
    return ehr.client_id, partner.client_id


def tenant(house: House) -> Tenant:
    with house.vault.database.read() as conn:
        found = find_organization(conn, HOSPITAL)
    assert found is not None
    return found


def patient(house: House, id_: str) -> StoredId:
    return house.vault.stored_id(tenant(house), "Patient", id_)


def fill(house: House, events: int, patients: int = 100, days: int = 30) -> tuple[str, str]:
    """So many events of so many patients (``mrn-0``, ``mrn-1`` …) over the days before now."""
    step = days * 86_400 * SECOND // events
    start = house.clock.now - events * step
    ehr, partner = clients(house, start - 1)
    log = tenant(house)
    with house.vault.database.read() as conn:
        other = find_organization(conn, "Weave Inc.")
    stored = [patient(house, f"mrn-{n}") for n in range(patients)]

    def made() -> Iterator[Event]:
        for n in range(events):
            who = stored[n * 7 % patients]
            refused = n % 97 == 5
            yield Event(
                time=start + n * step,
                kind=("rest:read", "rest:update", "rest:search", "worker:read")[n % 4],
                action="RUER"[n % 4],
                outcome="4" if refused else "0",
                status=403 if refused else 200,
                client_id="careloom-worker" if n % 4 == 3 else ehr,
                organization=log,
                user=None if n % 4 == 3 else f"st-anna|npi-{n * 31 % 40}",
                purpose=None if n % 4 == 3 else "TREAT",
                type=_TYPES[n % 5],
                id=who if n % 5 == 0 else None,
                patient=who,
                address=None if n % 4 == 3 else f"10.20.1.{n % 200}",
                request_id=f"{n:08x}",
                detail="query: code=4548-4&_count=50" if n % 4 == 2 else None,
            )

    source = made()
    while batch := list(islice(source, 5_000)):
        with house.vault.database.write() as conn:
            audit.append(conn, log, batch)
    given = Event(
        time=house.clock.now,
        kind="rest:read",
        action="R",
        outcome="0",
        status=200,
        client_id=partner,
        organization=other,
        type="CarePlan",
        patient=stored[42 % patients],
        address="192.0.2.7",
    )
    with house.vault.database.write() as conn:
        audit.append(conn, log, [given])
    return ehr, partner


def sign(house: House) -> None:
    """As the courier does each minute."""
    storage = house.settings.storage
    signer = signing.load(storage.key_paths.audit)
    checkpoint.take(house.vault.database, storage.data_dir / FOLDER, signer, house.clock.now)
