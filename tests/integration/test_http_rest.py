"""One resource at a time, as an EHR does it: what it sends it gets back, under its own ids."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests

from gateway.demo.client import FHIR_JSON
from mappers import lossless
from tests.actors import Hospital, Town

ANNA = {
    "resourceType": "Patient",
    "id": "mrn-1",
    "active": True,
    "name": [{"family": "Muster", "given": ["Anna"]}],
    "gender": "female",
    "birthDate": "1970-05",
}
WEIGHT = (
    b'{"resourceType":"Observation","id":"w-1","status":"final","code":{"coding":[{"system":"http://loinc.org",'
    b'"code":"29463-7"}]},"subject":{"reference":"Patient/mrn-1"},"effectiveDateTime":"2026-01-31",'
    b'"valueQuantity":{"value":71.10,"unit":"kg","system":"http://unitsofmeasure.org","code":"kg"}}'
)


def body(answer: requests.Response) -> dict[str, Any]:
    parsed: dict[str, Any] = lossless.loads(answer.content)
    return parsed


def without_server_parts(resource: dict[str, Any]) -> dict[str, Any]:
    meta = {k: v for k, v in resource.get("meta", {}).items() if k not in ("versionId", "lastUpdated")}
    rest = {k: v for k, v in resource.items() if k != "meta"}
    return {**rest, "meta": meta} if meta else rest


def outcome(answer: requests.Response, status: int, code: str | None = None) -> dict[str, Any]:
    """One OperationOutcome that says something and leaves nothing to caches."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"].startswith(FHIR_JSON)
    assert answer.headers["Cache-Control"] == "no-store"
    told = body(answer)
    assert told["resourceType"] == "OperationOutcome"
    assert all(issue["diagnostics"] for issue in told["issue"])
    if code:
        assert code in [issue["code"] for issue in told["issue"]]
    return told


@pytest.fixture
def hospital(here: Town) -> Hospital:
    return here.hospital()


@pytest.fixture
def ehr(embedded: Town) -> Hospital:
    return embedded.hospital()


# --- on both databases --------------------------------------------------------------------------------------


def test_law_1_what_was_put_comes_back_to_the_byte_of_every_value(hospital: Hospital):
    assert hospital.puts(ANNA).status_code == 201
    assert hospital.asks("PUT", "Observation/w-1", WEIGHT).status_code == 201
    assert without_server_parts(hospital.reads("Patient/mrn-1")) == ANNA
    assert b'"value":71.10' in hospital.asks("GET", "Observation/w-1").content


def test_the_life_of_a_resource(hospital: Hospital):
    first = hospital.puts(ANNA)
    assert (first.status_code, first.headers["ETag"]) == (201, 'W/"1"')
    assert first.headers["Location"] == "http://careloom.test/fhir/Patient/mrn-1/_history/1"
    assert first.headers["Last-Modified"].endswith("GMT")
    second = hospital.puts({**ANNA, "active": False})
    assert (second.status_code, second.headers["ETag"]) == (200, 'W/"2"')
    assert "Location" not in second.headers
    assert hospital.reads("Patient/mrn-1/_history/1")["active"] is True
    assert hospital.reads("Patient/mrn-1")["active"] is False
    assert hospital.asks("DELETE", "Patient/mrn-1").status_code == 204
    outcome(hospital.asks("GET", "Patient/mrn-1"), 410, "deleted")
    assert hospital.asks("DELETE", "Patient/mrn-1").status_code == 204
    assert hospital.puts(ANNA).status_code in (200, 201)


def test_a_new_resource_gets_an_id(hospital: Hospital):
    answer = hospital.asks("POST", "Patient", {k: v for k, v in ANNA.items() if k != "id"})
    assert answer.status_code == 201
    found = re.fullmatch(
        r"http://careloom\.test/fhir/(Patient/[A-Za-z0-9.-]{1,64})/_history/1", answer.headers["Location"]
    )
    assert found
    assert hospital.reads(found[1])["birthDate"] == "1970-05"


