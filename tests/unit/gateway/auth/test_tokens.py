"""Tokens: given once per assertion, known by their digest only, ended with their client."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from gateway.auth.actor import Role
from gateway.auth.oauth import TokenRefused
from gateway.auth.registration import Registration
from gateway.auth.registry import Draft
from gateway.auth.scopes import parse
from gateway.custody.database import Database, Side
from gateway.custody.ids import SYSTEM
from gateway.custody.settings import Storage
from gateway.custody.tables import access_token, assertion_seen, client
from tests.unit.gateway.auth.desks import Desk, desk, form
from tests.unit.gateway.auth.keys import ec, signed

__all__ = ["desk"]


# --- giving -------------------------------------------------------------------------------------------------


def test_a_proven_client_gets_a_token_for_five_minutes(desk: Desk):
    hospital = desk.register()
    granted = desk.asks(hospital, "system/Patient.rs")
    assert (granted.seconds, str(granted.scopes)) == (300, "system/Patient.rs")
    actor = desk.knows(granted.token)
    assert actor is not None
    assert (actor.client_id, actor.role, actor.organization) == (
        hospital.client_id,
        Role.EHR,
        hospital.organization,
    )
    assert (actor.address, actor.request_id, actor.grants) == ("192.0.2.1", "r-1", ())


@pytest.mark.parametrize("scope", ["", " ", "\t"])
def test_law_12_where_nothing_is_asked_for_nothing_is_given(desk: Desk, scope: str):
    with pytest.raises(TokenRefused) as refusal:
        desk.asks(desk.register(), scope)
    assert (refusal.value.error, refusal.value.status) == ("invalid_scope", 400)
    with desk.database.read() as conn:
        assert conn.execute(select(access_token)).all() == []


def test_more_than_is_allowed_is_not_given(desk: Desk):
    narrow = desk.register(scope="system/Patient.rs")
    assert str(desk.asks(narrow, "system/*.cruds").scopes) == "system/Patient.rs"


@pytest.mark.parametrize(
    "scope", ["system/Device.rs", "system/Patient.c", "openid", "patient/*.rs", "system/Foo.r"]
)
def test_what_is_not_allowed_at_all_is_an_invalid_scope(desk: Desk, scope: str):
    narrow = desk.register(scope="system/Patient.rs")
    with pytest.raises(TokenRefused) as refusal:
        desk.asks(narrow, scope)
    assert (refusal.value.error, refusal.value.status) == ("invalid_scope", 400)


def test_a_filter_narrows_what_a_token_opens_and_stays_in_it(desk: Desk):
    narrow = desk.register(scope="system/Observation.rs?category=laboratory system/Patient.r")
    granted = desk.asks(narrow, "system/*.cruds")
    assert str(granted.scopes) == "system/Observation.rs?category=laboratory system/Patient.r"
    actor = desk.issuer.actor(granted.token, "10.0.0.9", "r")
    assert actor is not None
    assert actor.scopes == granted.scopes
    with desk.database.write() as conn:
        conn.execute(update(client).values(scope="system/Observation.r?status=final"))
    less = desk.issuer.actor(granted.token, "10.0.0.9", "r")
    assert less is not None
    assert str(less.scopes) == "system/Observation.r?category=laboratory&status=final"


def test_law_12_filters_that_meet_and_grow_too_long_are_an_invalid_scope(desk: Desk):
    mine, asked = ("&".join(f"category={kind}{n}" for n in range(5)) for kind in "ab")
    narrow = desk.register(scope=f"system/Observation.rs?{mine}")
    with pytest.raises(TokenRefused) as refusal:
        desk.asks(narrow, f"system/Observation.rs?{asked}")
    assert refusal.value.error == "invalid_scope"


def test_the_table_holds_nothing_that_opens_a_door(desk: Desk):
    token = desk.asks(desk.register()).token
    with desk.database.read() as conn:
        row = conn.execute(select(access_token)).one()
    assert token not in str(row._mapping)
    assert len(row.digest) == 32
    assert len(token) == 43


def test_every_token_is_another(desk: Desk):
    hospital = desk.register()
    assert len({desk.asks(hospital).token for _ in range(20)}) == 20


def test_keys_by_address_prove_as_well(desk: Desk):
    draft = Draft("n", Role.EHR, parse("system/*.rs"), jwks_url="https://h.test/jwks")
    made = Registration(desk.database, desk.clock, os.urandom).add_client(draft, "st-anna")
    assert desk.knows(desk.asks(made).token)


# --- not giving ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "unsupported_grant_type"),
    ],
)
def test_a_form_that_is_not_the_right_one_is_refused(desk: Desk, change: dict, error: str):
    right = form(desk.assertion(desk.register()))
    with pytest.raises(TokenRefused) as refusal:
        desk.issuer.issue(replace(right, **change))
    assert refusal.value.error == error


def test_attack_a_client_that_does_not_exist(desk: Desk):
    with pytest.raises(TokenRefused, match="invalid_client"):
        desk.issuer.issue(form(signed(ec())))


def test_attack_the_same_assertion_again(desk: Desk):
    hospital = desk.register()
    desk.asks(hospital, jti="once")
    with pytest.raises(TokenRefused) as refusal:
        desk.asks(hospital, jti="once")
    assert "jti" in refusal.value.text


def test_attack_the_same_assertion_after_a_restart(desk: Desk, sqlite_storage: Storage):
    hospital = desk.register()
    desk.asks(hospital, jti="once")
    desk.database.close()
    again = Desk(Database.open(sqlite_storage.database_url, Side.TRUSTED))
    with pytest.raises(TokenRefused):
        again.asks(hospital, jti="once")
    again.database.close()


def test_attack_the_same_assertion_in_a_race(desk: Desk):
    hospital = desk.register()

    def ask(_: int) -> bool:
        try:
            desk.asks(hospital, jti="once")
        except TokenRefused:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(8))) == 1
    with desk.database.read() as conn:
        assert len(conn.execute(select(access_token)).all()) == 1


def test_two_clients_may_use_the_same_jti(desk: Desk):
    assert desk.asks(desk.register(), jti="once").token
    assert desk.asks(desk.register(), jti="once").token


def test_an_assertion_that_failed_can_be_made_right(desk: Desk):
    hospital = desk.register()
    with pytest.raises(TokenRefused):
        desk.asks(hospital, "openid", jti="once")
    assert desk.asks(hospital, jti="once").token


def test_what_has_run_out_is_forgotten(desk: Desk):
    hospital = desk.register()
    desk.asks(hospital)
    desk.now += 1_000
    desk.asks(hospital)
    with desk.database.read() as conn:
        assert len(conn.execute(select(assertion_seen)).all()) == 1
        assert len(conn.execute(select(access_token)).all()) == 1


# --- knowing ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "é", "\0", "x" * 10_000])
def test_a_token_that_was_never_given_is_nobodys(desk: Desk, token: str):
    desk.asks(desk.register())
    assert desk.knows(token) is None


def test_a_token_ends_after_its_time(desk: Desk):
    token = desk.asks(desk.register()).token
    desk.now += 299
    assert desk.knows(token)
    desk.now += 1
    assert desk.knows(token) is None


def test_a_token_ends_with_its_client_at_once(desk: Desk):
    hospital = desk.register()
    token = desk.asks(hospital).token
    Registration(desk.database, desk.clock, os.urandom).revoke_client(hospital.client_id)
    assert desk.knows(token) is None
    with pytest.raises(TokenRefused):
        desk.asks(hospital)


def test_a_token_never_allows_more_than_its_client_may_now(desk: Desk):
    hospital = desk.register()
    token = desk.asks(hospital).token
    with desk.database.write() as conn:
        conn.execute(update(client).values(scope="system/Patient.r"))
    actor = desk.knows(token)
    assert actor is not None
    assert str(actor.scopes) == "system/Patient.r"


def test_a_role_is_a_ceiling_whatever_the_rows_say(desk: Desk):
    partner = desk.register(Role.PARTNER, "system/*.rs")
    with desk.database.write() as conn:
        conn.execute(update(client).values(scope="system/*.cruds system/AuditEvent.rs"))
    actor = desk.knows(desk.asks(partner, "system/*.cruds system/AuditEvent.rs").token)
    assert actor is not None
    assert str(actor.scopes) == "system/*.rs"


def test_a_partner_bears_its_grants_of_this_moment(desk: Desk):
    tenant = desk.register().organization
    partner = desk.register(Role.PARTNER, "system/*.rs", "app-gmbh")
    token = desk.asks(partner).token
    registration = Registration(desk.database, desk.clock, os.urandom)

    def grants() -> tuple[int, ...]:
        actor = desk.knows(token)
        assert actor is not None
        return actor.grants

    assert grants() == ()
    registration.add_grant(partner.client_id, "st-anna")
    assert grants() == (tenant,)
    registration.revoke_grant(partner.client_id, "st-anna")
    assert grants() == ()


# --- the trail ----------------------------------------------------------------------------------------------


def test_law_4_a_token_given_is_an_event_in_its_tenants_log(desk: Desk):
    hospital = desk.register()
    desk.asks(hospital)
    assert desk.trail() == [(hospital.organization, "token:issue", "0", hospital.client_id)]


def test_law_4_a_token_refused_is_an_event_too(desk: Desk):
    hospital = desk.register()
    with pytest.raises(TokenRefused):
        desk.asks(hospital, exp=1)
    with pytest.raises(TokenRefused):
        desk.issuer.issue(form("no assertion"))
    assert desk.trail() == [
        (SYSTEM, "token:refuse", "4", None),
        (hospital.organization, "token:refuse", "4", hospital.client_id),
    ]


def test_law_4_a_partners_token_stands_in_the_log_of_each_tenant_that_granted(desk: Desk):
    tenants = [desk.register(name=name).organization for name in ("st-anna", "st-berta")]
    partner = desk.register(Role.PARTNER, "system/*.rs", "app-gmbh")
    desk.asks(partner)
    registration = Registration(desk.database, desk.clock, os.urandom)
    for name in ("st-anna", "st-berta"):
        registration.add_grant(partner.client_id, name)
    desk.asks(partner)
    assert [log for log, *_ in desk.trail()] == [SYSTEM, *tenants]


def test_law_4_a_race_that_is_lost_leaves_no_token_and_one_event_each(desk: Desk):
    hospital = desk.register()
    desk.asks(hospital, jti="once")
    for _ in range(3):
        with pytest.raises(TokenRefused):
            desk.asks(hospital, jti="once")
    assert [kind for _, kind, _, _ in desk.trail()] == ["token:issue", *["token:refuse"] * 3]
