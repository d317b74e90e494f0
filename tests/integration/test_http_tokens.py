"""Tokens over HTTP: told of, ended, and bearing the human who asked for them."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from gateway.auth.authentication import ASSERTION_TYPE
from gateway.auth.users import Trust
from tests.actors import Hospital, Somebody, Town

B2B = {"hl7-b2b": {"version": "1", "subject_id": "npi-12", "purpose_of_use": ["ETREAT"]}}


def form(town: Town, who: Somebody, where: str, token: str) -> requests.Response:
    assertion = who.client.assertion(aud=f"{town.base_url}/auth/{where}")
    fields = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion, "token": token}
    return town.session().post(f"{town.base_url}/auth/{where}", data=fields, timeout=10)


@pytest.fixture
def hospital(here: Town) -> Hospital:
    return here.hospital()


def test_a_client_asks_about_its_token_and_ends_it(here: Town, hospital: Hospital):
    token = hospital.client.token()
    told = form(here, hospital, "introspect", token)
    assert (told.status_code, told.headers["Cache-Control"]) == (200, "no-store")
    assert told.json()["active"] is True
    assert told.json()["scope"] == "system/*.cruds"
    assert form(here, hospital, "revoke", token).status_code == 200
    assert form(here, hospital, "introspect", token).json() == {"active": False}
    answer = here.session().get(
        f"{here.base_url}/fhir/Patient", headers={"Authorization": f"Bearer {token}"}, timeout=10
    )
    assert answer.status_code == 401


def test_attack_another_organization_learns_nothing(here: Town, hospital: Hospital):
    token, stranger = hospital.client.token(), here.hospital("st-berta")
    assert form(here, stranger, "introspect", token).json() == {"active": False}
    assert form(here, stranger, "revoke", token).status_code == 200
    assert form(here, hospital, "introspect", token).json()["active"] is True


@pytest.mark.parametrize("where", ["introspect", "revoke"])
def test_attack_nobody_asks_without_an_assertion(here: Town, hospital: Hospital, where: str):
    answer = here.session().post(
        f"{here.base_url}/auth/{where}", data={"token": hospital.client.token()}, timeout=10
    )
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert "token" not in answer.json()


def test_discovery_names_both(here: Town):
    found = here.session().get(f"{here.base_url}/fhir/.well-known/smart-configuration", timeout=10).json()
    assert found["introspection_endpoint"] == f"{here.base_url}/auth/introspect"
    assert found["revocation_endpoint"] == f"{here.base_url}/auth/revoke"


@pytest.mark.parametrize(("trust", "agents"), [(Trust(users=True), 4), (Trust(), 3)])
def test_the_officer_sees_the_human_of_a_client_that_is_trusted(here: Town, trust: Trust, agents: int):
    ward, officer = here.hospital(trust=trust), here.officer()
    claims: dict[str, Any] = {"extensions": B2B}
    token = ward.client.ask_for_token(ward.client.assertion(**claims)).json()["access_token"]
    address = f"{here.base_url}/fhir/Patient/nobody"
    here.session().get(address, headers={"Authorization": f"Bearer {token}"}, timeout=10)
    event = officer.searches(f"AuditEvent?agent={ward.client_id}&action=R")[0]
    assert len(event["agent"]) == agents
    assert ("purposeOfEvent" in event) is trust.users
