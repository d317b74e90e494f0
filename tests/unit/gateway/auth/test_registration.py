"""Who is registered, and the trace that each change leaves (law 4)."""

from __future__ import annotations

import itertools

import pytest
from sqlalchemy import select

from gateway.auth.actor import Role
from gateway.auth.registration import Registration
from gateway.auth.registry import Draft, RegistryRefused, granted
from gateway.auth.scopes import Scopes, parse
from gateway.custody.database import Database, Side
from gateway.custody.ids import SYSTEM
from gateway.custody.settings import Storage
from gateway.custody.tables import audit_event
from tests.unit.gateway.auth.keys import ec, jwks

KEYS = jwks(ec()).decode()


@pytest.fixture
def registration(sqlite_storage: Storage) -> Registration:
    database = Database.open(sqlite_storage.database_url, Side.TRUSTED)
    times, draws = itertools.count(1), itertools.count(1)
    yield Registration(database, lambda: next(times), lambda n: next(draws).to_bytes(n, "big"))
    database.close()


def draft(role: Role = Role.EHR, scope: str = "system/*.cruds", **changes: object) -> Draft:
    return Draft(**{"name": "n", "role": role, "scopes": parse(scope), "jwks": KEYS} | changes)  # type: ignore[arg-type]


def partner(scope: str = "system/*.rs") -> Draft:
    return draft(Role.PARTNER, scope)


def events(registration: Registration) -> list[tuple[int, str, str | None]]:
    with registration.database.read() as conn:
        rows = conn.execute(select(audit_event).order_by(audit_event.c.time, audit_event.c.log)).all()
    return [(row.log, row.kind, row.client_id) for row in rows]


def test_a_client_is_registered_with_its_organization(registration: Registration):
    made = registration.add_client(draft(), "st-anna")
    clients, names = registration.clients()
    assert clients == [made]
    assert names == {made.organization: "st-anna"}
    assert (made.role, str(made.scopes), made.jwks, made.revoked) == (Role.EHR, "system/*.cruds", KEYS, None)


def test_an_organization_is_made_once_and_is_never_the_system(registration: Registration):
    first, second = (registration.add_client(draft(), "st-anna") for _ in range(2))
    third = registration.add_client(draft(), "st-berta")
    assert first.organization == second.organization
    assert third.organization not in (first.organization, SYSTEM)
    assert len({first.client_id, second.client_id, third.client_id}) == 3


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (draft(name=" "), "name"),
        (draft(scopes=Scopes(())), "at most"),
        (draft(Role.PARTNER, "system/*.cruds"), "at most system/\\*.rs"),
        (draft(Role.PARTNER, "system/AuditEvent.rs"), "at most"),
        (draft(Role.OFFICER, "system/*.rs"), "AuditEvent"),
        (draft(Role.EHR, "system/AuditEvent.rs"), "at most"),
        (draft(jwks=None), "--jwks"),
        (draft(jwks_url="https://h.test/jwks"), "--jwks"),
        (draft(Role.PARTNER, "system/*.rs", fhir_endpoint="https://h.test/fhir"), "--fhir-endpoint"),
    ],
)
def test_law_12_what_a_role_can_never_do_is_not_registered(
    registration: Registration, wrong: Draft, why: str
):
    with pytest.raises(RegistryRefused, match=why):
        registration.add_client(wrong, "st-anna")
    assert registration.clients() == ([], {})
    assert events(registration) == []


def test_an_organization_needs_a_name(registration: Registration):
    with pytest.raises(RegistryRefused, match="name"):
        registration.add_client(draft(), "  ")


def test_law_4_each_change_leaves_its_event(registration: Registration):
    ehr = registration.add_client(draft(), "st-anna")
    app = registration.add_client(partner(), "app-gmbh")
    registration.add_grant(app.client_id, "st-anna")
    registration.revoke_grant(app.client_id, "st-anna")
    registration.revoke_client(ehr.client_id)
    tenant = ehr.organization
    assert events(registration) == [
        (tenant, "client:add", ehr.client_id),
        (SYSTEM, "client:add", app.client_id),
        (tenant, "grant:add", app.client_id),
        (tenant, "grant:revoke", app.client_id),
        (tenant, "client:revoke", ehr.client_id),
    ]


def test_a_partners_end_stands_in_the_log_of_everybody_who_granted(registration: Registration):
    tenants = [registration.add_client(draft(), name).organization for name in ("st-anna", "st-berta")]
    app = registration.add_client(partner(), "app-gmbh")
    for name in ("st-anna", "st-berta"):
        registration.add_grant(app.client_id, name)
    registration.revoke_client(app.client_id)
    assert [log for log, kind, _ in events(registration) if kind == "client:revoke"] == tenants


def test_a_grant_can_end_and_come_back(registration: Registration):
    tenant = registration.add_client(draft(), "st-anna").organization
    app = registration.add_client(partner(), "app-gmbh")

    def now() -> tuple[int, ...]:
        with registration.database.read() as conn:
            return granted(conn, app.client_id)

    assert now() == ()
    registration.add_grant(app.client_id, "st-anna")
    registration.add_grant(app.client_id, "st-anna")
    assert now() == (tenant,)
    registration.revoke_grant(app.client_id, "st-anna")
    assert now() == ()
    registration.add_grant(app.client_id, "st-anna")
    assert now() == (tenant,)
    assert [(g.organization, g.revoked) for g in registration.grants()] == [("st-anna", None)]


def test_what_does_not_fit_together_is_not_granted(registration: Registration):
    ehr = registration.add_client(draft(), "st-anna")
    app = registration.add_client(partner(), "app-gmbh")
    with pytest.raises(RegistryRefused, match="only a partner"):
        registration.add_grant(ehr.client_id, "st-anna")
    with pytest.raises(RegistryRefused, match="no organization"):
        registration.add_grant(app.client_id, "nowhere")
    with pytest.raises(RegistryRefused, match="no client"):
        registration.add_grant("nobody", "st-anna")
    with pytest.raises(RegistryRefused, match="no such grant"):
        registration.revoke_grant(app.client_id, "st-anna")
    registration.revoke_client(app.client_id)
    with pytest.raises(RegistryRefused, match="no client in use"):
        registration.add_grant(app.client_id, "st-anna")


def test_a_client_ends_once(registration: Registration):
    made = registration.add_client(draft(), "st-anna")
    registration.revoke_client(made.client_id)
    first = registration.clients()[0][0].revoked
    registration.revoke_client(made.client_id)
    assert registration.clients()[0][0].revoked == first is not None
    with pytest.raises(RegistryRefused, match="careloom client list"):
        registration.revoke_client("nobody")
