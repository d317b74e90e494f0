"""What names this server's own base is what is here: kept, checked, found and read as if it were relative."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from mappers import lossless
from tests.actors import Hospital, Town
from tests.desk import bundle, entry, observation, patient, put

FHIR = "http://careloom.test/fhir"
ANNA = f"{FHIR}/Patient/anna"


@pytest.fixture
def ehr(embedded: Town) -> Hospital:
    hospital = embedded.hospital()
    assert hospital.puts(patient("anna")).status_code == 201
    return hospital


def ids(hospital: Hospital, query: str) -> list[str]:
    return sorted(one["id"] for one in hospital.searches(query))


def test_a_reference_to_us_lies_with_its_patient_and_is_found(ehr: Hospital):
    made = ehr.puts(observation("o1", ANNA))
    assert made.status_code == 201
    assert made.json()["subject"] == {"reference": "Patient/anna"}
    elsewhere = "https://elsewhere.example/fhir/Patient/anna"
    ehr.puts(observation("o2", elsewhere))
    assert ehr.reads("Observation/o2")["subject"] == {"reference": elsewhere}
    for asked in ("Patient/anna", "anna", ANNA):
        assert ids(ehr, f"Observation?subject={asked}") == ["o1"]
    assert ids(ehr, f"Observation?subject={elsewhere}") == ["o2"]
    assert ids(ehr, "Observation?subject:Patient.gender=female") == ["o1"]
    assert len(ehr.asks("GET", "Patient/anna/$everything").json()["entry"]) == 2


def test_it_is_checked_as_a_relative_one(ehr: Hospital):
    answer = ehr.puts(observation("o1", f"{FHIR}/Medication/m1"))
    assert answer.status_code == 400
    assert answer.json()["issue"][0]["expression"] == ["Observation.subject.reference"]


def test_requests_and_references_of_a_bundle_may_be_whole_urls(ehr: Hospital):
    sent = bundle(
        {**put(observation("o1", ANNA)), "request": {"method": "PUT", "url": f"{FHIR}/Observation/o1"}},
        entry("GET", ANNA),
        {"request": {"method": "DELETE", "url": f"{FHIR}/Observation?code=nothing"}},
    )
    told = ehr.submits(sent)
    assert told.status_code == 200, told.text
    assert [one["response"]["status"][:3] for one in told.json()["entry"]] == ["201", "200", "204"]
    assert ids(ehr, "Observation?subject=Patient/anna") == ["o1"]
    other = bundle({"request": {"method": "GET", "url": "https://elsewhere.example/fhir/Patient/anna"}})
    assert ehr.submits(other).status_code == 400


def patched(hospital: Hospital, value: str, bundled: bool) -> Any:
    change = lossless.dumps([{"op": "replace", "path": "/subject/reference", "value": value}])
    if not bundled:
        return hospital.asks(
            "PATCH", "Observation/o1", change, Content_Type="application/json-patch+json"
        ).status_code
    data = base64.b64encode(change).decode()
    binary = {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": data}
    return hospital.submits(bundle(entry("PATCH", f"{FHIR}/Observation/o1", binary))).status_code


@pytest.mark.parametrize("bundled", [False, True])
def test_what_a_patch_makes_is_local_and_checked_too(ehr: Hospital, bundled: bool):
    ehr.puts(patient("berta"))
    ehr.puts(observation("o1", "Patient/anna"))
    assert patched(ehr, f"{FHIR}/Patient/berta", bundled) == 200
    assert ids(ehr, "Observation?subject=Patient/berta") == ["o1"]
    assert patched(ehr, f"{FHIR}/Medication/m1", bundled) == 422


@pytest.mark.parametrize(
    ("patient_url", "own_url", "reference"),
    [
        ("http://ehr.example/Patient/p1", "http://ehr.example/Observation/o1", "Patient/p1"),
        (f"{FHIR}/Patient/p1", f"{FHIR}/Observation/o1", f"{FHIR}/Patient/p1"),
        (f"{FHIR}/Patient/p1", "urn:uuid:00000000-0000-4000-8000-000000000002", f"{FHIR}/Patient/p1"),
    ],
)
def test_a_relative_reference_is_first_one_to_what_lies_beside_it(
    ehr: Hospital, patient_url: str, own_url: str, reference: str
):
    body = {key: value for key, value in patient("p1").items() if key != "id"}
    about = {key: value for key, value in observation("o1", reference).items() if key != "id"}
    sent = bundle(
        {**entry("POST", "Patient", body), "fullUrl": patient_url},
        {**entry("POST", "Observation", about), "fullUrl": own_url},
    )
    answer = ehr.asks("POST", "", sent, Prefer="return=representation").json()
    made, pointing = (one["resource"] for one in answer["entry"])
    assert pointing["subject"] == {"reference": f"Patient/{made['id']}"}
