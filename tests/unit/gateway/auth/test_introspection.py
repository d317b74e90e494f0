"""What a token is worth (RFC 7662), and its end before its time (RFC 7009)."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.auth.actor import Role
from gateway.auth.introspection import INTROSPECT, REVOKE
from gateway.auth.oauth import TokenRefused
from gateway.auth.registration import Registration
from tests.unit.gateway.auth.desks import RESOURCE, Desk, desk
from tests.unit.gateway.auth.keys import AUDIENCE

__all__ = ["desk"]

HERE = "https://careloom.test/auth/introspect"
THERE = "https://careloom.test/auth/revoke"
INACTIVE = {"active": False}


def test_a_token_is_told_to_its_client(desk: Desk):
    hospital = desk.register()
    token = desk.asks(hospital, "system/Patient.rs").token
    assert desk.introspection.introspect(desk.asks_about(hospital, token, aud=HERE), HERE) == {
        "active": True,
        "scope": "system/Patient.rs",
        "client_id": hospital.client_id,
        "sub": hospital.client_id,
        "token_type": "bearer",
        "exp": desk.now + 300,
        "aud": RESOURCE,
    }


def test_a_colleague_of_the_same_organization_may_ask(desk: Desk):
    ward, officer = desk.register(), desk.register(Role.OFFICER, "system/AuditEvent.rs")
    token = desk.asks(ward).token
    assert desk.introspection.introspect(desk.asks_about(officer, token), HERE)["active"]


def test_attack_of_another_organization_nothing_is_told_and_nothing_ended(desk: Desk):
    ward, stranger = desk.register(), desk.register(name="st-berta")
    token = desk.asks(ward).token
    assert desk.introspection.introspect(desk.asks_about(stranger, token), HERE) == INACTIVE
    desk.introspection.revoke(desk.asks_about(stranger, token), THERE)
    assert desk.knows(token) is not None


@pytest.mark.parametrize("token", ["nonsense", "x" * 4000, "ü"])
def test_what_is_no_token_is_inactive_and_cannot_be_ended(desk: Desk, token: str):
    hospital = desk.register()
    assert desk.introspection.introspect(desk.asks_about(hospital, token), HERE) == INACTIVE
    desk.introspection.revoke(desk.asks_about(hospital, token), THERE)


def test_a_token_that_ran_out_is_inactive(desk: Desk):
    hospital = desk.register()
    token = desk.asks(hospital).token
    desk.now += 301
    assert desk.introspection.introspect(desk.asks_about(hospital, token), HERE) == INACTIVE


def test_a_token_of_a_revoked_client_is_inactive(desk: Desk):
    ward, colleague = desk.register(), desk.register()
    token = desk.asks(ward).token
    Registration(desk.database, desk.clock, os.urandom).revoke_client(ward.client_id)
    assert desk.introspection.introspect(desk.asks_about(colleague, token), HERE) == INACTIVE


def test_a_token_ends_at_once_and_for_every_process(desk: Desk):
    hospital = desk.register()
    token, other = desk.asks(hospital).token, desk.asks(hospital).token
    desk.introspection.revoke(desk.asks_about(hospital, token, aud=THERE), THERE)
    assert desk.knows(token) is None
    assert desk.knows(other) is not None
    assert desk.introspection.introspect(desk.asks_about(hospital, token), HERE) == INACTIVE


def test_ending_it_twice_is_no_error(desk: Desk):
    hospital = desk.register()
    token = desk.asks(hospital).token
    for _ in range(2):
        desk.introspection.revoke(desk.asks_about(hospital, token), THERE)
    assert desk.knows(token) is None


def test_attack_an_assertion_that_got_a_token_serves_nothing_else(desk: Desk):
    hospital = desk.register()
    token = desk.asks(hospital, jti="once").token
    with pytest.raises(TokenRefused, match="invalid_client"):
        desk.introspection.introspect(desk.asks_about(hospital, token, jti="once"), HERE)
    with pytest.raises(TokenRefused, match="invalid_client"):
        desk.introspection.revoke(desk.asks_about(hospital, token, jti="once"), THERE)
    assert desk.knows(token) is not None


@pytest.mark.parametrize("audience", [THERE, RESOURCE])
def test_attack_an_assertion_for_another_endpoint(desk: Desk, audience: str):
    hospital = desk.register()
    about = desk.asks_about(hospital, desk.asks(hospital).token, aud=audience)
    with pytest.raises(TokenRefused, match="invalid_client"):
        desk.introspection.introspect(about, HERE)


def test_the_token_endpoints_own_audience_is_taken(desk: Desk):
    hospital = desk.register()
    about = desk.asks_about(hospital, desk.asks(hospital).token, aud=AUDIENCE)
    assert desk.introspection.introspect(about, HERE)["active"]


def test_without_a_token_there_is_nothing_to_ask(desk: Desk):
    hospital = desk.register()
    with pytest.raises(TokenRefused, match="invalid_request"):
        desk.introspection.introspect(desk.asks_about(hospital, ""), HERE)


def test_a_raced_assertion_is_served_once(desk: Desk):
    hospital = desk.register()
    about = desk.asks_about(hospital, desk.asks(hospital).token)

    def ask(_: int) -> bool:
        try:
            return bool(desk.introspection.introspect(about, HERE)["active"])
        except TokenRefused:
            return False

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(ask, range(8))) == 1


def test_law_4_both_leave_an_event_also_where_they_are_refused(desk: Desk):
    hospital = desk.register()
    token = desk.asks(hospital).token
    desk.introspection.introspect(desk.asks_about(hospital, token), HERE)
    desk.introspection.revoke(desk.asks_about(hospital, token), THERE)
    with pytest.raises(TokenRefused):
        desk.introspection.revoke(desk.asks_about(hospital, token, exp=1), THERE)
    own = (hospital.organization, hospital.client_id)
    assert [(kind, outcome) for log, kind, outcome, who in desk.trail() if (log, who) == own] == [
        ("token:issue", "0"),
        (INTROSPECT, "0"),
        (REVOKE, "0"),
        (REVOKE, "4"),
    ]
