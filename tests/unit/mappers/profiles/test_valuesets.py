"""The codes of a value set are known where it lists them, and said to be unknown elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from mappers.profiles.valuesets import ValueSets

URL = "https://hospital.example/ValueSet/ours"
SYSTEM = {
    "resourceType": "CodeSystem",
    "url": "urn:cs",
    "content": "complete",
    "concept": [{"code": "a", "concept": [{"code": "b"}]}],
}


def codes(value_set: dict[str, Any], *beside: dict[str, Any], asked: str = URL) -> dict[str, set[str]] | None:
    found = ValueSets([{"resourceType": "ValueSet", "url": URL, **value_set}, *beside]).codes(asked)
    return None if found is None else {system: set(each) for system, each in found.items()}


def include(*included: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"compose": {"include": list(included), **more}}


def test_what_it_lists_itself():
    listing = include(
        {"system": "urn:s", "concept": [{"code": "a"}]},
        {"system": "urn:s", "concept": [{"code": "b"}]},
        {"system": "urn:t", "concept": [{"code": "a"}]},
    )
    assert codes(listing) == {"urn:s": {"a", "b"}, "urn:t": {"a"}}
    assert codes(listing, asked=URL + "|1.0") == {"urn:s": {"a", "b"}, "urn:t": {"a"}}


def test_all_of_a_code_system_that_lies_beside_it():
    assert codes(include({"system": "urn:cs"}), SYSTEM) == {"urn:cs": {"a", "b"}}


def test_an_expansion_goes_before_what_it_was_made_from():
    expansion = {
        "contains": [
            {"system": "urn:s", "code": "a", "contains": [{"system": "urn:s", "code": "b"}]},
            {
                "system": "urn:s",
                "code": "group",
                "abstract": True,
                "contains": [{"system": "urn:s", "code": "c"}],
            },
        ]
    }
    assert codes({**include({"system": "urn:x"}), "expansion": expansion}) == {"urn:s": {"a", "b", "c"}}


@pytest.mark.parametrize(
    "value_set",
    [
        {},
        {"compose": {"include": []}},
        include({"system": "urn:unknown"}),
        include({"system": "urn:s", "filter": [{"property": "concept", "op": "is-a", "value": "x"}]}),
        include({"valueSet": ["urn:other"]}),
        include({"system": "urn:s", "concept": [{"code": "a"}], "valueSet": ["urn:other"]}),
        include({"system": "urn:s", "concept": [{"code": "a"}]}, {"system": "urn:unknown"}),
        include({"system": "urn:s", "concept": [{"code": "a"}]}, exclude=[{"system": "urn:s"}]),
    ],
)
def test_a_rule_is_no_list(value_set: dict[str, Any]):
    assert codes(value_set) is None


def test_a_fragment_of_a_code_system_is_not_all_of_it():
    assert codes(include({"system": "urn:cs"}), {**SYSTEM, "content": "fragment"}) is None


def test_those_of_r4_are_known():
    found = ValueSets([]).codes("http://hl7.org/fhir/ValueSet/request-status|4.0.1")
    assert found is not None
    assert "draft" in found["http://hl7.org/fhir/request-status"]
    assert ValueSets([]).codes("http://hl7.org/fhir/ValueSet/observation-interpretation") is None
