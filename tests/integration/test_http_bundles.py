"""Transactions and batches: all or nothing, each on its own, and the same again where the key is the same."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mappers import lossless
from tests.actors import Hospital, Town

PATIENT = {"resourceType": "Patient", "gender": "female", "birthDate": "1970-05-01"}
URN = "urn:uuid:00000000-0000-4000-8000-00000000000"


def entry(resource: dict[str, Any], url: str, method: str = "PUT", **more: Any) -> dict[str, Any]:
    return {"resource": resource, "request": {"method": method, "url": url}, **more}


def bundle(*entries: dict[str, Any], kind: str = "transaction") -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def observation(subject: str, **more: Any) -> dict[str, Any]:
    code = {"coding": [{"system": "http://loinc.org", "code": "4548-4"}]}
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": code,
        "subject": {"reference": subject},
        **more,
    }


def admission() -> dict[str, Any]:
    return bundle(
        entry(PATIENT, "Patient", "POST", fullUrl=f"{URN}1"),
        entry(observation(f"{URN}1"), "Observation", "POST", fullUrl=f"{URN}2"),
    )


@pytest.fixture
def hospital(here: Town) -> Hospital:
    return here.hospital()


def test_references_between_entries_are_resolved(hospital: Hospital):
    answer = hospital.submits(admission())
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["type"] == "transaction-response"
    patient, seen = [e["response"]["location"].partition("/_history")[0] for e in told["entry"]]
    assert [e["response"]["status"] for e in told["entry"]] == ["201 Created", "201 Created"]
    assert hospital.reads(seen)["subject"]["reference"] == patient


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        (entry({**PATIENT, "gender": "x"}, "Patient", "POST"), "Bundle.entry[1].resource.gender"),
        (entry(observation(f"{URN}9"), "Observation", "POST"), "Bundle.entry[1]"),
        (entry(PATIENT, "Spaceship", "POST"), "Bundle.entry[1].request.url"),
        (entry({**PATIENT, "id": "a"}, "Patient/b"), "Bundle.entry[1]"),
        ({"resource": PATIENT}, "Bundle"),
    ],
    ids=["invalid", "urn", "type", "id", "request"],
)
def test_law_4_one_wrong_entry_and_nothing_is_stored(hospital: Hospital, wrong: dict[str, Any], place: str):
    answer = hospital.submits(bundle(entry({**PATIENT, "id": "mrn-1"}, "Patient/mrn-1"), wrong))
    assert answer.status_code in (400, 422)
    assert any(place in e for issue in answer.json()["issue"] for e in issue["expression"])
    assert hospital.asks("GET", "Patient/mrn-1").status_code == 404


def test_two_entries_for_one_resource_are_refused(hospital: Hospital):
    twin = entry({**PATIENT, "id": "mrn-1"}, "Patient/mrn-1")
    assert hospital.submits(bundle(twin, twin)).status_code == 400


def test_a_batch_serves_each_entry_on_its_own(hospital: Hospital):
    told = hospital.submits(
        bundle(
            entry({**PATIENT, "id": "mrn-1"}, "Patient/mrn-1"),
            entry({**PATIENT, "id": "mrn-2", "gender": "x"}, "Patient/mrn-2"),
            {"request": {"method": "GET", "url": "Patient/mrn-1"}},
            {"request": {"method": "GET", "url": "Patient/nobody"}},
            kind="batch",
        )
    ).json()
    assert told["type"] == "batch-response"
    assert [e["response"]["status"][:3] for e in told["entry"]] == ["201", "400", "200", "404"]
    assert told["entry"][1]["response"]["outcome"]["resourceType"] == "OperationOutcome"
    assert told["entry"][2]["resource"]["id"] == "mrn-1"


WRONG = {
    "type of url": entry(PATIENT, "Spaceship", "POST"),
    "type of resource": entry({"resourceType": "Spaceship"}, "Spaceship", "POST"),
    "no type": entry({"gender": "female"}, "Patient", "POST"),
    "method": entry(PATIENT, "Patient", "STEAL"),
    "no request": {"resource": PATIENT},
    "empty url": {"request": {"method": "GET", "url": ""}},
    "unknown member": entry(PATIENT, "Patient", "POST", colour="red"),
    "no object": "Patient",
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_wrong_entry_of_a_batch_is_refused_alone_and_with_its_place(hospital: Hospital, wrong: Any):
    right = [entry({**PATIENT, "id": f"mrn-{n}"}, f"Patient/mrn-{n}") for n in (1, 2)]
    answer = hospital.submits(bundle(right[0], wrong, right[1], kind="batch"))
    assert answer.status_code == 200, answer.text
    responses = [e["response"] for e in answer.json()["entry"]]
    assert [r["status"][:3] for r in responses] == ["201", "400", "201"]
    places = [e for issue in responses[1]["outcome"]["issue"] for e in issue["expression"]]
    assert places
    assert all(place.startswith("Bundle.entry[1]") for place in places)


def test_a_batch_of_nothing_but_wrong_entries_is_answered_entry_by_entry(hospital: Hospital):
    told = hospital.submits(bundle(*WRONG.values(), kind="batch")).json()
    assert [e["response"]["status"][:3] for e in told["entry"]] == ["400"] * len(WRONG)


@pytest.mark.parametrize(
    "wrong", [{"entry": {}}, {"entry": "x"}, {"entry": []}, {"total": "x"}, {"colour": 1}]
)
def test_what_is_wrong_with_a_batch_itself_refuses_it_whole(hospital: Hospital, wrong: dict[str, Any]):
    right = entry({**PATIENT, "id": "mrn-1"}, "Patient/mrn-1")
    assert hospital.submits(bundle(right, WRONG["method"], kind="batch") | wrong).status_code == 400
    assert hospital.asks("GET", "Patient/mrn-1").status_code == 404


def test_a_history_inside_a_batch_is_422_alone(hospital: Hospital):
    history = {"request": {"method": "GET", "url": "Patient/x/_history"}}
    told = hospital.submits(bundle(history, entry(PATIENT, "Patient", "POST"), kind="batch")).json()
    assert [e["response"]["status"][:3] for e in told["entry"]] == ["422", "201"]


@pytest.mark.parametrize("kind", ["collection", "searchset", "document", "", None])
def test_a_bundle_that_asks_for_nothing_is_refused(hospital: Hospital, kind: str | None):
    sent = {"resourceType": "Bundle"} | ({} if kind is None else {"type": kind})
    answer = hospital.submits(sent)
    assert answer.status_code == 400
    assert answer.json()["issue"][0]["expression"] == ["Bundle.type"]


def test_what_is_no_bundle_is_refused(hospital: Hospital):
    assert hospital.submits(PATIENT).status_code == 400


# --- the same again -----------------------------------------------------------------------------------------


def test_law_6_the_same_key_and_body_give_the_same_answer_and_change_nothing(hospital: Hospital):
    first = hospital.submits(admission(), "key-1")
    again = hospital.submits(admission(), "key-1")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert len(hospital.searches("Patient")) == 1


def test_the_same_key_with_another_body_is_422(hospital: Hospital):
    hospital.submits(admission(), "key-1")
    other = bundle(entry(PATIENT, "Patient", "POST"))
    assert hospital.submits(other, "key-1").status_code == 422
    assert len(hospital.searches("Patient")) == 1


def test_keys_of_two_clients_are_two_keys(here: Town):
    one, other = here.hospital("st-anna"), here.hospital("st-berta")
    assert one.submits(admission(), "key-1").content != other.submits(admission(), "key-1").content


@pytest.mark.parametrize("key", ["x" * 256, ""])
def test_a_key_that_is_no_key_is_refused(hospital: Hospital, key: str):
    answer = hospital.client.send("POST", "", admission(), {"Idempotency-Key": key})
    assert answer.status_code == 400


def test_law_6_the_same_bundle_at_once_goes_in_once(here: Town):
    hospital = here.hospital()
    hospital.client.token()
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: hospital.submits(admission(), "key-1"), range(6)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert all(answer.headers["Retry-After"] for answer in answers if answer.status_code == 409)
    assert len({answer.content for answer in answers if answer.status_code == 200}) == 1
    assert len(hospital.searches("Patient")) == 1


# --- the way back -------------------------------------------------------------------------------------------


def test_law_1_a_bundle_comes_back_to_the_byte_of_every_value(hospital: Hospital):
    quantity = b'{"value":0.000000100,"unit":"mol","system":"http://unitsofmeasure.org","code":"mol"}'
    sent = lossless.dumps(observation("Patient/mrn-1", id="o-1")).replace(
        b'"status":"final"', b'"status":"final","valueQuantity":' + quantity
    )
    body = b'{"resourceType":"Bundle","type":"transaction","entry":[{"resource":%s,' % sent
    body += b'"request":{"method":"PUT","url":"Observation/o-1"}}]}'
    assert hospital.asks("POST", "", body).status_code == 200
    assert quantity in hospital.asks("GET", "Observation/o-1").content
