"""A partner sees nothing but what was granted, and asks again for little."""

from __future__ import annotations

import pytest

from tests.actors import Hospital, Partner, Town

ANNA = {"resourceType": "Patient", "id": "mrn-1", "name": [{"family": "Muster"}], "gender": "female"}
PLAN = {
    "resourceType": "CarePlan",
    "id": "plan-1",
    "status": "active",
    "intent": "plan",
    "subject": {"reference": "Patient/mrn-1"},
}


@pytest.fixture
def hospital(here: Town) -> Hospital:
    made = here.hospital("st-anna")
    made.puts(ANNA)
    made.puts(PLAN)
    return made


@pytest.fixture
def partner(here: Town, hospital: Hospital) -> Partner:
    return here.partner("app-gmbh", "st-anna")


def test_law_2_a_partner_does_not_see_what_the_hospital_sent(partner: Partner):
    assert partner.searches("Patient") == []
    assert partner.searches("CarePlan") == []
    for path in ("Patient/mrn-1", "CarePlan/plan-1", "Patient/mrn-1/_history", "Patient/mrn-1/_history/1"):
        assert partner.asks("GET", path).status_code == 404


def test_law_2_a_partner_cannot_ask_by_name(partner: Partner):
    answer = partner.asks("GET", "Patient?family=Muster")
    assert answer.status_code in (400, 403) or not answer.json().get("entry")
    assert "Muster" not in answer.text or answer.status_code == 200


def test_a_poll_is_304_while_nothing_has_changed(partner: Partner):
    first = partner.polls()
    assert first.status_code == 200
    again = partner.polls(first.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]


def test_a_partner_whom_nobody_granted_anything_sees_nothing(here: Town, hospital: Hospital):
    answer = here.partner("stranger-gmbh").polls()
    assert answer.status_code == 403 or not answer.json().get("entry")


def test_law_4_each_poll_is_in_the_log_of_the_hospital_that_granted(here: Town, partner: Partner):
    officer = here.officer("st-anna")
    query = f"AuditEvent?agent={partner.client_id}&subtype=search"
    before = len(officer.searches(query))
    partner.polls()
    partner.polls()
    assert len(officer.searches(query)) == before + 2


def test_a_page_link_of_one_partner_is_nothing_to_another(here: Town):
    hospital = here.hospital("st-anna")
    for number in range(3):
        hospital.puts({**ANNA, "id": f"mrn-{number}"})
    links = hospital.asks("GET", "Patient?_count=1").json()["link"]
    following = next(link["url"] for link in links if link["relation"] == "next")
    assert hospital.asks("GET", following).status_code == 200
    assert here.partner("app-gmbh", "st-anna").asks("GET", following).status_code == 400
    assert here.hospital("st-anna").asks("GET", following).status_code == 400
