"""Every pointer of a resource is seen, and can be turned elsewhere and back."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mappers.r4.references import (
    Absolute,
    Conditional,
    Fragment,
    Literal,
    Urn,
    parse,
    pointers,
    references,
    rewrite,
)
from tests.unit.mappers.r4.generated import any_resource

SLOW_TO_DRAW = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

UUID = "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"
RESOURCE = {
    "resourceType": "Observation",
    "contained": [{"resourceType": "Specimen", "id": "s", "subject": {"reference": "Patient/1"}}],
    "extension": [
        {"url": "urn:x", "valueReference": {"reference": "Patient/2"}},
        {"url": UUID, "valueUri": UUID},
    ],
    "identifier": [{"system": "urn:ietf:rfc3986", "value": UUID}],
    "instantiatesCanonical": [UUID],
    "subject": {"reference": UUID},
    "specimen": {"reference": "#s"},
    "code": {"coding": [{"system": UUID, "code": "x"}]},
    "note": [{"text": UUID, "authorReference": {"reference": "Practitioner?identifier=urn:x|1"}}],
}


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("Patient/1", Literal("Patient", "1")),
        ("Patient/1/_history/3", Literal("Patient", "1", "3")),
        (UUID, Urn(UUID)),
        ("urn:oid:1.2.3", Urn("urn:oid:1.2.3")),
        ("Patient?identifier=a|b", Conditional("Patient", "identifier=a|b")),
        ("#a", Fragment("a")),
        ("#", Fragment("")),
        ("https://example.org/fhir/Patient/1", Absolute("https://example.org/fhir/Patient/1")),
        ("Patience/1", Absolute("Patience/1")),
        ("Patient/", Absolute("Patient/")),
        ("Patient/a/b", Absolute("Patient/a/b")),
        ("Patience?x=y", Absolute("Patience?x=y")),
        ("", Absolute("")),
    ],
)
def test_what_a_reference_means(text: str, target: object) -> None:
    assert parse(text) == target
    assert str(parse(text)) == text


@given(st.text(max_size=30))
def test_a_meaning_is_its_text_again(text: str) -> None:
    assert str(parse(text)) == text


def test_pointers_are_the_references_at_any_depth() -> None:
    assert sorted(pointers(RESOURCE)) == sorted(
        ["Patient/1", "Patient/2", UUID, "#s", "Practitioner?identifier=urn:x|1"]
    )


def test_references_are_also_uris_that_name_an_entry_but_no_text_or_system() -> None:
    # subject, and the extension's url and value; not the canonical, identifier, code system or note.
    assert [text for text in references(RESOURCE) if text == UUID] == [UUID] * 3


@pytest.mark.parametrize(
    ("kind", "place", "follows"),
    [
        ("CapabilityStatement", "instantiates", False),
        ("NutritionOrder", "instantiates", True),
        ("ConceptMap", "sourceCanonical", False),
        ("ConceptMap", "sourceUri", True),
        ("DocumentManifest", "source", True),
    ],
)
def test_r4_a_canonical_is_no_name_of_an_entry_whatever_others_call_it(
    kind: str, place: str, follows: bool
) -> None:
    held = {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": kind, place: UUID}}]}
    assert list(references(held)) == [UUID] * follows
    turned = rewrite(held, lambda _: "Basic/1")
    assert turned["entry"][0]["resource"][place] == ("Basic/1" if follows else UUID)


OTHER = "0b0c7e7e-6f4a-4c1e-9f52-5f0a64f0a111"


@pytest.mark.parametrize(
    ("place", "name", "id_", "becomes"),
    [
        ("valueUuid", UUID, OTHER, f"urn:uuid:{OTHER}"),
        ("valueUuid", UUID, "mrn-1", UUID),
        ("valueOid", "urn:oid:1.2.3", "2.16.840", "urn:oid:2.16.840"),
        ("valueOid", "urn:oid:1.2.3", OTHER, "urn:oid:1.2.3"),
    ],
)
def test_r4_what_holds_only_urns_gets_the_urn_of_the_new_id_where_there_is_one(
    place: str, name: str, id_: str, becomes: str
) -> None:
    held = {"resourceType": "Basic", "extension": [{"url": "x", place: name}]}
    turned = rewrite(held, lambda text: f"Patient/{id_}" if text == name else text)
    assert turned["extension"][0][place] == becomes


@pytest.mark.parametrize("kind", ["valueUuid", "valueOid"])
def test_a_name_of_type_uuid_or_oid_is_no_reference(kind: str) -> None:
    assert not list(references({"resourceType": "Basic", "extension": [{"url": "x", kind: UUID}]}))


def test_rewriting_turns_references_and_nothing_else() -> None:
    before = copy.deepcopy(RESOURCE)
    turned = rewrite(RESOURCE, lambda text: f"Patient/{len(text)}")
    assert before == RESOURCE
    assert turned["subject"]["reference"] == f"Patient/{len(UUID)}"
    assert turned["identifier"] == RESOURCE["identifier"]
    assert turned["code"] == RESOURCE["code"]
    assert turned["note"][0]["text"] == UUID
    assert turned["contained"][0]["id"] == "s"


@SLOW_TO_DRAW
@given(any_resource())
def test_law_1_rewriting_can_be_undone(resource: dict[str, Any]) -> None:
    turned = rewrite(resource, lambda text: f"urn:uuid:{text}")
    assert rewrite(turned, lambda text: text.removeprefix("urn:uuid:")) == resource or any(
        text.startswith("urn:uuid:") for text in references(resource)
    )
    assert rewrite(resource, lambda text: text) == resource


@SLOW_TO_DRAW
@given(any_resource())
def test_as_many_references_are_rewritten_as_are_found(resource: dict[str, Any]) -> None:
    seen: list[str] = []
    rewrite(resource, lambda text: seen.append(text) or text)
    # What holds urns alone is asked about too, and is no reference.
    beyond = Counter(seen) - Counter(references(resource))
    assert Counter(references(resource)) <= Counter(seen)
    assert all(text.startswith(("urn:uuid:", "urn:oid:")) for text in beyond)


@pytest.mark.parametrize("kind", [{"a": 1}, ["Patient"], 7, None])
def test_what_stands_in_the_place_of_a_type_is_no_type(kind: Any):
    node = {"resourceType": kind, "subject": {"reference": "http://here/fhir/Patient/p"}}
    assert rewrite(node, lambda _: "Patient/p")["subject"] == {"reference": "Patient/p"}
    assert list(references(node)) == ["http://here/fhir/Patient/p"]
