"""Resources made up to conform to each profile that ships, and definitions of a hospital's own."""

from __future__ import annotations

import copy
from functools import cache
from importlib.resources import files
from typing import Any

from mappers.lossless import dumps, loads
from mappers.profiles.library import Library
from mappers.profiles.rules import ERROR, Finding

US = "http://hl7.org/fhir/us/core/StructureDefinition/"
CORE = "http://hl7.org/fhir/StructureDefinition/"
LOCAL = "https://hospital.example/StructureDefinition/"
SYSTEMS = "http://terminology.hl7.org/CodeSystem/"
RACES = "urn:oid:2.16.840.1.113883.6.238"

PATIENT = US + "us-core-patient"
CAREPLAN = US + "us-core-careplan"
RESULT = US + "us-core-observation-clinical-result"
LAB = US + "us-core-observation-lab"
DIAGNOSIS = US + "us-core-condition-encounter-diagnosis"
CONCERN = US + "us-core-condition-problems-health-concerns"


def coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


_SAID = {
    PATIENT: {
        "resourceType": "Patient",
        "extension": [
            {
                "url": US + "us-core-race",
                "extension": [
                    {"url": "ombCategory", "valueCoding": {"system": RACES, "code": "2106-3"}},
                    {"url": "ombCategory", "valueCoding": {"system": RACES, "code": "2028-9"}},
                    {"url": "detailed", "valueCoding": {"system": RACES, "code": "2034-7"}},
                    {"url": "text", "valueString": "several"},
                ],
            },
            {
                "url": US + "us-core-ethnicity",
                "extension": [
                    {"url": "ombCategory", "valueCoding": {"system": RACES, "code": "2186-5"}},
                    {"url": "text", "valueString": "none"},
                ],
            },
            {
                "url": US + "us-core-tribal-affiliation",
                "extension": [
                    {"url": "tribalAffiliation", "valueCodeableConcept": {"text": "one"}},
                    {"url": "isEnrolled", "valueBoolean": True},
                ],
            },
            {"url": US + "us-core-individual-sex", "valueCoding": {"system": "urn:x", "code": "F"}},
            {"url": US + "us-core-interpreter-needed", "valueCoding": {"system": "urn:x", "code": "no"}},
            {"url": US + "us-core-birthsex", "valueCode": "F"},
            {"url": US + "us-core-genderIdentity", "valueCodeableConcept": {"text": "woman"}},
        ],
        "identifier": [{"system": "urn:mrn", "value": "1"}],
        "name": [{"family": "Example"}, {"given": ["Ann"]}],
        "telecom": [{"system": "phone", "value": "1", "use": "home"}],
        "address": [{"state": "OK"}],
        "communication": [{"language": coded("urn:ietf:bcp:47", "en")}],
    },
    CAREPLAN: {
        "resourceType": "CarePlan",
        "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">A plan</div>'},
        "status": "active",
        "intent": "plan",
        "category": [{"text": "discharge"}],
        "subject": {"reference": "Patient/1"},
        "contributor": [{"reference": "Practitioner/1"}],
        "addresses": [{"reference": "Condition/1"}],
    },
    LAB: {
        "resourceType": "Observation",
        "status": "final",
        "category": [coded(SYSTEMS + "observation-category", "laboratory")],
        "code": coded("http://loinc.org", "718-7"),
        "subject": {"reference": "Patient/1"},
        "encounter": {"reference": "Encounter/1"},
        "effectiveDateTime": "2026-01-02",
        "performer": [{"reference": "Organization/1"}],
        "valueQuantity": {"value": 17, "system": "http://unitsofmeasure.org", "code": "g/dL"},
        "interpretation": [coded(SYSTEMS + "v3-ObservationInterpretation", "N")],
        "specimen": {"reference": "Specimen/1"},
        "referenceRange": [{"low": {"value": 5, "system": "http://unitsofmeasure.org", "code": "g/dL"}}],
    },
    DIAGNOSIS: {
        "resourceType": "Condition",
        "category": [coded(SYSTEMS + "condition-category", "encounter-diagnosis")],
        "code": {"text": "a burn"},
        "subject": {"reference": "Patient/1"},
        "encounter": {"reference": "Encounter/1"},
        "recorder": {"reference": "Practitioner/1"},
    },
    CONCERN: {
        "resourceType": "Condition",
        "extension": [{"url": CORE + "condition-assertedDate", "valueDateTime": "2026-01-02"}],
        "clinicalStatus": coded(SYSTEMS + "condition-clinical", "active"),
        "verificationStatus": coded(SYSTEMS + "condition-ver-status", "confirmed"),
        "category": [coded(SYSTEMS + "condition-category", "problem-list-item")],
        "code": {"text": "an ulcer"},
        "subject": {"reference": "Patient/1"},
        "recorder": {"reference": "Practitioner/1"},
    },
}
_SAID[RESULT] = {**_SAID[LAB], "category": [coded(SYSTEMS + "observation-category", "imaging")]}
PROFILES = tuple(sorted(_SAID))


def conforming(profile: str) -> dict[str, Any]:
    """A resource that conforms, to be broken: numbers as they are kept from request to answer."""
    found: dict[str, Any] = loads(dumps(copy.deepcopy(_SAID[profile])))
    return found


@cache
def shipped() -> Library:
    bundle = loads(files("mappers.profiles").joinpath("us_core.json").read_bytes())
    return Library(entry["resource"] for entry in bundle["entry"])


def errors(found: list[Finding]) -> list[Finding]:
    return [one for one in found if one.severity == ERROR]


def definition(type_: str, *elements: dict[str, Any], name: str = "Ours", **more: Any) -> dict[str, Any]:
    """A StructureDefinition of a hospital's own; each element by its id and what it says."""
    told = [{"path": ".".join(p.split(":")[0] for p in one["id"].split(".")), **one} for one in elements]
    return {
        "resourceType": "StructureDefinition",
        "url": LOCAL + name,
        "name": name,
        "status": "active",
        "fhirVersion": "4.0.1",
        "kind": "complex-type" if type_ == "Extension" else "resource",
        "abstract": False,
        "type": type_,
        "baseDefinition": CORE + type_,
        "derivation": "constraint",
        "differential": {"element": told},
        **more,
    }


def held(resource: dict[str, Any], *definitions: dict[str, Any]) -> list[Finding]:
    """What the first definition says of a resource; the others lie beside it."""
    library = Library(definitions)
    assert library.refusals() == []
    return library.check(loads(dumps(resource)), definitions[0]["url"])
