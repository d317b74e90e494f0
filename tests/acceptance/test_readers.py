"""Who reads what: a partner sees pseudonyms, a stranger nothing, the officer everything that happened."""

from __future__ import annotations

import pytest

from tests.acceptance.bundles import needles, seen_in
from tests.acceptance.clients import PLAN, Client
from tests.acceptance.conftest import House


@pytest.fixture(scope="module")
def partner(full_house: House) -> Client:
    client = Client(full_house.careloom, "partner", "app-gmbh")
    ran = full_house.careloom.run("grant", "add", "--client", client.client_id, "--organization", "st-anna")
    assert ran.returncode == 0, ran.stderr
    return client


@pytest.fixture(scope="module")
def officer(full_house: House) -> Client:
    return Client(full_house.careloom, "officer", "st-anna")


def test_the_partner_reads_one_plan_per_living_patient(full_house: House, partner: Client):
    current = [plan for plan in partner.plans() if plan["status"] == "draft"]
    assert len(current) == len([a for a in full_house.admissions if a.sent.living])
    assert len({plan["subject"]["reference"] for plan in current}) == len(current)


def test_law_2_the_partner_sees_pseudonyms_only(full_house: House, partner: Client):
    answers = [partner.request("GET", "CarePlan", params={"identifier": PLAN, "_count": "200"})]
    answers += [partner.request("GET", f"CarePlan/{plan['id']}") for plan in partner.plans()[:5]]
    answers += [partner.request("GET", plan["subject"]["reference"]) for plan in partner.plans()[:5]]
    hay = b"\n".join(repr(answer.headers).encode() + answer.content for answer in answers)
    wanted = set().union(*(needles(admission.sent) for admission in full_house.admissions))
    server_ids = {ref.partition("/")[2] for a in full_house.admissions for ref in a.where.values()}
    assert len(hay) > 10_000
    seen = seen_in(hay, wanted | server_ids)
    assert not {needle: hay[hay.find(needle.encode()) - 200 :][:260] for needle in seen}


def test_the_partner_polls_and_gets_304_while_nothing_changed(partner: Client):
    plan = partner.plans()[0]
    path = f"CarePlan/{plan['id']}"
    etag = partner.request("GET", path).headers["ETag"]
    again = partner.request("GET", path, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


def test_the_partners_search_is_304_while_nothing_changed(partner: Client):
    etag = partner.request("GET", "CarePlan", params={"identifier": PLAN}).headers["ETag"]
    again = partner.request("GET", "CarePlan", params={"identifier": PLAN}, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


def test_two_partners_cannot_join_what_they_hold(full_house: House, partner: Client):
    other = Client(full_house.careloom, "partner", "other-gmbh")
    full_house.careloom.run("grant", "add", "--client", other.client_id, "--organization", "st-anna")
    mine, theirs = ({plan["subject"]["reference"] for plan in client.plans()} for client in (partner, other))
    assert mine
    assert theirs
    assert not mine & theirs


def test_the_partner_cannot_write(partner: Client):
    assert partner.puts({"resourceType": "Patient", "id": "p1"}).status_code == 403


def test_a_partner_without_a_grant_sees_nothing(full_house: House):
    stranger = Client(full_house.careloom, "partner", "no-grant-gmbh")
    answer = stranger.request("GET", "CarePlan", params={"identifier": PLAN})
    assert answer.status_code == 403 or not answer.json().get("entry")


def test_another_hospital_sees_nothing(full_house: House):
    neighbour = Client(full_house.careloom, "ehr", "st-berta")
    assert neighbour.plans() == []
    assert neighbour.searches("Patient") == []
    for admission in full_house.admissions[:3]:
        assert neighbour.request("GET", admission.patient).status_code == 404


def test_law_4_the_officer_sees_every_access(full_house: House, partner: Client, officer: Client):
    hospital = full_house.hospital
    patient = full_house.admissions[0].patient
    before = len(_reads_of(officer, hospital.client_id))
    hospital.reads(patient)
    hospital.reads(patient)
    hospital.request("GET", "Patient/there-is-no-such-patient")
    assert len(_reads_of(officer, hospital.client_id)) == before + 3
    partner.reads(f"CarePlan/{partner.plans()[0]['id']}")
    assert _reads_of(officer, partner.client_id)


def _reads_of(officer: Client, client_id: str) -> list[dict]:
    events = officer.searches("AuditEvent", _count="500")
    return [event for event in events if _by(event) == client_id and event.get("action") == "R"]


def _by(event: dict) -> str | None:
    agents = [
        agent["who"]["identifier"]["value"]
        for agent in event["agent"]
        if "identifier" in agent.get("who", {})
    ]
    return agents[0] if agents else None


def test_the_officer_sees_no_patient_data(full_house: House, officer: Client):
    assert officer.request("GET", full_house.admissions[0].patient).status_code == 403


def test_the_trail_verifies(full_house: House):
    verdict = full_house.careloom.json("audit", "verify", "--json")
    assert verdict["ok"] is True
    sent = sum(len(admission.where) for admission in full_house.admissions)
    assert verdict["events"] >= sent, "one event per bundle entry"
