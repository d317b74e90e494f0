"""What a bundle's request lines ask for, and how the wrong ones are named."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.intake.entries import (
    Entry,
    criteria,
    if_match,
    read_entries,
    refuse_twins,
    resolve,
)
from gateway.refusal import Kind, Refused


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
        (entry("POST", "Observation", PATIENT), "Bundle.entry[0].resource.resourceType"),
        (entry("PUT", "Patient/p2", PATIENT), "Bundle.entry[0].resource.id"),
        (entry("PUT", "Patient/p1", PATIENT, ifMatch="newest"), "Bundle.entry[0].request.ifMatch"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(raw: dict[str, Any], expression: str) -> None:
    with pytest.raises(Refused) as caught:
        read_entries(bundle(raw))
    assert caught.value.issues[0].expression == expression


@given(st.integers(min_value=1, max_value=10**9), st.booleans())
def test_a_version_survives_its_etag(version: int, weak: bool) -> None:
    assert if_match(f'{"W/" if weak else ""}"{version}"', "") == version


def test_criteria_undo_percent_encoding() -> None:
    assert criteria("identifier=urn%3Aa%7C1&name=") == [("identifier", "urn:a|1"), ("name", "")]
    assert criteria("Patient?identifier=urn:a|1") == [("identifier", "urn:a|1")]


def never(text: str, at: str) -> str:
    raise AssertionError("nothing conditional was asked")


def observation(reference: str) -> dict[str, Any]:
    return {"resourceType": "Observation", "id": "o1", "subject": {"reference": reference}}


def test_urn_and_conditional_references_become_literal() -> None:
    entries = [
        Entry("Bundle.entry[0]", "POST", "Patient", "given", dict(PATIENT), "urn:uuid:a"),
        Entry("Bundle.entry[1]", "POST", "Observation", "o1", observation("urn:uuid:a")),
        Entry("Bundle.entry[2]", "POST", "Observation", "o2", observation("Patient?identifier=s|1")),
    ]
    asked: list[tuple[str, str]] = []

    def look_up(text: str, at: str) -> str:
        asked.append((text, at))
        return "Patient/found"

    made = resolve(entries, look_up)
    assert asked == [("Patient?identifier=s|1", "Bundle.entry[2].resource")]
    assert [e.resource and e.resource.get("subject") for e in made] == [
        None,
        {"reference": "Patient/given"},
        {"reference": "Patient/found"},
    ]
    assert entries[1].resource == observation("urn:uuid:a"), "the input is left alone"


def test_every_urn_that_names_nothing_is_said_at_once() -> None:
    entries = [
        Entry(f"Bundle.entry[{i}]", "POST", "Observation", "x", observation("urn:uuid:b")) for i in (0, 1)
    ]
    with pytest.raises(Refused) as caught:
        resolve(entries, never)
    assert caught.value.kind is Kind.UNPROCESSABLE
    assert [i.expression for i in caught.value.issues] == [
        "Bundle.entry[0].resource",
        "Bundle.entry[1].resource",
    ]
    assert all("urn:uuid:b" not in i.text for i in caught.value.issues), "a text never repeats what was asked"


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


def test_a_uri_that_names_no_entry_is_a_name_of_something_else() -> None:
    told = {"url": "urn:device", "valueUri": "urn:uuid:c"}
    body = {**observation("Patient/p1"), "extension": [told]}
    (made,) = resolve([Entry("Bundle.entry[0]", "POST", "Observation", "o1", body)], never)
    assert made.resource == body


def test_a_uri_that_names_an_entry_is_rewritten_with_it() -> None:
    body = {**observation("urn:uuid:a"), "instantiatesCanonical": "urn:uuid:a"}
    entries = [
        Entry("Bundle.entry[0]", "POST", "Patient", "given", dict(PATIENT), "urn:uuid:a"),
        Entry("Bundle.entry[1]", "POST", "Observation", "o1", body),
    ]
    made = resolve(entries, never)[1].resource
    assert made is not None
    assert made["instantiatesCanonical"] == "Patient/given"
    assert made["subject"] == {"reference": "Patient/given"}


def test_texts_that_only_look_like_a_reference_are_left_alone() -> None:
    body = {**observation("Patient/p1"), "note": [{"text": "urn:uuid:a Patient?name=x"}]}
    (made,) = resolve([Entry("Bundle.entry[0]", "POST", "Observation", "o1", body)], never)
    assert made.resource == body


@pytest.mark.parametrize("text", ["urn:hospital:42", "foo?bar=1", "https://elsewhere/Patient?name=x", "#c"])
def test_a_reference_that_no_entry_can_be_named_by_is_left_alone(text: str) -> None:
    (made,) = resolve([Entry("Bundle.entry[0]", "POST", "Observation", "o1", observation(text))], never)
    assert made.resource == observation(text)


def test_an_entry_may_be_named_by_any_url() -> None:
    entries = [
        Entry("Bundle.entry[0]", "POST", "Patient", "given", dict(PATIENT), "http://ehr/Patient/p1"),
        Entry("Bundle.entry[1]", "POST", "Observation", "o1", observation("http://ehr/Patient/p1")),
    ]
    assert resolve(entries, never)[1].resource == observation("Patient/given")
