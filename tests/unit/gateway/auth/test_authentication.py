"""Who stands at the desk: proven by the registered key, once per assertion, and in the trail either way."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from gateway.auth.authentication import Known, spend
from gateway.auth.oauth import TokenRefused
from gateway.custody.tables import assertion_seen
from tests.unit.gateway.auth.desks import SECOND, Desk, desk, visit
from tests.unit.gateway.auth.keys import AUDIENCE, ec, signed

__all__ = ["desk"]

OWN = "https://careloom.test/auth/revoke"


def test_a_client_is_proven_by_its_registered_key(desk: Desk):
    hospital, known = desk.register(), Known()
    found = desk.authenticator.client(visit(desk.assertion(hospital)), (AUDIENCE,), known)
    assert (found.client, known.client, found.claims["sub"]) == (hospital, hospital, hospital.client_id)


@pytest.mark.parametrize("audience", [AUDIENCE, OWN, [OWN]])
def test_the_audience_is_one_of_those_that_are_named(desk: Desk, audience: object):
    sent = visit(desk.assertion(desk.register(), aud=audience))
    assert desk.authenticator.client(sent, (OWN, AUDIENCE), Known())


@pytest.mark.parametrize("audience", ["https://careloom.test/fhir", [AUDIENCE, OWN], [], None, OWN + "/"])
def test_attack_an_assertion_for_another_place(desk: Desk, audience: object):
    sent = visit(desk.assertion(desk.register(), aud=audience))
    with pytest.raises(TokenRefused, match="invalid_client"):
        desk.authenticator.client(sent, (OWN, AUDIENCE), Known())


@pytest.mark.parametrize(
    "change", [{"assertion_type": "urn:other"}, {"assertion": ""}, {"client_id": "somebody-else"}]
)
def test_attack_a_visit_that_shows_the_wrong_thing(desk: Desk, change: dict):
    known = Known()
    with pytest.raises(TokenRefused, match="invalid_client"):
        desk.authenticator.client(
            replace(visit(desk.assertion(desk.register())), **change), (AUDIENCE,), known
        )
    assert known.client is None


def test_whose_a_refused_assertion_says_to_be_is_known_to_the_trail(desk: Desk):
    hospital, known = desk.register(), Known()
    with pytest.raises(TokenRefused) as refusal:
        desk.authenticator.client(visit(desk.assertion(hospital, exp=1)), (AUDIENCE,), known)
    desk.authenticator.record("token:revoke", visit(""), known, refusal.value)
    assert desk.trail() == [(hospital.organization, "token:revoke", "4", hospital.client_id)]


def test_attack_a_stranger_with_a_key_of_their_own(desk: Desk):
    with pytest.raises(TokenRefused, match="invalid_client"):
        desk.authenticator.client(visit(signed(ec())), (AUDIENCE,), Known())


def test_an_assertion_serves_once_and_is_forgotten_when_it_could_serve_no_more(desk: Desk):
    found = desk.authenticator.client(visit(desk.assertion(desk.register())), (AUDIENCE,), Known())
    with desk.database.write() as conn:
        spend(conn, found.proven, desk.clock())
    with pytest.raises(TokenRefused, match="invalid_client"), desk.database.write() as conn:
        spend(conn, found.proven, desk.clock())
    other = desk.authenticator.client(visit(desk.assertion(desk.register())), (AUDIENCE,), Known())
    with desk.database.write() as conn:
        spend(conn, other.proven, (found.proven.expires + 2) * SECOND)
        assert len(conn.execute(select(assertion_seen)).all()) == 1
