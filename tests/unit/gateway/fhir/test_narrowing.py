"""``_summary`` and ``_elements`` are honoured or refused."""

from __future__ import annotations

import pytest

from gateway.fhir.narrowing import take_narrowing
from gateway.refusal import Kind
from tests.desk import refusal

PATIENT = {
    "resourceType": "Patient",
    "id": "p",
    "gender": "male",
    "text": {},
    "contact": [{}],
    "active": True,
}


def shown(*parameters: tuple[str, str]) -> set[str]:
    narrowing, _ = take_narrowing("Patient", list(parameters))
    return set(narrowing.hit(PATIENT) if narrowing.hit else PATIENT) - {"resourceType", "id", "meta"}


def test_what_is_shown():
    assert shown() == shown(("_summary", "false")) == {"gender", "text", "contact", "active"}
    assert shown(("_summary", "true")) == {"gender", "active"}
    assert shown(("_summary", "text")) == {"text"}
    assert shown(("_summary", "data")) == {"gender", "contact", "active"}
    assert shown(("_elements", "active,Patient.contact")) == {"active", "contact"}


def test_a_count_alone():
    narrowing, rest = take_narrowing("Patient", [("_summary", "count"), ("gender", "male")])
    assert narrowing.total_only
    assert rest == [("gender", "male")]


def test_what_is_included_is_narrowed_by_a_summary_only():
    assert take_narrowing("Patient", [("_summary", "true")])[0].included is not None
    assert take_narrowing("Patient", [("_elements", "active")])[0].included is None


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ([("_summary", "perhaps")], "value"),
        ([("_summary", "true"), ("_summary", "true")], "value"),
        ([("_summary", "true"), ("_elements", "active")], "value"),
        ([("_elements", "nonsense")], "not-supported"),
        ([("_elements", "")], "not-supported"),
        ([("_summary", "text"), ("_include", "Patient:link")], "value"),
        ([("_summary", "text"), ("_revinclude:iterate", "Observation:patient")], "value"),
    ],
)
def test_law_12_what_cannot_be_honoured_is_refused(parameters: list, code: str):
    with refusal(Kind.MALFORMED, code):
        take_narrowing("Patient", parameters)
