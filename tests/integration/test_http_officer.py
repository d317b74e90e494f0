"""The officer sees who did what, in pages, and is seen looking."""

from __future__ import annotations

import pytest
from fhir.resources.R4B.auditevent import AuditEvent
from fhir.resources.R4B.bundle import Bundle

from gateway.auth.users import Trust
from mappers import lossless
from tests.actors import Hospital, Officer, Town

ANNA = {"resourceType": "Patient", "id": "mrn-1", "name": [{"family": "Muster"}], "gender": "female"}


@pytest.fixture
def hospital(here: Town) -> Hospital:
    made = here.hospital()
    made.puts(ANNA)
    return made


@pytest.fixture
def officer(here: Town, hospital: Hospital) -> Officer:
    return here.officer()


def count(officer: Officer, query: str) -> int:
    return len(officer.searches(f"AuditEvent?{query}"))


def test_law_4_every_access_is_seen(hospital: Hospital, officer: Officer):
    before = count(officer, f"agent={hospital.client_id}&action=R")
    hospital.reads("Patient/mrn-1")
    hospital.reads("Patient/mrn-1/_history/1")
    hospital.asks("GET", "Patient/nobody")
    assert count(officer, f"agent={hospital.client_id}&action=R") == before + 3


def test_events_are_valid_and_a_bundle_of_them_too(hospital: Hospital, officer: Officer):
    hospital.reads("Patient/mrn-1")
    page = officer.asks("GET", "AuditEvent").json()
    Bundle.model_validate(page)
    assert page["total"] == len(page["entry"]) > 3
    for entry in page["entry"]:
        AuditEvent.model_validate(entry["resource"])


def test_one_event_can_be_read(officer: Officer):
    event = officer.searches("AuditEvent?type=rest")[0]
    answer = officer.asks("GET", f"AuditEvent/{event['id']}")
    assert lossless.loads(answer.content) == event
    assert answer.headers["ETag"] == 'W/"1"'


@pytest.mark.parametrize("id_", ["0-999999", "nonsense", "1", "-", "99-0", "0-0-0", "1-", "9" * 60])
def test_an_event_that_is_not_there_is_404(officer: Officer, id_: str):
    assert officer.asks("GET", f"AuditEvent/{id_}").status_code == 404


def test_the_officer_asks_about_a_patient_as_the_hospital_calls_it(hospital: Hospital, officer: Officer):
    hospital.puts({**ANNA, "id": "mrn-2"})
    hospital.reads("Patient/mrn-1")
    found = officer.searches("AuditEvent?patient=Patient/mrn-1&action=C,R")
    assert {event["action"] for event in found} == {"C", "R"}
    assert found == officer.searches("AuditEvent?entity=Patient/mrn-1&action=C,R")
    (shown,) = {
        e["what"]["reference"]
        for event in found
        for e in event["entity"]
        if "role" in e and e["role"]["code"] == "1"
    }
    assert found == officer.searches(f"AuditEvent?patient={shown}&action=C,R")


def test_law_2_the_officer_sees_pseudonyms_only(hospital: Hospital, officer: Officer):
    hospital.asks("GET", "Patient?family=Muster")
    text = officer.asks("GET", "AuditEvent?_count=1000").text
    assert "mrn-1" not in text
    assert "Muster" not in text


def test_a_pseudonym_leads_the_hospital_back_to_its_patient(hospital: Hospital, officer: Officer):
    event = officer.searches("AuditEvent?subtype=update,create&type=rest")[0]
    reference = next(e["what"]["reference"] for e in event["entity"] if e.get("role", {}).get("code") == "1")
    assert hospital.reads(reference)["id"] == "mrn-1"


def test_pages_have_every_event_once_while_more_are_written(hospital: Hospital, officer: Officer):
    for _ in range(12):
        hospital.reads("Patient/mrn-1")
    query = f"agent={hospital.client_id}"
    whole = [event["id"] for event in officer.searches(f"AuditEvent?{query}")]
    url, paged = f"AuditEvent?{query}&_count=5", []
    while url:
        page = officer.asks("GET", url).json()
        assert page["total"] == len(whole)
        hospital.reads("Patient/mrn-1")
        paged += [entry["resource"]["id"] for entry in page["entry"]]
        url = next((link["url"] for link in page["link"] if link["relation"] == "next"), "")
    assert paged == whole


def test_the_newest_come_first(hospital: Hospital, officer: Officer):
    hospital.reads("Patient/mrn-1")
    times = [event["recorded"] for event in officer.searches("AuditEvent")]
    assert times == sorted(times, reverse=True)


def test_law_4_each_look_is_itself_seen(officer: Officer):
    query = f"agent={officer.client_id}&subtype=search"
    before = count(officer, query)
    assert count(officer, query) == before + 1


def test_law_4_a_look_at_a_patient_is_found_by_that_patient(officer: Officer):
    officer.searches("AuditEvent?patient=Patient/mrn-1")
    looks = officer.searches(f"AuditEvent?patient=Patient/mrn-1&agent={officer.client_id}")
    assert [event["action"] for event in looks] == ["E"]


