"""Less of a resource: what is asked for, what R4 requires, and the tag that says so."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mappers.r4.subset import SUBSETTED, Summary, elements, has_element, summary
from mappers.r4.validate import problems
from tests.unit.mappers.r4.generated import any_resource

OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "id": "o1",
    "meta": {"versionId": "1", "tag": [{"code": "mine"}]},
    "text": {"status": "generated", "div": "<div>x</div>"},
    "modifierExtension": [{"url": "urn:m", "valueBoolean": True}],
    "status": "final",
    "code": {"text": "x"},
    "note": [{"text": "long"}],
    "valueQuantity": {"value": 1},
    "_issued": {"extension": [{"url": "urn:e", "valueCode": "unknown"}]},
    "component": [{"code": {"text": "y"}, "valueInteger": 1, "referenceRange": [{"text": "z"}]}],
}


def keys(resource: dict[str, Any]) -> set[str]:
    assert SUBSETTED in resource["meta"]["tag"]
    assert {"code": "mine"} in resource["meta"]["tag"]
    return set(resource) - {"resourceType", "id", "meta", "modifierExtension"}


def test_the_summary_shows_what_r4_marks():
    found = summary(OBSERVATION, Summary.TRUE)
    assert keys(found) == {"status", "code", "valueQuantity", "_issued", "component"}
    assert set(found["component"][0]) == {"code", "valueInteger"}


def test_the_text_comes_with_what_is_required():
    assert keys(summary(OBSERVATION, Summary.TEXT)) == {"text", "status", "code"}


def test_the_data_come_without_the_text():
    assert keys(summary(OBSERVATION, Summary.DATA)) == keys(elements(OBSERVATION, set(OBSERVATION))) - {
        "text"
    } | {
        "valueQuantity",
        "_issued",
    }


def test_elements_are_named_as_r4_names_them():
    assert keys(elements(OBSERVATION, {"value", "note"})) == {"status", "code", "valueQuantity", "note"}
    assert keys(elements(OBSERVATION, {"issued"})) == {"status", "code", "_issued"}
    assert has_element("Observation", "value")
    assert not has_element("Observation", "valueQuantity")


def test_what_was_given_stays_as_it_was():
    before = str(OBSERVATION)
    summary(OBSERVATION, Summary.TRUE)
    assert str(OBSERVATION) == before
    assert summary(summary(OBSERVATION, Summary.TRUE), Summary.TRUE)["meta"]["tag"] == [
        {"code": "mine"},
        SUBSETTED,
    ]


def structural(resource: dict[str, Any]) -> list[Any]:
    return [one for one in problems(resource) if one.code in ("required", "structure")]


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(any_resource(), st.sampled_from(list(Summary)))
def test_nothing_that_is_required_goes(resource: dict[str, Any], kind: Summary):
    if not structural(resource):
        assert not structural(summary(resource, kind))
        assert not structural(elements(resource, ()))


@pytest.mark.parametrize("kind", list(Summary))
def test_the_tag_stands_beside_the_others(kind: Summary):
    bare = {"resourceType": "Patient", "id": "p"}
    assert summary(bare, kind) == {**bare, "meta": {"tag": [SUBSETTED]}}
