"""Conditions of writes over HTTP: each is kept, or refused; none is left aside."""

from __future__ import annotations

from typing import Any

import pytest

from tests.actors import Hospital, Town

NAME = "Patient/mrn-1"
ANNA = {"resourceType": "Patient", "id": "mrn-1", "gender": "female"}
STRANGER = "Patient/mrn-2"
GENDER = [{"op": "add", "path": "/gender", "value": "other"}]


@pytest.fixture
def hospital(here: Town) -> Hospital:
    hospital = here.hospital()
    assert hospital.puts(ANNA).status_code == 201
    return hospital


def bundle(*entries: dict[str, Any], kind: str = "transaction") -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def line(method: str, url: str, resource: dict[str, Any] | None = None, **more: str) -> dict[str, Any]:
    made: dict[str, Any] = {"request": {"method": method, "url": url, **more}}
    return made if resource is None else {**made, "resource": resource}


def test_a_creation_that_supposes_nothing_finds_what_is_there(hospital: Hospital):
    known = {**ANNA, "gender": "other"}
    assert hospital.puts(known, If_None_Match="*").status_code == 412
    assert hospital.reads(NAME)["gender"] == "female"
    new = {**ANNA, "id": "mrn-2"}
    assert hospital.puts(new, If_None_Match="*").status_code == 201
    assert hospital.puts(new, If_None_Match="*").status_code == 412


def test_something_must_be_there_where_anything_is_supposed(hospital: Hospital):
    assert hospital.puts({**ANNA, "gender": "other"}, If_Match="*").status_code == 200
    assert hospital.puts({**ANNA, "id": "mrn-2"}, If_Match="*").status_code == 412
    assert hospital.asks("DELETE", STRANGER, If_Match="*").status_code == 412
    patch = {"Content_Type": "application/json-patch+json", "If_Match": "*"}
    assert hospital.asks("PATCH", STRANGER, GENDER, **patch).status_code == 412
    assert hospital.asks("PATCH", NAME, GENDER, **patch).status_code == 200
    assert hospital.asks("DELETE", NAME, If_Match="*").status_code == 204


def test_the_condition_is_named_as_it_was_sent(hospital: Hospital):
    alone = hospital.puts(ANNA, If_Match='W/"7"')
    assert "If-Match" in alone.json()["issue"][0]["diagnostics"]
    within = hospital.submits(bundle(line("PUT", NAME, ANNA, ifMatch='W/"7"')))
    assert "ifMatch" in within.json()["issue"][0]["diagnostics"]
    assert (alone.status_code, within.status_code) == (412, 412)


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_time_as_a_condition_is_refused(hospital: Hospital, method: str):
    body = {**ANNA, "gender": "other"} if method == "PUT" else None
    answer = hospital.asks(method, NAME, body, If_Unmodified_Since="Thu, 09 Oct 2025 08:53:20 GMT")
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (400, "not-supported")
    assert hospital.reads(NAME)["gender"] == "female"


@pytest.mark.parametrize("criteria", ["", "?"])
def test_empty_criteria_create_nothing(hospital: Hospital, criteria: str):
    body = {"resourceType": "Patient", "gender": "male"}
    assert hospital.asks("POST", "Patient", body, If_None_Exist=criteria).status_code == 400
    assert hospital.reads("Patient?gender=male")["total"] == 0


def test_in_a_bundle_conditions_are_the_same(hospital: Hospital):
    new = {**ANNA, "id": "mrn-2"}
    told = hospital.submits(
        bundle(
            line("PUT", NAME, {**ANNA, "gender": "other"}, ifNoneMatch="*"),
            line("PUT", STRANGER, new, ifMatch="*"),
            line("PUT", STRANGER, new, ifNoneMatch="*"),
            line("DELETE", STRANGER, ifNoneMatch="*"),
            kind="batch",
        )
    ).json()
    assert [e["response"]["status"][:3] for e in told["entry"]] == ["412", "412", "201", "400"]


def test_a_read_that_ends_a_transaction_is_named(hospital: Hospital):
    answer = hospital.submits(bundle(line("GET", NAME), line("GET", STRANGER)))
    assert answer.status_code == 404
    assert [issue["expression"] for issue in answer.json()["issue"]] == [["Bundle.entry[1]"]]