@pytest.mark.parametrize("organization", [None, "https://st-anna.example"])
def test_a_user_is_found_by_the_id_alone_and_with_the_organization(
    here: Town, officer: Officer, organization: str | None
):
    said = {"version": "1", "subject_id": "npi-12", "purpose_of_use": ["TREAT"]}
    said |= {"organization_id": organization} if organization else {}
    ward = here.hospital(trust=Trust(users=True))
    assertion = ward.client.assertion(extensions={"hl7-b2b": said})
    bearer = {"Authorization": f"Bearer {ward.client.ask_for_token(assertion).json()['access_token']}"}
    here.session().get(f"{here.base_url}/fhir/Patient/mrn-1", headers=bearer, timeout=10)

    whole = f"{organization}|npi-12" if organization else "npi-12"
    for asked in ("npi-12", whole, "nobody,npi-12"):
        found = officer.searches(f"AuditEvent?agent={asked}&action=R")
        assert [event["action"] for event in found] == ["R"]
    assert officer.searches("AuditEvent?agent=pi-12&action=R") == []


def test_a_search_by_form_finds_the_same(hospital: Hospital, officer: Officer):
    by_url = officer.searches(f"AuditEvent?agent={hospital.client_id}")
    form = f"agent={hospital.client_id}".encode()
    answer = officer.asks(
        "POST", "AuditEvent/_search", form, Content_Type="application/x-www-form-urlencoded"
    )
    assert [entry["resource"] for entry in lossless.loads(answer.content)["entry"]] == by_url


def test_another_hospitals_log_is_not_shown(here: Town, hospital: Hospital, officer: Officer):
    neighbour = here.hospital("st-berta")
    neighbour.puts(ANNA)
    assert count(officer, f"agent={neighbour.client_id}") == 0
    other = here.officer("st-berta")
    assert count(other, f"agent={hospital.client_id}") == 0
    assert count(other, f"agent={neighbour.client_id}") > 0
    event = other.searches(f"AuditEvent?agent={neighbour.client_id}")[0]
    assert officer.asks("GET", f"AuditEvent/{event['id']}").status_code == 404


def test_what_has_no_tenant_is_shown_to_every_officer(here: Town, officer: Officer):
    here.session().get(f"{here.base_url}/fhir/Patient/x", timeout=5)
    for each in (officer, here.officer("st-berta")):
        assert [event["outcomeDesc"] for event in each.searches("AuditEvent?outcome=4")] == ["401 login"]


@pytest.mark.parametrize("query", ["shoe-size=42", "date=yesterday", "_sort=agent", "patient:missing=true"])
def test_what_cannot_be_honoured_is_refused(officer: Officer, query: str):
    assert officer.asks("GET", f"AuditEvent?{query}").status_code == 400


def test_a_lenient_officer_is_told_what_was_left_out(officer: Officer):
    page = officer.asks("GET", "AuditEvent?action=E&shoe-size=42", Prefer="handling=lenient").json()
    assert page["entry"][-1]["search"]["mode"] == "outcome"
    assert "shoe-size" in page["entry"][-1]["resource"]["issue"][0]["diagnostics"]


@pytest.mark.parametrize(
    ("query", "finds"),
    [
        ("date=ge2026", True),
        ("date=lt2026", False),
        ("agent={client}", True),
        ("patient=Patient/mrn-1", True),
        ("patient=Patient/nobody", False),
        ("entity=Patient/mrn-1", True),
        ("type=rest", True),
        ("subtype=read", True),
        ("subtype=urn:careloom:audit-kind|rest:read", True),
        ("action=R", True),
        ("outcome=4", False),
        ("purpose=TREAT", False),
        ("address=127.0.0.1", True),
        ("address=10.", False),
    ],
)
def test_each_parameter_of_the_trail_finds_what_bears_it(
    hospital: Hospital, officer: Officer, query: str, finds: bool
):
    hospital.reads("Patient/mrn-1")
    asked = query.format(client=hospital.client_id)
    found = officer.searches(f"AuditEvent?subtype=rest:read&{asked}")
    assert bool(found) is finds
    paged = officer.searches(f"AuditEvent?subtype=rest:read&{asked}&_count=1")
    assert paged == found, "page by page the same"


def test_a_look_into_the_trail_is_recorded_with_what_was_asked(hospital: Hospital, officer: Officer):
    officer.searches("AuditEvent?patient=Patient/mrn-1&date=ge2026&agent=Muster")
    look = officer.searches(f"AuditEvent?agent={officer.client_id}&subtype=search")[0]
    patient, query, *_ = look["entity"]
    shown = patient["what"]["reference"]
    asked = query["description"]
    assert asked == f"AuditEvent?patient={shown}&date=ge2026&agent=***&_count=50"
    assert shown != "Patient/mrn-1"


def test_a_refused_search_is_a_query_in_the_trail(hospital: Hospital, officer: Officer):
    hospital.asks("GET", "Patient?shoe-size=42")
    (event,) = officer.searches("AuditEvent?subtype=search&outcome=4")
    assert event["action"] == "E"
    assert "profile" not in event["meta"]
