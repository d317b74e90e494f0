"""Reads of a part of a resource, operations without a body, and addresses that are only read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.actors import Hospital, Town

NAME = "Patient/mrn-1"
NARRATIVE = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'}
ANNA = {
    "resourceType": "Patient",
    "id": "mrn-1",
    "text": NARRATIVE,
    "active": True,
    "gender": "female",
    "maritalStatus": {"text": "x"},
}
HEAD = {"resourceType", "id", "meta"}


@pytest.fixture
def hospital(embedded: Town) -> Hospital:
    hospital = embedded.hospital()
    assert hospital.puts(ANNA).status_code == 201
    return hospital


@pytest.mark.parametrize("path", [NAME, f"{NAME}/_history/1"])
@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("_summary=true", {"active", "gender"}),
        ("_summary=text", {"text"}),
        ("_summary=data", {"active", "gender", "maritalStatus"}),
        ("_elements=gender", {"gender"}),
    ],
)
def test_less_of_a_resource_bears_the_tag_that_says_so(
    hospital: Hospital, path: str, query: str, left: set[str]
):
    answer = hospital.asks("GET", f"{path}?{query}")
    assert (answer.status_code, answer.headers["ETag"]) == (200, 'W/"1"')
    assert set(answer.json()) == HEAD | left
    assert [tag["code"] for tag in answer.json()["meta"]["tag"]] == ["SUBSETTED"]
    assert hospital.asks("GET", f"{path}?{query}", If_None_Match='W/"1"').status_code == 304


def test_the_whole_bears_none(hospital: Hospital):
    whole = hospital.reads(f"{NAME}?_summary=false")
    assert set(whole) == {*ANNA, "meta"}
    assert "tag" not in whole["meta"]


@pytest.mark.parametrize("query", ["_summary=count", "_summary=x", "_elements=colour", "gender=female"])
def test_what_a_read_cannot_honour_is_refused(hospital: Hospital, query: str):
    assert hospital.asks("GET", f"{NAME}?{query}").status_code == 400


def empty(hospital: Hospital, path: str, **headers: str) -> Any:
    return hospital.asks("POST", path, b"", **headers)


@pytest.mark.parametrize("kind", [{}, {"Content_Type": "application/fhir+json"}], ids=["none", "fhir"])
def test_an_operation_without_a_body_has_no_parameters(hospital: Hospital, kind: dict[str, str]):
    assert empty(hospital, f"{NAME}/$validate", **kind).json()["issue"][0]["severity"] == "information"
    assert empty(hospital, f"{NAME}/$everything", **kind).json()["type"] == "searchset"
    assert empty(hospital, "Patient/$validate", **kind).json()["issue"][0]["code"] == "required"


def test_a_body_of_another_kind_is_refused_still(hospital: Hospital):
    answer = hospital.asks("POST", f"{NAME}/$validate", b"<x/>", Content_Type="application/fhir+xml")
    assert answer.status_code == 415


def test_a_patch_of_another_kind_is_told_both_that_are_served(hospital: Hospital):
    answer = hospital.asks("PATCH", NAME, b"{}", Content_Type="application/merge-patch+json")
    assert answer.status_code == 415
    text = answer.json()["issue"][0]["diagnostics"]
    assert "application/fhir+json or application/json-patch+json" in text


@pytest.mark.parametrize("path", [f"{NAME}/$foo", "Patient/$foo", "$foo"])
def test_an_operation_that_is_not_served_says_so(hospital: Hospital, path: str):
    answer = hospital.asks("GET", path)
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (404, "not-supported")


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH", "DELETE"])
def test_metadata_is_only_read(hospital: Hospital, method: str):
    answer = hospital.asks(method, "metadata", b"{}")
    assert answer.status_code == 405
    assert {"GET"} <= set(answer.headers["Allow"].split(", ")) <= {"GET", "HEAD"}
    assert hospital.asks("GET", "metadata").status_code == 200
