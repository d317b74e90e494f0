"""What an EHR finds of its own, by each kind of parameter, and that nothing asked is dropped."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.release import paging
from tests.actors import Hospital, Town
from tests.desk import Desk, ehr, patient

LOINC = "http://loinc.org"


def observation(ident: str, patient: str, code: str, value: str, when: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": ident,
        "identifier": [{"system": "urn:lab", "value": f"order-{ident}"}],
        "status": "final",
        "category": [{"coding": [{"system": "urn:category", "code": "laboratory"}]}],
        "code": {"coding": [{"system": LOINC, "code": code}], "text": "as the lab calls it"},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": when,
        "valueQuantity": {"value": int(value), "unit": "mg/dL", "system": "http://unitsofmeasure.org"},
    }


PATIENTS = [
    {
        "resourceType": "Patient",
        "id": "mrn-1",
        "identifier": [{"system": "urn:mrn", "value": "4711"}],
        "name": [{"family": "Löwenherz", "given": ["Änne", "Maria"]}],
        "telecom": [{"system": "phone", "value": "+49 30 1234"}],
        "birthDate": "1961-04-17",
        "gender": "female",
        "address": [{"city": "Potsdam", "postalCode": "14467"}],
    },
    {"resourceType": "Patient", "id": "mrn-2", "name": [{"family": "Muster"}], "birthDate": "1961-04-02"},
]
OBSERVATIONS = [
    observation("o1", "mrn-1", "2160-0", "1", "2026-03-01"),
    observation("o2", "mrn-1", "2160-0", "2", "2026-04-01"),
    observation("o3", "mrn-2", "2345-7", "99", "2026-04"),
]


@pytest.fixture
def hospital(here: Town) -> Hospital:
    made = here.hospital("st-anna")
    for resource in (*PATIENTS, *OBSERVATIONS):
        assert made.puts(resource).status_code == 201
    return made


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("Patient?identifier=urn:mrn|4711", {"mrn-1"}),
        ("Patient?identifier=4711", {"mrn-1"}),
        ("Patient?identifier=urn:mrn|4712", set()),
        ("Patient?family=lowen", {"mrn-1"}),
        ("Patient?family=LÖWENHERZ", {"mrn-1"}),
        ("Patient?family:exact=Muster", {"mrn-2"}),
        ("Patient?family:exact=muster", set()),
        ("Patient?family:contains=uste", {"mrn-2"}),
        ("Patient?given=maria", {"mrn-1"}),
        ("Patient?birthdate=1961-04-17", {"mrn-1"}),
        ("Patient?birthdate=1961-04", {"mrn-1", "mrn-2"}),
        ("Patient?birthdate=lt1961-04-10", {"mrn-2"}),
        ("Patient?gender=female", {"mrn-1"}),
        ("Patient?gender:missing=true", {"mrn-2"}),
        ("Patient?gender:not=female", {"mrn-2"}),
        ("Patient?address-postalcode=14467", {"mrn-1"}),
        ("Patient?phone=%2B49%2030%201234", {"mrn-1"}),
        ("Patient?_id=mrn-2", {"mrn-2"}),
        ("Patient?_id=mrn-1,mrn-2", {"mrn-1", "mrn-2"}),
        ("Patient?_id=nobody", set()),
        ("Patient?_lastUpdated=gt2020-01-01", {"mrn-1", "mrn-2"}),
        ("Patient?_lastUpdated=lt2020-01-01", set()),
        (f"Observation?code={LOINC}|2160-0", {"o1", "o2"}),
        ("Observation?code=2160-0,2345-7", {"o1", "o2", "o3"}),
        ("Observation?code:not=2160-0", {"o3"}),
        ("Observation?subject=Patient/mrn-1", {"o1", "o2"}),
        ("Observation?patient=mrn-1", {"o1", "o2"}),
        ("Observation?subject:Patient=mrn-2", {"o3"}),
        ("Observation?subject=Patient/nobody", set()),
        ("Observation?patient=mrn-1&date=ge2026-04-01", {"o2"}),
        ("Observation?date=2026-04", {"o2", "o3"}),
        ("Observation?identifier=urn:lab|order-o2", {"o2"}),
        ("Observation?category=laboratory&patient=mrn-2", {"o3"}),
        ("Observation?value-quantity=gt1", {"o2", "o3"}),
        ("Observation?status=final&_count=1", {"o1", "o2", "o3"}),
    ],
)
def test_each_kind_of_parameter_finds_what_it_names(hospital: Hospital, query: str, ids: set[str]):
    assert {found["id"] for found in hospital.searches(query)} == ids


@pytest.mark.parametrize(
    "query",
    [
        "Patient?shoe-size=44",
        "Patient?gender:above=x",
        "Observation?date=yesterday",
        "Observation?value-quantity=much",
        "Patient?active:missing=perhaps",
    ],
)
def test_what_cannot_be_honoured_is_refused_and_not_repeated(hospital: Hospital, query: str):
    answer = hospital.asks("GET", query)
    assert answer.status_code == 400
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert "44" not in answer.text
    assert "yesterday" not in answer.text


def test_what_was_deleted_or_has_changed_is_found_no_more(hospital: Hospital):
    hospital.asks("DELETE", "Observation/o1")
    moved = observation("o2", "mrn-2", "2160-0", "2", "2026-04-01")
    hospital.puts(moved)
    assert hospital.searches("Observation?patient=mrn-1") == []
    assert {o["id"] for o in hospital.searches("Observation?patient=mrn-2")} == {"o2", "o3"}


def test_pages_are_stable_while_writes_go_on(hospital: Hospital):
    first = hospital.asks("GET", "Observation?status=final&_count=2").json()
    hospital.puts(observation("o4", "mrn-2", "2160-0", "3", "2026-05-01"))
    link = next(one["url"] for one in first["link"] if one["relation"] == "next")
    second = hospital.asks("GET", link).json()
    seen = [entry["resource"]["id"] for page in (first, second) for entry in page["entry"]]
    assert seen == ["o3", "o2", "o1"]


def test_a_resource_that_moves_to_another_patient_keeps_its_own_id(hospital: Hospital):
    """The way back to the EHR's id moves to the keys of the new patient, too."""
    hospital.puts(observation("o1", "mrn-2", "2160-0", "1", "2026-03-01"))
    assert hospital.reads("Observation/o1")["subject"] == {"reference": "Patient/mrn-2"}


def test_hits_are_counted_unasked_as_far_as_it_costs_little(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    desk.puts(*(patient(f"mrn-{number}") for number in range(5)))

    def total(most: int, *more: tuple[str, str]) -> int | None:
        monkeypatch.setattr(paging, "MOST_COUNTED", most)
        return desk.release.search(ehr(), "Patient", [("gender", "female"), *more], None, 2).total

    assert total(5) == 5
    assert total(4) is None
    assert total(4, ("_total", "accurate")) == 5
    assert total(4, ("_total", "estimate")) == 5
