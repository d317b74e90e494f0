"""Conditional writes and references: found by what identifies, and refused when that is not one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.actors import Hospital, Town


def patient(mrn: str, family: str = "Muster") -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "identifier": [{"system": "urn:mrn", "value": mrn}],
        "name": [{"family": family}],
    }


def about(reference: str) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "E11.9"}]},
        "subject": {"reference": reference},
    }


def bundle(*entries: tuple[str, str, dict[str, Any] | None, dict[str, str]]) -> dict[str, Any]:
    made = []
    for method, url, resource, more in entries:
        entry: dict[str, Any] = {"request": {"method": method, "url": url, **more}}
        made.append({**entry, "resource": resource} if resource else entry)
    return {"resourceType": "Bundle", "type": "transaction", "entry": made}


@pytest.fixture
def hospital(here: Town) -> Hospital:
    return here.hospital("st-anna")


def statuses(answer: Any) -> list[str]:
    return [entry["response"]["status"][:3] for entry in answer.json()["entry"]]


def test_a_conditional_create_makes_one_and_finds_it_again(hospital: Hospital):
    again = bundle(("POST", "Patient", patient("1"), {"ifNoneExist": "identifier=urn:mrn|1"}))
    first, second = hospital.submits(again), hospital.submits(again)
    assert (statuses(first), statuses(second)) == (["201"], ["200"])
    places = {answer.json()["entry"][0]["response"]["location"] for answer in (first, second)}
    assert len(places) == 1


def test_a_conditional_update_updates_what_it_finds_or_creates(hospital: Hospital):
    url = "Patient?identifier=urn:mrn|1"
    first = hospital.submits(bundle(("PUT", url, patient("1"), {})))
    second = hospital.submits(bundle(("PUT", url, patient("1", "Neu"), {})))
    assert (statuses(first), statuses(second)) == (["201"], ["200"])
    (found,) = hospital.searches("Patient?identifier=urn:mrn|1")
    assert found["name"] == [{"family": "Neu"}]


def test_a_conditional_delete_deletes_the_one(hospital: Hospital):
    hospital.submits(bundle(("POST", "Patient", patient("1"), {})))
    answer = hospital.submits(bundle(("DELETE", "Patient?identifier=urn:mrn|1", None, {})))
    assert statuses(answer) == ["204"]
    assert hospital.searches("Patient?identifier=urn:mrn|1") == []


def test_criteria_that_match_several_are_412_and_change_nothing(hospital: Hospital):
    hospital.submits(bundle(("POST", "Patient", patient("1"), {}), ("POST", "Patient", patient("2"), {})))
    answer = hospital.submits(bundle(("PUT", "Patient?family=Muster", patient("3"), {})))
    assert answer.status_code == 412
    assert len(hospital.searches("Patient?family=Muster")) == 2


def test_a_conditional_reference_becomes_the_one_that_it_means(hospital: Hospital):
    made = hospital.submits(bundle(("POST", "Patient", patient("1"), {})))
    literal = made.json()["entry"][0]["response"]["location"].partition("/_history")[0]
    sent = bundle(("POST", "Condition", about("Patient?identifier=urn:mrn|1"), {}))
    assert hospital.submits(sent).status_code == 200
    (condition,) = hospital.searches(f"Condition?subject={literal}")
    assert condition["subject"] == {"reference": literal}


@pytest.mark.parametrize(
    "wrong", ["Patient?identifier=urn:mrn|9", "urn:uuid:0b0c6d1e-0000-4000-8000-000000000001"]
)
def test_a_reference_that_leads_nowhere_is_refused_with_its_place(hospital: Hospital, wrong: str):
    sent = bundle(("POST", "Patient", patient("1"), {}), ("POST", "Condition", about(wrong), {}))
    answer = hospital.submits(sent)
    assert answer.status_code == 422
    assert answer.json()["issue"][0]["expression"] == ["Bundle.entry[1].resource.subject.reference"]
    assert wrong not in answer.text
    assert hospital.searches("Patient?identifier=urn:mrn|1") == [], "nothing is stored by halves"


def test_a_literal_reference_may_point_at_what_is_not_there_yet(hospital: Hospital):
    assert hospital.submits(bundle(("POST", "Condition", about("Patient/later"), {}))).status_code == 200
    (condition,) = hospital.searches("Condition?subject=Patient/later")
    assert condition["subject"] == {"reference": "Patient/later"}


def test_only_carelooms_own_plan_bears_its_identifier(hospital: Hospital):
    plan = {
        "resourceType": "CarePlan",
        "id": "mine",
        "identifier": [{"system": "urn:careloom:plan", "value": "mine"}],
        "status": "active",
        "intent": "plan",
        "subject": {"reference": "Patient/p"},
    }
    assert hospital.puts(plan).status_code == 422
