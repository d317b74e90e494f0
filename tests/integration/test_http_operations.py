"""``$validate`` and ``$meta`` over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.actors import Hospital, Town
from tests.desk import patient

WRONG = {"resourceType": "Patient", "id": "a", "gender": "m", "birthDate": "2026-02-30"}


@pytest.fixture
def small(embedded: Town) -> Hospital:
    return embedded.hospital()


def outcome(small: Hospital, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    answer = small.asks("POST", path, body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"
    found: list[dict[str, Any]] = answer.json()["issue"]
    return found


def parameters(*found: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": list(found)}


def test_what_is_valid_is_said_to_be_and_nothing_is_stored(small: Hospital):
    (issue,) = outcome(small, "Patient/$validate", patient("a"))
    assert (issue["severity"], issue["code"]) == ("information", "informational")
    assert small.asks("GET", "Patient/a").status_code == 404


@pytest.mark.parametrize("wrap", [False, True])
def test_every_fault_has_its_place_and_is_that_of_a_write(small: Hospital, wrap: bool):
    body = parameters({"name": "resource", "resource": WRONG}) if wrap else WRONG
    found = outcome(small, "Patient/$validate", body)
    assert {issue["severity"] for issue in found} == {"error"}
    assert [issue["expression"] for issue in found] == [["Patient.gender"], ["Patient.birthDate"]]
    refused = small.puts(WRONG)
    assert refused.status_code == 400
    assert [i["expression"] for i in refused.json()["issue"]] == [i["expression"] for i in found]


def test_type_and_id_are_those_of_the_address(small: Hospital):
    (issue,) = outcome(small, "Observation/$validate", patient("a"))
    assert issue["expression"] == ["Patient"]
    (issue,) = outcome(small, "Patient/b/$validate", patient("a"))
    assert issue["expression"] == ["Patient.id"]
    nobody = {name: value for name, value in patient("a").items() if name != "id"}
    (issue,) = outcome(small, "Patient/$validate?mode=update", nobody)
    assert (issue["code"], issue["expression"]) == ("required", ["Patient.id"])
    (issue,) = outcome(small, "Patient/$validate?mode=create", nobody)
    assert issue["severity"] == "information"


def test_what_is_stored_can_be_validated_and_asked_whether_it_may_go(embedded: Town, small: Hospital):
    small.puts(patient("a"))
    (issue,) = outcome(small, "Patient/a/$validate", parameters())
    assert issue["severity"] == "information"
    gone = parameters({"name": "mode", "valueCode": "delete"})
    (issue,) = outcome(small, "Patient/a/$validate", gone)
    assert issue["severity"] == "information"
    (issue,) = outcome(embedded.hospital(scope="system/Patient.rs"), "Patient/a/$validate", gone)
    assert (issue["severity"], issue["code"]) == ("error", "forbidden")
    assert small.asks("POST", "Patient/b/$validate", gone).status_code == 404
    assert small.asks("POST", "Patient/b/$validate", parameters()).status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("Patient/$validate?profile=http://x", patient("a"), 422),
        ("Patient/$validate?mode=profile", patient("a"), 400),
        ("Patient/$validate?mode=destroy", patient("a"), 400),
        ("Patient/$validate?mode=delete", patient("a"), 400),
        ("Patient/a/$validate?mode=create", patient("a"), 400),
        ("Patient/$validate?x=y", patient("a"), 400),
        ("Patient/$validate", parameters(), 400),
        ("Patient/$validate", parameters({"name": "resource", "valueString": "x"}), 400),
        ("Patient/$validate", {"resourceType": "Parameters", "parameter": "x"}, 400),
        ("Patience/$validate", patient("a"), 404),
    ],
)
def test_what_cannot_be_asked_is_refused(small: Hospital, path: str, body: dict[str, Any], status: int):
    assert small.asks("POST", path, body).status_code == status


def test_law_4_that_it_was_asked_is_in_the_trail(embedded: Town, small: Hospital):
    outcome(small, "Patient/$validate", patient("a"))
    officer = embedded.officer()
    (event,) = officer.searches(f"AuditEvent?agent={small.client_id}&subtype=operation")
    assert event["outcome"] == "0"


def test_law_12_it_needs_a_scope_and_is_not_for_officers(embedded: Town):
    other = embedded.hospital(scope="system/Goal.rs")
    assert other.asks("POST", "Patient/$validate", patient("a")).status_code == 403
    assert embedded.officer().asks("POST", "AuditEvent/$validate", patient("a")).status_code == 403


def test_meta_is_the_meta_of_the_resource(small: Hospital):
    small.puts(patient("a", meta={"tag": [{"system": "urn:x", "code": "y"}]}))
    answer = small.asks("GET", "Patient/a/$meta")
    assert answer.status_code == 200
    (told,) = answer.json()["parameter"]
    assert told["name"] == "return"
    assert told["valueMeta"] == small.reads("Patient/a")["meta"]
    assert answer.headers["ETag"] == 'W/"1"'
    assert small.asks("GET", "Patient/b/$meta").status_code == 404
