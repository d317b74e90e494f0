"""``Prefer: return=`` on a bundle: each write in it is told as it would be by itself."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.intake.returning import Returning, returning
from tests.actors import Hospital, Town

NAME = "Patient/mrn-1"
ANNA = {"resourceType": "Patient", "id": "mrn-1", "gender": "female"}
BERTA = {"resourceType": "Patient", "gender": "female"}
URN = "urn:uuid:00000000-0000-4000-8000-000000000001"
WEIGHT = {
    "resourceType": "Basic",
    "code": {"text": "x"},
    "subject": {"reference": URN},
}
CHANGE = {
    "resourceType": "Parameters",
    "parameter": [
        {
            "name": "operation",
            "part": [
                {"name": "type", "valueCode": "replace"},
                {"name": "path", "valueString": "Patient.gender"},
                {"name": "value", "valueCode": "other"},
            ],
        }
    ],
}


def bundle(*entries: dict[str, Any], kind: str = "transaction") -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def line(method: str, url: str, resource: dict[str, Any] | None = None, **more: str) -> dict[str, Any]:
    made: dict[str, Any] = {"request": {"method": method, "url": url}, **more}
    return made if resource is None else {**made, "resource": resource}


WRITES = (line("POST", "Patient", BERTA, fullUrl=URN), line("POST", "Basic", WEIGHT), line("PUT", NAME, ANNA))


def told(hospital: Hospital, sent: dict[str, Any], form: str | None, **headers: str) -> list[dict[str, Any]]:
    preference = {} if form is None else {"Prefer": f"return={form}"}
    answer = hospital.asks("POST", "", sent, **preference, **headers)
    assert answer.status_code == 200, answer.text
    entries: list[dict[str, Any]] = answer.json()["entry"]
    return entries


@pytest.mark.parametrize("kind", ["transaction", "batch"])
def test_a_representation_is_what_is_read_afterwards(here: Town, kind: str):
    hospital = here.hospital()
    writes = WRITES if kind == "transaction" else (WRITES[0], WRITES[2])
    for entry in told(hospital, bundle(*writes, kind=kind), "representation"):
        assert entry["resource"] == hospital.reads(entry["response"]["location"].partition("/_history")[0])
        assert "outcome" not in entry["response"]


@pytest.mark.parametrize("form", [None, "minimal", "everything"])
def test_otherwise_an_answer_is_minimal(here: Town, form: str | None):
    assert all(list(entry) == ["response"] for entry in told(here.hospital(), bundle(*WRITES), form))


def test_an_outcome_says_that_it_was_stored_and_nothing_of_a_deletion(here: Town):
    hospital = here.hospital()
    entries = told(hospital, bundle(*WRITES), "OperationOutcome")
    issues = [entry["response"]["outcome"]["issue"][0] for entry in entries]
    assert {issue["severity"] for issue in issues} == {"information"}
    assert not any("resource" in entry for entry in entries)
    (gone,) = told(hospital, bundle(line("DELETE", NAME)), "OperationOutcome")
    assert list(gone) == ["response"]
    assert "outcome" not in gone["response"]


def test_what_a_patch_made_is_shown_only_to_who_may_read_it(embedded: Town):
    assert embedded.hospital().puts(ANNA).status_code == 201
    sent = bundle(line("PATCH", NAME, CHANGE))
    (hidden,) = told(embedded.hospital(scope="system/Patient.u"), sent, "representation")
    assert list(hidden) == ["response"]
    (shown,) = told(embedded.hospital(), sent, "representation")
    assert shown["resource"]["gender"] == "other"


@pytest.mark.parametrize("kind", ["transaction", "batch"])
def test_a_repeat_gets_the_form_that_was_preferred_first(here: Town, kind: str):
    hospital = here.hospital()
    sent = bundle(WRITES[0], kind=kind)
    first = told(hospital, sent, "representation", Idempotency_Key="k")
    assert "resource" in first[0]
    assert told(hospital, sent, "minimal", Idempotency_Key="k") == first


@pytest.mark.parametrize(
    ("preferred", "form"),
    [(form.value, form) for form in Returning] + [(None, Returning.MINIMAL), ("x", Returning.MINIMAL)],
)
def test_a_preference_that_is_none_is_as_if_it_were_not_there(preferred: str | None, form: Returning):
    assert returning(preferred) is form
