"""FHIRPath Patch: what HL7's own test cases show, by small examples, and what must fail."""

from __future__ import annotations

from typing import Any

import pytest

from mappers import lossless
from mappers.r4 import validate
from mappers.r4.fhirpath_patch import applied
from mappers.r4.patching import CannotPatch, copied

_PARTS = {
    "type": "valueCode",
    "path": "valueString",
    "name": "valueString",
    "index": "valueInteger",
    "source": "valueInteger",
    "destination": "valueInteger",
}


def op(type_: str, path: str, value: Any = None, **more: Any) -> dict[str, Any]:
    """One operation; ``value`` is what the part of that name bears, such as ``{"valueCode": "male"}``."""
    parts = [{"name": n, _PARTS[n]: v} for n, v in {"type": type_, "path": path, **more}.items()]
    return {
        "name": "operation",
        "part": [*parts, *([{"name": "value", **value}] if value is not None else [])],
    }


def parameters(*operations: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"resourceType": "Parameters"}
    return {**made, "parameter": list(operations)} if operations else made


def patient(**more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", **more}


def identifiers(*values: str) -> list[dict[str, str]]:
    return [{"system": "urn:s", "value": value} for value in values]


A_NAME = {"text": "a name"}
BORN = patient(birthDate="1920-01-01")
CONTACT = patient(contact=[{"name": A_NAME, "gender": "male"}])
THREE = patient(identifier=identifiers("a", "b", "c"))
VALUE = {"resourceType": "Observation", "valueQuantity": {"value": 1, "unit": "mg"}}

DONE: dict[str, tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]] = {
    "no difference": (BORN, [], BORN),
    "replace primitive": (
        BORN,
        [op("replace", "Patient.birthDate", {"valueDate": "1930-01-01"})],
        patient(birthDate="1930-01-01"),
    ),
    "delete primitive": (BORN, [op("delete", "Patient.birthDate")], patient()),
    "delete what is not there": (patient(), [op("delete", "Patient.birthDate")], patient()),
    "add primitive": (patient(), [op("add", "Patient", {"valueDate": "1920-01-01"}, name="birthDate")], BORN),
    "replace nested primitive": (
        CONTACT,
        [op("replace", "Patient.contact[0].gender", {"valueCode": "female"})],
        patient(contact=[{"name": A_NAME, "gender": "female"}]),
    ),
    "replace two levels down": (
        CONTACT,
        [op("replace", "Patient.contact[0].name.text", {"valueString": "the name"})],
        patient(contact=[{"name": {"text": "the name"}, "gender": "male"}]),
    ),
    "delete nested primitive": (
        CONTACT,
        [op("delete", "Patient.contact[0].gender")],
        patient(contact=[{"name": A_NAME}]),
    ),
    "what is empty without it goes too": (
        CONTACT,
        [op("delete", "Patient.contact[0].name.text")],
        patient(contact=[{"gender": "male"}]),
    ),
    "emptied to the top": (
        patient(contact=[{"name": A_NAME}]),
        [op("delete", "Patient.contact[0].name.text")],
        patient(),
    ),
    "add nested primitive": (
        patient(contact=[{"name": A_NAME}]),
        [op("add", "Patient.contact[0]", {"valueCode": "male"}, name="gender")],
        CONTACT,
    ),
    "add complex": (
        patient(),
        [op("add", "Patient", {"valueCodeableConcept": {"text": "married"}}, name="maritalStatus")],
        patient(maritalStatus={"text": "married"}),
    ),
    "replace complex": (
        patient(maritalStatus={"id": "1", "text": "married"}),
        [
            op(
                "replace",
                "Patient.maritalStatus",
                {"valueCodeableConcept": {"id": "2", "text": "not married"}},
            )
        ],
        patient(maritalStatus={"id": "2", "text": "not married"}),
    ),
    "delete complex": (
        patient(maritalStatus={"text": "married"}),
        [op("delete", "Patient.maritalStatus")],
        patient(),
    ),
    "add what has no type's name": (
        patient(),
        [op("add", "Patient", {"part": [{"name": "name", "valueHumanName": A_NAME}]}, name="contact")],
        patient(contact=[{"name": A_NAME}]),
    ),
    "delete what has no type's name": (
        patient(contact=[{"name": A_NAME}]),
        [op("delete", "Patient.contact[0]")],
        patient(),
    ),
    "list unchanged, contents changed": (
        patient(identifier=identifiers("a", "b")),
        [
            op("replace", "Patient.identifier[0].value", {"valueString": "b"}),
            op("replace", "Patient.identifier[1].value", {"valueString": "a"}),
        ],
        patient(identifier=identifiers("b", "a")),
    ),
    "insert at the end": (
        patient(identifier=identifiers("a", "b")),
        [op("insert", "Patient.identifier", {"valueIdentifier": identifiers("c")[0]}, index=2)],
        THREE,
    ),
    "insert at the front": (
        patient(identifier=identifiers("b", "c")),
        [op("insert", "Patient.identifier", {"valueIdentifier": identifiers("a")[0]}, index=0)],
        THREE,
    ),
    "insert into no list yet": (
        patient(),
        [op("insert", "Patient.identifier", {"valueIdentifier": identifiers("a")[0]}, index=0)],
        patient(identifier=identifiers("a")),
    ),
    "add to the end of a list": (
        patient(identifier=identifiers("a", "b")),
        [op("add", "Patient", {"valueIdentifier": identifiers("c")[0]}, name="identifier")],
        THREE,
    ),
    "delete from a list": (
        THREE,
        [op("delete", "Patient.identifier[1]")],
        patient(identifier=identifiers("a", "c")),
    ),
    "move up": (
        THREE,
        [op("move", "Patient.identifier", source=2, destination=0)],
        patient(identifier=identifiers("c", "a", "b")),
    ),
    "move down": (
        THREE,
        [op("move", "Patient.identifier", source=0, destination=2)],
        patient(identifier=identifiers("b", "c", "a")),
    ),
    "delete by what it says": (
        THREE,
        [op("delete", "Patient.identifier.where(system = 'urn:s' and value = 'b')")],
        patient(identifier=identifiers("a", "c")),
    ),
    "the last of them": (
        THREE,
        [op("delete", "Patient.identifier.last()")],
        patient(identifier=identifiers("a", "b")),
    ),
    "a choice": (
        VALUE,
        [op("replace", "Observation.value.unit", {"valueString": "g"})],
        {"resourceType": "Observation", "valueQuantity": {"value": 1, "unit": "g"}},
    ),
    "a choice of another type": (
        VALUE,
        [op("replace", "Observation.value", {"valueString": "much"})],
        {"resourceType": "Observation", "valueString": "much"},
    ),
    "a choice by its type": (
        VALUE,
        [op("delete", "Observation.value.ofType(Quantity)")],
        {"resourceType": "Observation"},
    ),
    "a choice added": (
        {"resourceType": "Observation"},
        [op("add", "Observation", {"valueQuantity": {"value": 1, "unit": "mg"}}, name="value")],
        VALUE,
    ),
    "a primitive goes with its extensions": (
        patient(birthDate="1920-01-01", _birthDate={"id": "x"}),
        [op("delete", "Patient.birthDate")],
        patient(),
    ),
    "a primitive comes with its extensions": (
        patient(),
        [op("add", "Patient", {"valueDate": "1920-01-01", "_valueDate": {"id": "x"}}, name="birthDate")],
        patient(birthDate="1920-01-01", _birthDate={"id": "x"}),
    ),
    "a list of primitives keeps each beside its extensions": (
        patient(name=[{"given": ["A", "B", "C"], "_given": [None, None, {"id": "c"}]}]),
        [op("delete", "Patient.name.given[0]")],
        patient(name=[{"given": ["B", "C"], "_given": [None, {"id": "c"}]}]),
    ),
    "an extension by its url": (
        patient(extension=[{"url": "urn:a", "valueCode": "x"}, {"url": "urn:b", "valueCode": "y"}]),
        [op("replace", "Patient.extension('urn:b').value", {"valueCode": "z"})],
        patient(extension=[{"url": "urn:a", "valueCode": "x"}, {"url": "urn:b", "valueCode": "z"}]),
    ),
}


