"""Every expression is FHIRPath of the simple kind: elements by their names, from the resource's type down."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings

from mappers.r4.expressions import of_json, references, root_of
from mappers.r4.model import MODEL
from mappers.r4.references import pointers
from tests.unit.mappers.r4.generated import any_resource

STEP = re.compile(r"([A-Za-z]+)(?:\[\d+\])?")


def names_elements(expression: str, kind: str) -> bool:
    """Whether each step is an element of what stands before it, as far as types tell."""
    head, *steps = expression.split(".")
    assert head == kind
    for one in steps:
        found = STEP.fullmatch(one)
        if found is None or kind not in MODEL.types:
            return found is not None
        elements = MODEL.types[kind].elements
        if found[1] not in elements:
            return False
        types = elements[found[1]].types
        kind = types[0] if len(types) == 1 else ""
    return True


@pytest.mark.parametrize(
    ("kind", "path", "expression"),
    [
        ("Patient", "name[0].given[1]", "Patient.name[0].given[1]"),
        ("Observation", "component[2].valueQuantity.value", "Observation.component[2].value.value"),
        ("MedicationRequest", "medicationReference.reference", "MedicationRequest.medication.reference"),
        ("Procedure", "usedReference[0].reference", "Procedure.usedReference[0].reference"),
        ("Patient", "_birthDate.extension[0].valueDateTime", "Patient.birthDate.extension[0].value"),
        ("Bundle", "entry[1].resource.valueQuantity.code", "Bundle.entry[1].resource.value.code"),
        ("Patience", "name", "Resource.name"),
        ("", "", "Resource"),
        ("Patient", "[3].path", "$this[3].path"),
    ],
)
def test_a_path_of_json_names_becomes_one_of_elements(kind: str, path: str, expression: str) -> None:
    assert of_json(kind, path) == expression


@pytest.mark.parametrize("sent", [{"resourceType": "Patient"}, {"resourceType": "Hopkins"}, {}, [], None, 3])
def test_what_has_no_known_type_is_a_resource(sent: Any) -> None:
    assert root_of(sent) == ("Patient" if sent == {"resourceType": "Patient"} else "Resource")


@settings(max_examples=25, deadline=None)
@given(any_resource())
def test_each_reference_is_told_with_the_elements_that_lead_to_it(resource: dict[str, Any]) -> None:
    kind = resource["resourceType"]
    found = list(references(resource, kind))
    assert sorted(text for _, text in found) == sorted(pointers(resource))
    assert all(names_elements(place, kind) for place, _ in found)


def test_a_choice_is_told_by_its_stem_at_any_depth() -> None:
    inner = {"resourceType": "MedicationRequest", "medicationReference": {"reference": "Medication/1"}}
    held = {"resourceType": "Bundle", "entry": [{"resource": inner}]}
    assert list(references(held, "Bundle")) == [
        ("Bundle.entry[0].resource.medication.reference", "Medication/1")
    ]
