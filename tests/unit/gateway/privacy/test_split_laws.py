"""Laws 1 and 2 over resources of every type, drawn and official."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.privacy.merge import merge
from gateway.privacy.policy import CLINICAL, load
from gateway.privacy.split import split
from mappers.lossless import dumps, loads, same
from mappers.r4.model import MODEL
from mappers.r4.validate import problems
from tests.unit.gateway.privacy.cases import (
    CANARY,
    CANARY_BASE64,
    holds,
    keys_with_text,
    planted,
    pseudonym_of,
    resources,
)
from tests.unit.mappers.r4.generated import any_resource, resource_of

POLICY = load(CLINICAL)
FOLDERS = ("r4-examples", "us-core-examples", "pgx", "synthea")
drawn = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def stored(half: Any) -> Any:
    """A half as it comes back from the store."""
    return loads(dumps(half))


def assert_law_1(resource: dict[str, Any]) -> None:
    before = dumps(resource)
    halves = split(resource, POLICY, pseudonym_of)
    assert same(merge(stored(halves.clinical), stored(halves.withheld)), resource)
    assert dumps(resource) == before, "the split changed its argument"


@drawn
@given(any_resource())
def test_law_1_merge_undoes_split(resource: dict[str, Any]) -> None:
    assert_law_1(resource)


@drawn
@given(any_resource())
def test_law_1_the_clinical_half_is_valid(resource: dict[str, Any]) -> None:
    clinical = split(resource, POLICY, pseudonym_of).clinical
    assert clinical is None or problems(clinical) == problems(resource)


@drawn
@given(any_resource())
def test_law_2_no_canary_in_the_clinical_half(resource: dict[str, Any]) -> None:
    clinical = split(resource, POLICY, pseudonym_of).clinical
    assert not holds(clinical, "CANARY")
    assert not holds(clinical, CANARY_BASE64)


@pytest.mark.parametrize("kind", sorted(MODEL.resources))
def test_laws_1_and_2_every_type_has_a_plan(kind: str) -> None:
    @settings(max_examples=3, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(resource_of(kind))
    def one_type(resource: dict[str, Any]) -> None:
        assert_law_1(resource)
        assert not holds(split(resource, POLICY, pseudonym_of).clinical, "CANARY")

    one_type()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(
    [
        *MODEL.types["Patient"].elements,
        *MODEL.json_names("Observation"),
        "_name",
        "_status",
        "_birthDate",
        "/",
        "-",
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(["Patient", "Observation", "Bundle", "Nonsense"]), st.dictionaries(KEYS, JSON))
def test_law_1_holds_for_what_is_no_resource_at_all(kind: str, body: dict[str, Any]) -> None:
    assert_law_1({**body, "resourceType": kind})


@pytest.mark.parametrize("folder", FOLDERS)
def test_law_1_on_examples(shared_data: Path, folder: str) -> None:
    for _, resource in resources(shared_data / "fhir" / folder):
        assert_law_1(resource)


@pytest.mark.parametrize("folder", FOLDERS)
def test_law_1_examples_stay_valid(shared_data: Path, folder: str) -> None:
    for name, resource in resources(shared_data / "fhir" / folder):
        clinical = split(resource, POLICY, pseudonym_of).clinical
        assert clinical is None or not problems(clinical) or problems(resource), name


@pytest.mark.parametrize("folder", FOLDERS[:3])
def test_law_2_canaries_in_every_string_of_the_examples(shared_data: Path, folder: str) -> None:
    for name, resource in resources(shared_data / "fhir" / folder):
        assert not holds(split(planted(resource), POLICY, pseudonym_of).clinical, CANARY), name


@pytest.mark.parametrize("folder", ["us-core-examples", "pgx"])
def test_law_2_canaries_one_element_at_a_time(shared_data: Path, folder: str) -> None:
    for name, resource in resources(shared_data / "fhir" / folder, largest=8_000):
        for key in sorted(set(keys_with_text(resource)) - {"resourceType"}):
            halves = split(planted(resource, only=key), POLICY, pseudonym_of)
            assert not holds(halves.clinical, CANARY), (name, key)
