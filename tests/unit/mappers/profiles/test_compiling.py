"""A hospital's own profile is honoured to the letter, or refused by the name of the element."""

from __future__ import annotations

from typing import Any

import pytest

from mappers.profiles.library import Library
from tests.unit.mappers.profiles.conforming import CORE, LOCAL, definition, errors, held, shipped

CONSTRAINT = {"key": "our-1", "severity": "error", "human": "a name", "expression": "name.exists()"}


def element(id_: str, **more: Any) -> dict[str, Any]:
    return {"id": id_, **more}


REFUSED: dict[str, tuple[list[dict[str, Any]], str]] = {
    "reslicing": ([element("Patient.name:a/b", min=1)], "slices of a slice"),
    "minValue": ([element("Patient.birthDate", minValueDate="1900-01-01")], "minValueDate"),
    "maxValue": ([element("Patient.birthDate", maxValueDate="2100-01-01")], "maxValueDate"),
    "aggregation": (
        [element("Patient.generalPractitioner", type=[{"code": "Reference", "aggregation": ["bundled"]}])],
        "aggregation",
    ),
    "unknown element": ([element("Patient.weight", min=1)], "R4 has no such element"),
    "unknown member": ([element("Patient.name.nick", min=1)], "R4 has no such element"),
    "a data type's profile": (
        [element("Patient.address", type=[{"code": "Address", "profile": ["urn:x"]}])],
        "a profile that is not known: urn:x",
    ),
    "an extension of HL7's that is not brought": (
        [
            element(
                "Patient.extension:x", type=[{"code": "Extension", "profile": [CORE + "patient-religion"]}]
            )
        ],
        "not known",
    ),
    "a second value set": (
        [
            element(
                "Patient.gender",
                binding={
                    "strength": "extensible",
                    "valueSet": "urn:x",
                    "extension": [{"url": CORE + "elementdefinition-maxValueSet", "valueCanonical": "urn:y"}],
                },
            )
        ],
        "maximal value set",
    ),
    "a constraint without FHIRPath": (
        [element("Patient", constraint=[{"key": "our-1", "severity": "error", "human": "x"}])],
        "our-1 has no FHIRPath",
    ),
    "a constraint that needs a server": (
        [element("Patient", constraint=[{**CONSTRAINT, "expression": "name.memberOf('urn:x')"}])],
        "memberOf",
    ),
    "a constraint that reads a clock": (
        [element("Patient", constraint=[{**CONSTRAINT, "expression": "birthDate < today()"}])],
        "today",
    ),
    "closed slicing of nothing": (
        [
            element(
                "Patient.name",
                slicing={"discriminator": [{"type": "value", "path": "use"}], "rules": "closed"},
            )
        ],
        "without slices",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_honoured_is_refused_by_the_element(name: str):
    elements, told = REFUSED[name]
    (fault,) = Library([definition("Patient", *elements)]).refusals()
    assert told in fault
    assert fault.startswith(f"{LOCAL}Ours: {elements[0]['id'].split('/')[0]}")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"fhirVersion": "5.0.0"}, "another version of FHIR"),
        ({"derivation": "specialization"}, "no constraint"),
        ({"type": "Patience"}, "no constraint"),
        ({"baseDefinition": "urn:x"}, "its base is not known: urn:x"),
        ({"differential": {}}, "neither differential nor snapshot"),
    ],
)
def test_what_is_no_profile_of_r4_is_refused(more: dict[str, Any], told: str):
    ours = definition("Patient", element("Patient.name", min=1), **more)
    (fault,) = Library([ours]).refusals()
    assert told in fault


def test_an_element_without_an_id_is_refused():
    ours = definition("Patient", element("Patient.name", min=1))
    del ours["differential"]["element"][0]["id"]
    (fault,) = Library([ours]).refusals()
    assert "Patient.name: has no id" in fault


def test_nothing_known_is_refused_among_what_ships():
    assert shipped().refusals() == []


# --- what is honoured --------------------------------------------------------------------------------------


