"""The play, step by step, before an audience of stand-ins: what is sent, what is awaited, what is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import pytest

from gateway.demo import session
from gateway.demo.server import NotRunning
from gateway.demo.session import Arrival, admit, finding, look, plans, trail, wait_for_plans

DAY = date(2026, 1, 15)


class Hospital:
    """Answers as the gateway does: each patient has a plan from the second question on."""

    def __init__(self, answers_after: int = 1) -> None:
        self.sent: list[dict[str, Any]] = []
        self.asked = 0
        self.answers_after = answers_after

    def transaction(self, bundle: dict[str, Any]) -> dict[str, Any]:
        self.sent.append(bundle)
        number = len(self.sent)
        types = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
        places = [{"response": {"location": f"http://x/fhir/{type_}/{number}/_history/1"}} for type_ in types]
        return {"entry": places}

    def search(self, type_: str, parameters: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        assert type_ == "CarePlan"
        assert parameters["identifier"] == "urn:careloom:plan|"
        self.asked += 1
        count = len(self.sent) if self.asked > self.answers_after else 0
        for number in range(1, count + 1):
            yield {"status": "draft", "subject": {"reference": f"Patient/{number}"}}
        yield {"status": "completed", "subject": {"reference": "Patient/of-the-dead"}}


def arrive(hospital: Hospital, count: int, seed: int = 1) -> list[Arrival]:
    return list(admit(hospital, count, seed, DAY))  # type: ignore[arg-type]


def test_each_patient_is_one_transaction():
    hospital = Hospital()
    arrivals = arrive(hospital, 3)
    assert [arrival.reference for arrival in arrivals] == ["Patient/1", "Patient/2", "Patient/3"]
    assert all(bundle["type"] == "transaction" for bundle in hospital.sent)
    assert all(arrival.name.strip() and arrival.born for arrival in arrivals)


def test_law_11_the_same_seed_brings_the_same_patients():
    first, again, other = Hospital(), Hospital(), Hospital()
    arrive(first, 3)
    arrive(again, 3)
    arrive(other, 3, seed=2)
    assert first.sent == again.sent != other.sent


def test_the_patients_of_one_seed_are_different_people():
    names = {arrival.name for arrival in arrive(Hospital(), 8)}
    assert len(names) > 4


def test_it_waits_until_every_plan_is_there():
    hospital, seen = Hospital(answers_after=2), []
    arrivals = arrive(hospital, 2)
    living = sum(arrival.living for arrival in arrivals)
    wait_for_plans(hospital, arrivals, seen.append, lambda: None)  # type: ignore[arg-type]
    assert seen == [0, 0, living]


def test_a_plan_that_never_comes_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(session, "PLAN_SECONDS", 0.0)
    hospital = Hospital(answers_after=99)
    hospital.transaction({"entry": []})
    missing = [Arrival("Patient/1", "Ada Lovelace", "1970-12-10", living=True)]
    with pytest.raises(NotRunning, match="1 plans did not come"):
        wait_for_plans(hospital, missing, lambda _: None, lambda: None)  # type: ignore[arg-type]


def test_a_server_that_died_ends_the_waiting():
    def dead() -> None:
        raise NotRunning("it has ended")

    with pytest.raises(NotRunning, match="it has ended"):
        wait_for_plans(Hospital(9), [Arrival("Patient/1", "A", "1", True)], lambda _: None, dead)  # type: ignore[arg-type]


def test_a_plan_that_has_ended_is_not_shown():
    assert plans(Hospital()) == {}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("resource", "line"),
    [
        ({"code": {"text": "Type 2 diabetes"}}, "Type 2 diabetes"),
        ({"code": {"coding": [{"code": "44054006", "display": "Diabetes"}]}}, "Diabetes"),
        ({"code": {"coding": [{"code": "44054006"}]}}, "44054006"),
        ({"code": {"text": "eGFR"}, "valueQuantity": {"value": 24, "unit": "mL/min"}}, "eGFR: 24 mL/min"),
        ({"code": {"text": "Index"}, "valueQuantity": {"value": 3}}, "Index: 3"),
    ],
)
def test_a_finding_is_one_line(resource: dict, line: str):
    assert finding(resource) == line


class Shelf:
    def __init__(self) -> None:
        self.read: list[str] = []

    def get(self, reference: str) -> dict[str, Any]:
        self.read.append(reference)
        return {"code": {"text": reference}}


def test_what_was_found_is_what_the_plan_points_at():
    told = {
        "addresses": [{"reference": "Condition/1"}],
        "supportingInfo": [
            {"reference": "Observation/2"},
            {"reference": "Medication/3", "display": "For: x"},
        ],
    }
    ada, eve = Arrival("Patient/1", "Ada", "1970", True), Arrival("Patient/2", "Eve", "1920", False)
    shelf = Shelf()
    shown = look(shelf, [ada, eve], {"Patient/1": told})  # type: ignore[arg-type]
    assert [patient.found for patient in shown] == [("Condition/1", "Observation/2"), ()]
    assert [patient.plan for patient in shown] == [told, None]


class Trail:
    def search(self, type_: str, _parameters: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        assert type_ == "AuditEvent"
        for kind in ("rest:create", "rest:create", "token:issue"):
            yield {"subtype": [{"code": "create"}, {"code": kind}]}


def test_events_are_counted_by_our_own_name_for_them():
    assert trail(Trail()) == {"rest:create": 2, "token:issue": 1}  # type: ignore[arg-type]