@pytest.mark.parametrize("name", DONE)
def test_what_hl7_shows_is_done(name: str):
    before, operations, after = DONE[name]
    kept = copied(before)
    assert applied(before, parameters(*operations)) == after
    assert before == kept, "what was given stays as it was"


UNMET = {
    "several": op("replace", "Patient.identifier.value", {"valueString": "x"}),
    "several to delete": op("delete", "Patient.identifier"),
    "none": op("replace", "Patient.birthDate", {"valueDate": "1930-01-01"}),
    "there already": op("add", "Patient", {"valueCode": "male"}, name="gender"),
    "beyond the end": op("insert", "Patient.identifier", {"valueIdentifier": {}}, index=4),
    "moved from nowhere": op("move", "Patient.identifier", source=3, destination=0),
    "moved to nowhere": op("move", "Patient.identifier", source=0, destination=3),
    "a list in nothing": op("insert", "Patient.contact.telecom", {"valueContactPoint": {}}, index=0),
}
UNSOUND = {
    "no such element": op("add", "Patient", {"valueString": "x"}, name="colour"),
    "a path to no such element": op("delete", "Patient.colour"),
    "another type": op("delete", "Observation.status"),
    "no path": op("delete", "Patient..name"),
    "a computed value": op("delete", "Patient.name.given.upper()"),
    "the resource itself": op("delete", "Patient"),
    "not a list": op("insert", "Patient.gender", {"valueCode": "male"}, index=0),
    "no such type": op("merge", "Patient.gender"),
    "no value": op("replace", "Patient.gender"),
    "two values": op("replace", "Patient.gender", {"valueCode": "male", "valueString": "x"}),
    "a value of a type that the choice lacks": op("add", "Patient", {"valueString": "x"}, name="deceased"),
    "no index": op("insert", "Patient.identifier", {"valueIdentifier": {}}),
    "an index below": op("insert", "Patient.identifier", {"valueIdentifier": {}}, index=-1),
    "no operation": {"name": "change", "part": []},
    "no parts": {"name": "operation"},
    "a part twice": {"name": "operation", "part": [{"name": "type", "valueCode": "delete"}] * 2},
}
SUBJECT = patient(gender="female", identifier=identifiers("a", "b", "c"))