def patient(**elements: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", **elements}


def places(resource: dict[str, Any], *definitions: dict[str, Any]) -> list[str]:
    return [one.expression for one in errors(held(resource, *definitions))]


@pytest.mark.parametrize(
    ("told", "good", "bad", "place"),
    [
        (element("Patient.birthDate", min=1), {"birthDate": "2000"}, {}, "Patient.birthDate"),
        (
            element("Patient.birthDate", min=1),
            {"_birthDate": {"extension": [{"url": "urn:x", "valueCode": "y"}]}},
            {},
            "Patient.birthDate",
        ),
        (element("Patient.photo", max="0"), {}, {"photo": [{"title": "x"}]}, "Patient.photo"),
        (
            element("Patient.name", max="1"),
            {"name": [{"text": "x"}]},
            {"name": [{"text": "x"}] * 2},
            "Patient.name",
        ),
        (
            element("Patient.gender", fixedCode="female"),
            {"gender": "female"},
            {"gender": "male"},
            "Patient.gender",
        ),
        (element("Patient.active", fixedBoolean=True), {"active": True}, {"active": False}, "Patient.active"),
        (
            element("Patient.deceased[x]", type=[{"code": "dateTime"}]),
            {"deceasedDateTime": "2020"},
            {"deceasedBoolean": True},
            "Patient.deceased",
        ),
        (
            element("Patient.maritalStatus", patternCodeableConcept={"text": "x"}),
            {"maritalStatus": {"text": "x", "coding": [{"code": "y"}]}},
            {"maritalStatus": {"text": "y"}},
            "Patient.maritalStatus",
        ),
        (
            element("Patient.maritalStatus", fixedCodeableConcept={"text": "x"}),
            {"maritalStatus": {"text": "x"}},
            {"maritalStatus": {"text": "x", "coding": [{"code": "y"}]}},
            "Patient.maritalStatus",
        ),
        (
            element("Patient.name.family", maxLength=3),
            {"name": [{"family": "abc"}]},
            {"name": [{"family": "abcd"}]},
            "Patient.name[0].family",
        ),
        (
            element("Patient.contact.telecom.value", min=1),
            {"contact": [{"telecom": [{"value": "1"}]}]},
            {"contact": [{"telecom": [{"value": "1"}, {"system": "phone"}]}]},
            "Patient.contact[0].telecom[1].value",
        ),
        (
            element("Patient.contact", constraint=[CONSTRAINT]),
            {"contact": [{"name": {"text": "x"}}]},
            {"contact": [{"gender": "male"}]},
            "Patient.contact[0]",
        ),
        (
            element(
                "Patient.generalPractitioner",
                type=[{"code": "Reference", "targetProfile": [CORE + "Organization"]}],
            ),
            {
                "generalPractitioner": [
                    {"reference": "Organization/1"},
                    {"display": "x"},
                    {"reference": "urn:x:1"},
                ]
            },
            {"generalPractitioner": [{"reference": "https://a.example/fhir/Practitioner/1/_history/2"}]},
            "Patient.generalPractitioner[0]",
        ),
        (
            element(
                "Patient.generalPractitioner",
                type=[{"code": "Reference", "targetProfile": [CORE + "Organization"]}],
            ),
            {
                "contained": [{"resourceType": "Organization", "id": "o"}],
                "generalPractitioner": [{"reference": "#o"}],
            },
            {
                "contained": [{"resourceType": "Practitioner", "id": "o"}],
                "generalPractitioner": [{"reference": "#o"}],
            },
            "Patient.generalPractitioner[0]",
        ),
        (
            element(
                "Patient.maritalStatus",
                binding={
                    "strength": "required",
                    "valueSet": "http://hl7.org/fhir/ValueSet/condition-clinical",
                },
            ),
            {
                "maritalStatus": {
                    "coding": [
                        {
                            "system": "http://terminology.hl7.org/CodeSystem/condition-clinical",
                            "code": "active",
                        }
                    ]
                }
            },
            {"maritalStatus": {"text": "x"}},
            "Patient.maritalStatus",
        ),
        (
            element("Patient.birthDate.extension", min=1),
            {"birthDate": "2000", "_birthDate": {"extension": [{"url": "urn:x", "valueCode": "y"}]}},
            {"birthDate": "2000"},
            "Patient.birthDate.extension",
        ),
    ],
)
def test_each_demand_is_kept(told: dict[str, Any], good: dict[str, Any], bad: dict[str, Any], place: str):
    ours = definition("Patient", told)
    assert places(patient(**good), ours) == []
    assert places(patient(**bad), ours) == [place]


def test_an_extensible_binding_only_warns_and_a_text_alone_is_enough():
    binding = {"strength": "extensible", "valueSet": "http://hl7.org/fhir/ValueSet/condition-clinical"}
    ours = definition("Patient", element("Patient.maritalStatus", binding=binding))
    (found,) = held(patient(maritalStatus={"coding": [{"system": "urn:x", "code": "y"}]}), ours)
    assert (found.severity, found.code) == ("warning", "code-invalid")
    assert held(patient(maritalStatus={"text": "x"}), ours) == []


def test_what_r4_asks_already_is_not_asked_twice():
    """Both checks answer one request; the same fault told twice would look like two."""
    ours = definition(
        "Observation", element("Observation.status", min=1, max="1"), element("Observation.code", min=1)
    )
    assert held({"resourceType": "Observation"}, ours) == []


def test_a_profile_stands_on_another_and_merges_its_slices():
    base = definition(
        "Condition",
        element(
            "Condition.category",
            slicing={"discriminator": [{"type": "value", "path": "$this"}], "rules": "open"},
            min=1,
        ),
        element("Condition.category:x", patternCodeableConcept={"text": "x"}),
        element("Condition", constraint=[{**CONSTRAINT, "key": "base-1", "expression": "recorder.exists()"}]),
        name="Base",
    )
    ours = definition(
        "Condition",
        element("Condition.category:x", min=1),
        element("Condition", constraint=[{**CONSTRAINT, "expression": "asserter.exists()"}]),
        baseDefinition=LOCAL + "Base|1.0",
    )
    condition = {"resourceType": "Condition", "category": [{"text": "y"}]}
    found = errors(held(condition, ours, base))
    assert sorted(one.text.rsplit(" ", 1)[-1] for one in found) == ["(base-1).", "(our-1).", "category:x."]
    full = {
        "resourceType": "Condition",
        "category": [{"text": "x"}],
        "recorder": {"display": "r"},
        "asserter": {"display": "a"},
    }
    assert held(full, ours, base) == []


def test_a_profile_that_stands_on_itself_is_refused():
    ours = definition("Patient", element("Patient.name", min=1), baseDefinition=LOCAL + "Ours")
    (fault,) = Library([ours]).refusals()
    assert "its base is not known" in fault


def test_a_snapshot_serves_where_the_base_is_not_known():
    ours = definition(
        "Patient",
        element("Patient.gender", min=1),
        baseDefinition="https://other.example/base",
        snapshot={
            "element": [
                {
                    "id": "Patient",
                    "path": "Patient",
                    "constraint": [
                        {"key": "dom-6", "severity": "warning", "expression": "text.`div`.exists()"}
                    ],
                },
                {"id": "Patient.gender", "path": "Patient.gender", "min": 1},
                {
                    "id": "Patient.name",
                    "path": "Patient.name",
                    "min": 1,
                    "max": "*",
                    "type": [{"code": "HumanName"}],
                },
            ]
        },
    )
    assert places(patient(), ours) == ["Patient.gender", "Patient.name"]
    assert places(patient(gender="male", name=[{"text": "x"}]), ours) == []


def test_what_is_not_told_is_listed_before_a_resource_comes():
    told = shipped().untold("http://hl7.org/fhir/us/core/StructureDefinition/us-core-observation-lab")
    assert any(line.startswith("Observation.code: extensible binding to ") for line in told)
    assert "Observation.specimen: the profile of what is referred to" in told
    assert not any("category" in line for line in told)
    ours = definition(
        "Composition",
        element(
            "Composition.section.entry",
            slicing={"discriminator": [{"type": "type", "path": "resolve()"}], "rules": "open"},
        ),
        element("Composition.section.entry:x", min=1),
    )
    told = Library([ours]).untold(LOCAL + "Ours")
    assert told == ["Composition.section.entry: slices told apart by what is referred to"]
