"""Slices are told apart by each kind of discriminator, at each kind of place."""

from __future__ import annotations

from typing import Any

import pytest

from mappers.profiles.library import Library
from tests.unit.mappers.profiles.conforming import CORE, LOCAL, definition, errors, held


def slicing(kind: str, path: str, **more: Any) -> dict[str, Any]:
    return {"slicing": {"discriminator": [{"type": kind, "path": path}], "rules": "open", **more}}


def patient(**elements: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", **elements}


def places(resource: dict[str, Any], *definitions: dict[str, Any]) -> list[str]:
    return [one.expression for one in errors(held(resource, *definitions))]


MRN = {"system": "urn:mrn", "value": "1"}
SSN = {"system": "urn:ssn", "value": "2"}


def test_by_a_value_below():
    ours = definition(
        "Patient",
        {"id": "Patient.identifier", **slicing("value", "system")},
        {"id": "Patient.identifier:mrn", "min": 1, "max": "1"},
        {"id": "Patient.identifier:mrn.system", "fixedUri": "urn:mrn"},
        {"id": "Patient.identifier:mrn.value", "maxLength": 3},
    )
    assert places(patient(identifier=[SSN, MRN]), ours) == []
    assert places(patient(identifier=[SSN]), ours) == ["Patient.identifier"]
    assert places(patient(identifier=[MRN, MRN]), ours) == ["Patient.identifier"]
    long = {"system": "urn:mrn", "value": "12345"}
    assert places(patient(identifier=[SSN, long]), ours) == ["Patient.identifier[1].value"]
    assert places(patient(identifier=[{**long, "system": "urn:ssn"}, MRN]), ours) == []


def test_by_several_discriminators_at_once():
    both = [{"type": "value", "path": "system"}, {"type": "value", "path": "use"}]
    ours = definition(
        "Patient",
        {"id": "Patient.telecom", "slicing": {"discriminator": both, "rules": "open"}},
        {"id": "Patient.telecom:home", "min": 1},
        {"id": "Patient.telecom:home.system", "fixedCode": "phone"},
        {"id": "Patient.telecom:home.use", "fixedCode": "home"},
    )
    phone, home = {"system": "phone", "value": "1"}, {"use": "home", "value": "1"}
    assert places(patient(telecom=[{**phone, **home}]), ours) == []
    assert places(patient(telecom=[phone, home]), ours) == ["Patient.telecom"]


def test_closed_slicing_allows_no_other():
    ours = definition(
        "Patient",
        {"id": "Patient.identifier", **slicing("value", "system", rules="closed")},
        {"id": "Patient.identifier:mrn"},
        {"id": "Patient.identifier:mrn.system", "patternUri": "urn:mrn"},
    )
    assert places(patient(identifier=[MRN]), ours) == []
    assert places(patient(identifier=[MRN, SSN]), ours) == ["Patient.identifier[1]"]


@pytest.mark.parametrize("deep", [True, False])
def test_by_fixed_members_at_this_or_at_their_path(deep: bool):
    ours = definition(
        "Condition",
        {"id": "Condition.category", **slicing("pattern", "coding.code" if deep else "$this")},
        {"id": "Condition.category:ours", "min": 1},
        {"id": "Condition.category:ours.coding.system", "fixedUri": "urn:s"},
        {"id": "Condition.category:ours.coding.code", "fixedCode": "a"},
    )
    right = {"resourceType": "Condition", "category": [{"coding": [{"system": "urn:s", "code": "a"}]}]}
    assert places(right, ours) == []
    wrong = {"resourceType": "Condition", "category": [{"coding": [{"system": "urn:s", "code": "b"}]}]}
    assert places(wrong, ours) == ["Condition.category"]


def test_by_whether_something_is_there():
    ours = definition(
        "Patient",
        {"id": "Patient.name", **slicing("exists", "period")},
        {"id": "Patient.name:old", "max": "1"},
        {"id": "Patient.name:old.period", "min": 1},
        {"id": "Patient.name:now", "min": 1},
        {"id": "Patient.name:now.period", "max": "0"},
        {"id": "Patient.name:now.family", "min": 1},
    )
    old = {"given": ["A"], "period": {"end": "2020"}}
    assert places(patient(name=[old, {"family": "X"}]), ours) == []
    assert places(patient(name=[old]), ours) == ["Patient.name"]
    assert places(patient(name=[old, {"given": ["A"]}]), ours) == ["Patient.name[1].family"]


@pytest.mark.parametrize(
    "elements",
    [
        [
            {"id": "Observation.value[x]", **slicing("type", "$this", rules="closed")},
            {"id": "Observation.value[x]:valueQuantity", "type": [{"code": "Quantity"}]},
            {"id": "Observation.value[x]:valueQuantity.unit", "min": 1},
        ],
        [
            {"id": "Observation.value[x]", **slicing("type", "$this", rules="closed")},
            {"id": "Observation.valueQuantity"},
            {"id": "Observation.valueQuantity.unit", "min": 1},
        ],
    ],
)
def test_by_the_type_of_a_choice_by_either_name(elements: list[dict[str, Any]]):
    ours = definition("Observation", *elements)
    found: dict[str, Any] = {"resourceType": "Observation"}
    assert places({**found, "valueQuantity": {"value": 1, "unit": "x"}}, ours) == []
    assert places({**found, "valueQuantity": {"value": 1}}, ours) == ["Observation.value.unit"]
    assert places({**found, "valueString": "x"}, ours) == ["Observation.value"]


def test_by_the_type_of_a_resource_in_a_bundle():
    ours = definition(
        "Bundle",
        {"id": "Bundle.entry", **slicing("type", "resource")},
        {"id": "Bundle.entry:patient", "min": 1, "max": "1"},
        {"id": "Bundle.entry:patient.resource", "type": [{"code": "Patient"}]},
        {"id": "Bundle.entry:patient.resource.birthDate", "min": 1},
    )
    bundle = {"resourceType": "Bundle", "entry": [{"resource": patient(birthDate="2000")}]}
    assert places(bundle, ours) == []
    assert places({"resourceType": "Bundle", "entry": [{"resource": patient()}]}, ours) == [
        "Bundle.entry[0].resource.birthDate"
    ]
    goal = {"resource": {"resourceType": "Goal"}}
    assert places({"resourceType": "Bundle", "entry": [goal]}, ours) == ["Bundle.entry"]


def test_by_an_extension_of_a_url():
    extended = definition(
        "Extension", {"id": "Extension"}, {"id": "Extension.url", "fixedUri": LOCAL + "Kind"}, name="Kind"
    )
    ours = definition(
        "Patient",
        {"id": "Patient.name", **slicing("value", f"extension('{LOCAL}Kind').value")},
        {"id": "Patient.name:legal", "min": 1},
        {
            "id": "Patient.name:legal.extension:kind",
            "type": [{"code": "Extension", "profile": [LOCAL + "Kind"]}],
        },
        {"id": "Patient.name:legal.extension:kind.value[x]", "fixedCode": "legal"},
    )
    named = {"family": "X", "extension": [{"url": LOCAL + "Kind", "valueCode": "legal"}]}
    assert places(patient(name=[named]), ours, extended) == []
    other = {"family": "X", "extension": [{"url": "urn:other", "valueCode": "legal"}]}
    assert places(patient(name=[other]), ours, extended) == ["Patient.name"]


def test_by_the_profile_of_a_data_type():
    full = definition(
        "Address", {"id": "Address"}, {"id": "Address.postalCode", "min": 1}, name="Full", kind="complex-type"
    )
    ours = definition(
        "Patient",
        {"id": "Patient.address", **slicing("profile", "$this")},
        {"id": "Patient.address:full", "min": 1, "type": [{"code": "Address", "profile": [LOCAL + "Full"]}]},
    )
    assert places(patient(address=[{"city": "X"}, {"postalCode": "1"}]), ours, full) == []
    assert places(patient(address=[{"city": "X"}]), ours, full) == ["Patient.address"]


def test_by_a_reference_is_said_not_to_be_told():
    ours = definition(
        "Composition",
        {"id": "Composition.section.entry", **slicing("profile", "resolve()")},
        {"id": "Composition.section.entry:x", "min": 1},
    )
    composition = {"resourceType": "Composition", "section": [{"entry": [{"reference": "Goal/1"}]}]}
    (told,) = held(composition, ours)
    assert (told.severity, told.expression) == ("information", "Composition.section[0].entry")


@pytest.mark.parametrize(
    ("sliced", "told"),
    [
        (slicing("value", "value.where(true)"), "a discriminator at"),
        (slicing("position", "$this"), "by position"),
        (slicing("value", "use"), "nothing tells the slice identifier:mrn apart"),
        (slicing("exists", "use"), "neither"),
        (slicing("value", "system", ordered=True), "ordered slicing"),
        (slicing("value", "system", rules="openAtEnd"), "ordered slicing"),
        ({"slicing": {"rules": "open"}}, "without a discriminator"),
    ],
)
def test_what_tells_nothing_is_refused_by_the_elements_id(sliced: dict[str, Any], told: str):
    ours = definition(
        "Patient",
        {"id": "Patient.identifier", **sliced},
        {"id": "Patient.identifier:mrn"},
        {"id": "Patient.identifier:mrn.system", "fixedUri": "urn:mrn"},
    )
    (fault,) = Library([ours]).refusals()
    assert fault.startswith(f"{LOCAL}Ours: Patient.identifier")
    assert told in fault


def test_extensions_are_sliced_by_their_url_without_being_told():
    ours = definition(
        "Patient",
        {"id": "Patient.extension:x", "min": 1},
        {"id": "Patient.extension:x.url", "fixedUri": CORE},
    )
    assert places(patient(extension=[{"url": CORE, "valueString": "x"}]), ours) == []
    assert places(patient(extension=[{"url": "urn:x", "valueString": "x"}]), ours) == ["Patient.extension"]
