"""What a bundle's request lines ask for, and how the wrong ones are named."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.intake.entries import (
    Entry,
    Standing,
    criteria,
    if_match,
    read_entries,
    refuse_twins,
)
from gateway.refusal import Refused


def bundle(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}


def entry(method: str, url: str, resource: dict[str, Any] | None = None, **request: str) -> dict[str, Any]:
    made: dict[str, Any] = {"request": {"method": method, "url": url, **request}}
    return {**made, "resource": resource} if resource is not None else made


PATIENT = {"resourceType": "Patient", "id": "p1"}


def test_a_put_names_its_resource() -> None:
    (found,) = read_entries(bundle(entry("PUT", "Patient/p1", PATIENT, ifMatch='W/"3"')))
    assert (found.at, found.method, found.literal, found.if_match) == (
        "Bundle.entry[0]",
        "PUT",
        "Patient/p1",
        3,
    )


def test_a_put_by_criteria_has_no_id_yet() -> None:
    (found,) = read_entries(bundle(entry("PUT", "Patient?identifier=s|1", PATIENT)))
    assert found.id is None
    assert found.query == "identifier=s|1"


@pytest.mark.parametrize(
    ("raw", "expression"),
    [
        ({"resource": PATIENT}, "Bundle.entry[0]"),
        (entry("FETCH", "Patient/p1"), "Bundle.entry[0].request.method"),
        (entry("HEAD", "Patient/p1"), "Bundle.entry[0]"),
        (entry("PATCH", "Patient"), "Bundle.entry[0].request.url"),
        (entry("POST", "Patient/p1", PATIENT), "Bundle.entry[0].request.url"),
        (entry("PUT", "Patient", PATIENT), "Bundle.entry[0].request.url"),
        (entry("DELETE", "Patient"), "Bundle.entry[0].request.url"),
        (entry("GET", "Patient/p1/_history"), "Bundle.entry[0].request.url"),
        (entry("POST", "Patiënt", PATIENT), "Bundle.entry[0].request.url"),
        (entry("POST", "Patient"), "Bundle.entry[0]"),
        (entry("POST", "Observation", PATIENT), "Bundle.entry[0].resource"),
        (entry("PUT", "Patient/p2", PATIENT), "Bundle.entry[0].resource.id"),
        (entry("PUT", "Patient/p1", PATIENT, ifMatch="newest"), "Bundle.entry[0].request.ifMatch"),
        (entry("PUT", "Patient/p1", PATIENT, ifMatch="9" * 5_000), "Bundle.entry[0].request.ifMatch"),
        (entry("PUT", "Patient/p1", PATIENT, ifNoneMatch='W/"1"'), "Bundle.entry[0].request.ifNoneMatch"),
        (entry("DELETE", "Patient/p1", ifNoneMatch="*"), "Bundle.entry[0].request.ifNoneMatch"),
        (
            entry("PUT", "Patient/p1", PATIENT, ifNoneMatch="*", ifMatch='W/"1"'),
            "Bundle.entry[0].request.ifNoneMatch",
        ),
        (entry("POST", "Patient", PATIENT, ifNoneExist="&"), "Bundle.entry[0].request.ifNoneExist"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(raw: dict[str, Any], expression: str) -> None:
    with pytest.raises(Refused) as caught:
        read_entries(bundle(raw))
    assert caught.value.issues[0].expression == expression


@given(st.integers(min_value=1, max_value=10**9), st.booleans())
def test_a_version_survives_its_etag(version: int, weak: bool) -> None:
    assert if_match(f'{"W/" if weak else ""}"{version}"', "") == version


@pytest.mark.parametrize(
    ("request_line", "condition"),
    [
        (entry("PUT", "Patient/p1", PATIENT, ifMatch="*"), Standing.ANY),
        (entry("PUT", "Patient/p1", PATIENT, ifNoneMatch="*"), Standing.NOTHING),
        (entry("DELETE", "Patient/p1", ifMatch="*"), Standing.ANY),
        (entry("GET", "Patient/p1", ifNoneMatch='W/"1"'), None),
    ],
)
def test_a_write_may_suppose_something_or_nothing(request_line: dict[str, Any], condition: Standing) -> None:
    assert read_entries(bundle(request_line))[0].if_match is condition


def test_criteria_undo_percent_encoding() -> None:
    assert criteria("identifier=urn%3Aa%7C1&name=") == [("identifier", "urn:a|1"), ("name", "")]
    assert criteria("Patient?identifier=urn:a|1") == [("identifier", "urn:a|1")]


def test_two_writes_of_one_resource_are_refused_but_a_read_beside_a_write_is_not() -> None:
    write = Entry("Bundle.entry[0]", "PUT", "Patient", "p1", dict(PATIENT))
    read = Entry("Bundle.entry[1]", "GET", "Patient", "p1")
    refuse_twins([write, read])
    with pytest.raises(Refused):
        refuse_twins([write, Entry("Bundle.entry[1]", "DELETE", "Patient", "p1")])


def test_what_one_entry_deletes_another_cannot_read() -> None:
    delete = Entry("Bundle.entry[0]", "DELETE", "Patient", "p1")
    read = Entry("Bundle.entry[1]", "GET", "Patient", "p1")
    for entries in ([delete, read], [read, delete]):
        with pytest.raises(Refused) as caught:
            refuse_twins(entries)
        assert caught.value.issues[0].expression == "Bundle.entry[1]"
