"""What the split withheld is found by its source: rows of both sides together are the rows of the whole."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.identities import Names
from gateway.intake.hidden import hidden_rows
from gateway.privacy import policy
from gateway.privacy.split import split
from mappers.r4 import search
from tests.desk import observation, patient, unknown_meaning
from tests.unit.mappers.r4.generated import any_resource

CLINICAL = policy.load("clinical")


class Naming:
    @staticmethod
    def pseudonym(kind: str, text: str) -> str:
        return sha256(f"{kind} {text}".encode()).hexdigest()[:26]


def hidden(resource: dict[str, Any]) -> search.Rows:
    parts = split(resource, CLINICAL, Naming.pseudonym)
    half = search.Rows([], []) if parts.clinical is None else search.clinical_rows(parts.clinical)
    return hidden_rows(resource, parts, half, Naming())


@settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], max_examples=150
)
@given(any_resource(), st.booleans())
def test_no_row_of_the_whole_is_missing(resource: dict[str, Any], strange: bool):
    resource = {"id": "r1", **resource}
    if strange:
        resource = unknown_meaning(resource)
    parts = split(resource, CLINICAL, Naming.pseudonym)
    half = search.Rows([], []) if parts.clinical is None else search.clinical_rows(parts.clinical)
    beside = hidden_rows(resource, parts, half, Naming())
    whole = search.source_rows(Names(Naming.pseudonym).in_pseudonyms(resource))
    assert set(whole.tokens) <= {*half.tokens, *beside.tokens}
    assert set(whole.ranges) <= {*half.ranges, *beside.ranges}


@pytest.mark.parametrize("resource", [observation("o1", "Patient/p1"), patient("p1")])
def test_of_an_ordinary_resource_nothing_clinical_is_hidden(resource: dict[str, Any]):
    assert hidden(resource) == search.Rows([], [])


def test_what_only_the_hospital_knows_is_hidden():
    own = observation("o1", "Patient/p1", code="4548-4")
    own["code"] = {"coding": [{"system": "urn:hospital", "code": "HBA1C"}]}
    own["performer"] = [{"reference": "https://elsewhere.example/Practitioner/9"}]
    assert ("code", "urn:hospital|HBA1C") in hidden(own).tokens
    assert ("performer", "https://elsewhere.example/Practitioner/9") in hidden(own).tokens


def test_without_a_half_everything_is_hidden_in_pseudonyms():
    beside = hidden(unknown_meaning(observation("o1", "Patient/p1")))
    assert ("subject", f"Patient/{Naming.pseudonym('Patient', 'p1')}") in beside.tokens
    assert {"date", "value-quantity"} <= {name for name, _, _ in beside.ranges}