def test_a_create_that_need_not_be_done_is_not_done(hospital: Hospital):
    sent = {**ANNA, "identifier": [{"system": "urn:mrn", "value": "1"}]}
    hospital.puts(sent)
    again = hospital.asks("POST", "Patient", sent, If_None_Exist="identifier=urn:mrn|1")
    assert again.status_code == 200
    assert len(hospital.searches("Patient")) == 1


def test_history_has_every_version_newest_first(hospital: Hospital):
    hospital.puts(ANNA)
    hospital.puts({**ANNA, "active": False})
    hospital.asks("DELETE", "Patient/mrn-1")
    told = body(hospital.asks("GET", "Patient/mrn-1/_history"))
    assert (told["type"], told["total"]) == ("history", 3)
    assert [entry["request"]["method"] for entry in told["entry"]] == ["DELETE", "PUT", "PUT"]
    assert [entry["response"]["etag"] for entry in told["entry"]] == ['W/"3"', 'W/"2"', 'W/"1"']
    assert [entry.get("resource", {}).get("active") for entry in told["entry"]] == [None, False, True]


def test_history_comes_in_pages_under_the_ceiling_of_the_first(hospital: Hospital):
    for number in range(5):
        hospital.puts({**ANNA, "active": number % 2 == 0})
    first = body(hospital.asks("GET", "Patient/mrn-1/_history?_count=2"))
    hospital.puts({**ANNA, "gender": "other"})
    link = next(link["url"] for link in first["link"] if link["relation"] == "next")
    second = body(hospital.asks("GET", link))
    etags = [entry["response"]["etag"] for page in (first, second) for entry in page["entry"]]
    assert etags == ['W/"5"', 'W/"4"', 'W/"3"', 'W/"2"']
    assert second["total"] == 5


def test_a_search_comes_in_pages_and_misses_none(hospital: Hospital):
    for number in range(7):
        hospital.puts({**ANNA, "id": f"mrn-{number}"})
    found = hospital.searches("Patient?gender=female&_count=3")
    assert sorted(each["id"] for each in found) == [f"mrn-{number}" for number in range(7)]


def test_another_hospital_sees_nothing(here: Town):
    mine, theirs = here.hospital("st-anna"), here.hospital("st-berta")
    mine.puts(ANNA)
    outcome(theirs.asks("GET", "Patient/mrn-1"), 404, "not-found")
    outcome(theirs.asks("GET", "Patient/mrn-1/_history"), 404, "not-found")
    assert theirs.searches("Patient") == []
    assert theirs.puts(ANNA).status_code == 201
    assert mine.reads("Patient/mrn-1")["meta"]["versionId"] == "1"


# --- conditions ---------------------------------------------------------------------------------------------


def test_what_the_client_has_is_not_sent_again(ehr: Hospital):
    ehr.puts(ANNA)
    seen = ehr.asks("GET", "Patient/mrn-1")
    for headers in (
        {"If_None_Match": seen.headers["ETag"]},
        {"If_Modified_Since": seen.headers["Last-Modified"]},
    ):
        again = ehr.asks("GET", "Patient/mrn-1", **headers)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == seen.headers["ETag"]
    ehr.puts({**ANNA, "active": False})
    assert ehr.asks("GET", "Patient/mrn-1", If_None_Match=seen.headers["ETag"]).status_code == 200


def test_an_update_of_what_has_moved_on_is_412(ehr: Hospital):
    ehr.puts(ANNA)
    ehr.puts({**ANNA, "active": False}, If_Match='W/"1"')
    outcome(ehr.puts(ANNA, If_Match='W/"1"'), 412)
    assert ehr.reads("Patient/mrn-1")["active"] is False


def test_an_update_that_changes_nothing_writes_no_version(ehr: Hospital):
    ehr.puts(ANNA)
    assert ehr.puts(ANNA).headers["ETag"] == 'W/"1"'


