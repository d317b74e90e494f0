"""What is known, and that what should conform does: US Core's own examples, and what is made up for each."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from mappers.lossless import loads
from mappers.profiles.library import Library
from mappers.profiles.rules import INFORMATION, WARNING, NotHonoured, items
from mappers.r4.validate import problems
from tests.unit.mappers.profiles.conforming import (
    CAREPLAN,
    LAB,
    LOCAL,
    PATIENT,
    PROFILES,
    US,
    conforming,
    definition,
    errors,
    held,
    shipped,
)

CLAIMED = {"CarePlan": 1, "Condition": 3, "Observation": 19, "Patient": 1}
"""How many of US Core's examples claim a profile that ships."""


def test_every_official_example_conforms_to_what_it_claims(shared_data: Path):
    seen: Counter[str] = Counter()
    for file in sorted((shared_data / "fhir" / "us-core-examples").glob("*.json")):
        resource = loads(file.read_bytes())
        for canonical in resource.get("meta", {}).get("profile", ()):
            if shipped().find(canonical) is not None:
                seen[resource["resourceType"]] += 1
                assert errors(shipped().check(resource, canonical)) == [], file.name
    assert seen == CLAIMED


@pytest.mark.parametrize("profile", PROFILES)
def test_what_is_made_up_conforms_and_is_valid(profile: str):
    resource = conforming(profile)
    assert problems(resource) == []
    found = shipped().check(resource, profile)
    assert errors(found) == []
    assert {one.severity for one in found} <= {INFORMATION}


@pytest.mark.parametrize("profile", PROFILES)
def test_everything_that_ships_is_asked_of_what_is_made_up(profile: str):
    """A rule whose element the examples of these tests lack would be tested by nothing."""
    rule, resource = shipped()._of(profile).rule, conforming(profile)
    for name in rule.members:
        assert list(items(resource["resourceType"], resource, name)), name


def test_what_cannot_be_told_is_said_where_it_stands():
    told = [one for one in shipped().check(conforming(PATIENT), PATIENT) if one.severity == INFORMATION]
    places = {one.expression for one in told}
    assert "Patient.extension[0].extension[0].value" in places
    assert {"Patient.address[0].state", "Patient.communication[0].language"} <= places
    (unopened,) = [
        one for one in shipped().check(conforming(CAREPLAN), CAREPLAN) if one.code == "informational"
    ]
    assert "not looked up" in unopened.text
    lab = {one.expression for one in shipped().check(conforming(LAB), LAB)}
    assert {"Observation.code", "Observation.interpretation[0]", "Observation"} <= lab


def test_a_warning_is_no_error():
    lab = conforming(LAB)
    del lab["valueQuantity"]
    lab["valueCodeableConcept"] = {"coding": [{"system": "urn:local", "code": "x"}]}
    (found,) = [one for one in shipped().check(lab, LAB) if one.severity == WARNING]
    assert (found.expression, found.code) == ("Observation.value", "invariant")
    assert "us-core-4" in found.text
    assert errors(shipped().check(lab, LAB)) == []


# --- what is known -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "known"),
    [
        (PATIENT, True),
        (PATIENT + "|9.0.0", True),
        (PATIENT + "|6.1.0", False),
        (PATIENT + "|", True),
        (PATIENT + "s", False),
        (LOCAL + "Ours", False),
        ("", False),
    ],
)
def test_a_canonical_is_known_in_its_version(asked: str, known: bool):
    assert (shipped().find(asked) is not None) is known


def test_extensions_are_no_profiles_to_ask_for_but_are_known():
    assert US + "us-core-race" not in {one.url for one in shipped().profiles()}
    assert shipped().type_of(US + "us-core-race") == "Extension"


def test_of_two_definitions_the_later_counts():
    earlier = definition("Patient", {"id": "Patient.name", "min": 1}, version="1")
    later = definition("Patient", {"id": "Patient.birthDate", "min": 1}, version="2")
    known = Library([earlier, later])
    assert [one.canonical for one in known.profiles()] == [f"{LOCAL}Ours|2"]
    (found,) = known.check({"resourceType": "Patient"}, LOCAL + "Ours")
    assert found.expression == "Patient.birthDate"


def test_what_is_not_known_is_never_a_pass():
    with pytest.raises(NotHonoured, match="not known"):
        Library([]).check({"resourceType": "Patient"}, PATIENT)


def test_a_constraint_that_fails_to_run_is_an_error_that_names_its_key():
    names = {
        "key": "our-1",
        "severity": "warning",
        "human": "one name",
        "expression": "name.text.length() > 0",
    }
    ours = definition("Patient", {"id": "Patient", "constraint": [names]})
    assert held({"resourceType": "Patient", "name": [{"text": "a"}]}, ours) == []
    (found,) = held({"resourceType": "Patient", "name": [{"text": "Zebulon"}, {"text": "b"}]}, ours)
    assert (found.severity, found.code, found.expression) == ("error", "exception", "Patient")
    assert "our-1" in found.text
    assert "Zebulon" not in found.text
