"""Whose a resource is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from mappers.lossless import loads
from mappers.r4.compartment import patients
from mappers.r4.model import MODEL
from mappers.r4.references import pointers
from tests.unit.mappers.r4.generated import any_resource

SLOW_TO_DRAW = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def pointing(reference: str) -> dict[str, str]:
    return {"reference": reference}


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({"resourceType": "Patient", "id": "1", "link": [{"other": pointing("Patient/2")}]}, {"Patient/1"}),
        ({"resourceType": "Patient"}, set()),
        ({"resourceType": "Observation", "subject": pointing("Patient/1")}, {"Patient/1"}),
        ({"resourceType": "Observation", "subject": pointing("Patient/1/_history/4")}, {"Patient/1"}),
        ({"resourceType": "Observation", "subject": pointing("Group/1")}, set()),
        ({"resourceType": "Observation", "subject": pointing("https://x.org/Patient/1")}, set()),
        ({"resourceType": "Observation", "subject": {"display": "Patient/1"}}, set()),
        ({"resourceType": "Observation", "subject": pointing("Patient/1"),
          "performer": [pointing("Patient/2")]},
         {"Patient/1", "Patient/2"}),
        ({"resourceType": "Observation", "focus": [pointing("Patient/3")]}, set()),
        ({"resourceType": "Claim", "patient": pointing("Patient/1"),
          "payee": {"party": pointing("Patient/2")}},
         {"Patient/1", "Patient/2"}),
        ({"resourceType": "Group",
          "member": [{"entity": pointing("Patient/1")}, {"entity": pointing("Patient/2")}]},
         {"Patient/1", "Patient/2"}),
        ({"resourceType": "Appointment", "participant": [{"actor": pointing("Patient/1")}]}, {"Patient/1"}),
        ({"resourceType": "Provenance", "target": [pointing("Patient/1"), pointing("Observation/1")]},
         {"Patient/1"}),
        ({"resourceType": "Practitioner", "id": "1"}, set()),
        ({"resourceType": "Organization", "partOf": pointing("Patient/1")}, set()),
        ({}, set()),
    ],
)  # fmt: skip
def test_whose_a_resource_is(resource: dict[str, Any], expected: set[str]) -> None:
    assert patients(resource) == expected


@SLOW_TO_DRAW
@given(any_resource())
def test_patients_are_among_those_that_the_resource_points_at(resource: dict[str, Any]) -> None:
    if resource["resourceType"] != "Patient":
        assert patients(resource) <= set(pointers(resource))
    if resource["resourceType"] not in {*MODEL.compartment, "Patient"}:
        assert patients(resource) == frozenset()


def test_resources_of_a_synthetic_patient_are_that_patients(shared_data: Path) -> None:
    path = sorted((shared_data / "fhir" / "synthea").glob("*.json"))[0]
    bundle = loads(path.read_bytes())
    by_url = {entry["fullUrl"]: entry["resource"] for entry in bundle["entry"]}
    (patient,) = (url for url, one in by_url.items() if one["resourceType"] == "Patient")
    for one in by_url.values():
        if one["resourceType"] in MODEL.compartment and one["resourceType"] != "Patient":
            assert patient in set(pointers(one))