@pytest.mark.parametrize(
    ("prefer", "type_"),
    [("representation", "Patient"), ("OperationOutcome", "OperationOutcome"), ("minimal", None)],
)
def test_the_client_says_what_it_wants_back(ehr: Hospital, prefer: str, type_: str | None):
    answer = ehr.puts(ANNA, Prefer=f"return={prefer}")
    assert answer.status_code == 201
    assert (body(answer)["resourceType"] if answer.content else None) == type_


# --- what is refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "sent", "status"),
    [
        ("PUT", "Patient/mrn-2", ANNA, 400),
        ("PUT", "Observation/mrn-1", ANNA, 400),
        ("POST", "Observation", ANNA, 400),
        ("POST", "Patient", b"", 400),
        ("POST", "Patient", b"[]", 400),
        ("POST", "Patient", b'{"resourceType":"Patient","resourceType":"Patient"}', 400),
        ("POST", "Patient", b"[" * 100_000, 400),
        ("POST", "Patient", b'{"resourceType":"Patient","gender":"\xff"}', 400),
        ("POST", "Patient", b'{"resourceType":"Patient","multipleBirthInteger":NaN}', 400),
        ("PUT", "Patient/mrn-1", {**ANNA, "gender": "unkown"}, 400),
        ("GET", "Patient/mrn-1/_history/x", None, 404),
        ("GET", "Patient/nobody", None, 404),
        ("GET", "Spaceship/1", None, 404),
        ("PUT", "Spaceship/1", {"resourceType": "Spaceship", "id": "1"}, 404),
        ("GET", "Patient?shoe-size=42", None, 400),
        ("GET", "Patient/mrn-1?_summary=count", None, 400),
        ("GET", "Patient?_count=many", None, 400),
        ("GET", "Patient?_page=forged", None, 400),
        ("PATCH", "Patient/mrn-1", b"[]", 400),
        ("POST", "Patient/mrn-1", ANNA, 405),
        ("DELETE", "Patient", None, 400),
        ("PUT", "Patient", ANNA, 400),
        ("PATCH", "Patient", {"resourceType": "Parameters"}, 400),
        ("GET", "", None, 405),
        ("GET", "Patient/mrn-1/_history/1/more", None, 404),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_stored(
    ehr: Hospital, method: str, path: str, sent: Any, status: int
):
    outcome(ehr.asks(method, path, sent), status)
    assert ehr.searches("Patient") == []


def test_a_method_that_is_not_served_is_told_which_are(ehr: Hospital):
    assert ehr.asks("POST", "Patient/mrn-1", b"[]").headers["Allow"] == "DELETE, GET, HEAD, PATCH, PUT"


def test_every_fault_is_named_with_its_place(ehr: Hospital):
    wrong = {**ANNA, "gender": "unkown", "birthDate": "1970-02-30"}
    told = outcome(ehr.puts(wrong), 400)
    places = {place for issue in told["issue"] for place in issue["expression"]}
    assert places == {"Patient.gender", "Patient.birthDate"}


def test_law_2_no_refusal_repeats_an_id_or_a_value(ehr: Hospital):
    answers = [
        ehr.asks("GET", "Patient/erika-mustermann"),
        ehr.puts({**ANNA, "id": "erika", "gender": "erika"}),
        ehr.asks("GET", "Patient?erika=mustermann"),
        ehr.asks("GET", "Patient?_count=erika"),
        ehr.asks("GET", "Erika/1"),
    ]
    assert [a.status_code for a in answers] == [404, 400, 400, 400, 404]
    assert not [a for a in answers if "erika" in (a.text + str(a.headers)).lower()]


def test_a_trail_cannot_be_written_by_anybody(ehr: Hospital):
    event = {"resourceType": "AuditEvent", "id": "1-1"}
    outcome(ehr.puts(event), 403)
    outcome(ehr.asks("POST", "AuditEvent", event), 403)
    outcome(ehr.asks("DELETE", "AuditEvent/1-1"), 403)