@pytest.mark.parametrize("name", UNMET)
def test_what_the_resource_is_not_fails(name: str):
    with pytest.raises(CannotPatch) as caught:
        applied(SUBJECT, parameters(op("delete", "Patient.birthDate"), UNMET[name]))
    assert (caught.value.operation, caught.value.unmet) == (1, True)


@pytest.mark.parametrize("name", UNSOUND)
def test_what_is_no_patch_is_refused(name: str):
    with pytest.raises(CannotPatch) as caught:
        applied(SUBJECT, parameters(UNSOUND[name]))
    assert (caught.value.operation, caught.value.unmet) == (0, False)


@pytest.mark.parametrize(
    "document", [[], {}, {"resourceType": "Bundle"}, None, {"resourceType": "Parameters", "parameter": 1}]
)
def test_a_patch_is_parameters(document: Any):
    with pytest.raises(CannotPatch):
        applied(SUBJECT, document)


def test_law_1_numbers_go_through_a_patch_as_they_were_written():
    before = lossless.loads(b'{"resourceType":"Observation","valueQuantity":{"value":1.10,"unit":"mg"}}')
    value = {"valueQuantity": lossless.loads(b'{"value":2.50}')}
    kept = applied(before, parameters(op("delete", "Observation.value.unit")))
    assert lossless.dumps(kept) == b'{"resourceType":"Observation","valueQuantity":{"value":1.10}}'
    after = applied(before, parameters(op("replace", "Observation.value", value)))
    assert lossless.dumps(after) == b'{"resourceType":"Observation","valueQuantity":{"value":2.50}}'


def test_what_the_patches_make_has_fhirs_form():
    """That a contact has more than a gender (pat-1) is for whoever stores it to ask."""
    for before, operations, _ in DONE.values():
        if not validate.problems(before):
            found = validate.problems(applied(before, parameters(*operations)))
            assert {problem.code for problem in found} <= {"invariant"}


@pytest.mark.parametrize(
    "path", ["(" * 5_000, "Patient" + ".name" * 5_000, f"Patient.name[{'9' * 5_000}]", "Patient" + ".a" * 246]
)
def test_a_path_of_any_length_is_refused_or_walked(path: str):
    patient = {"resourceType": "Patient", "active": True}
    with pytest.raises(CannotPatch):
        applied(
            patient,
            {
                "resourceType": "Parameters",
                "parameter": [
                    {
                        "name": "operation",
                        "part": [
                            {"name": "type", "valueCode": "delete"},
                            {"name": "path", "valueString": path},
                        ],
                    }
                ],
            },
        )
