"""What a deployment knows: what ships, what its folder adds, and what it asks of writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.profiles import ProfilesRefused, brought, enforced, library, read, shipped
from mappers.profiles.library import Library
from mappers.r4.validate import problems
from tests.unit.mappers.profiles.conforming import (
    CONCERN,
    DIAGNOSIS,
    LOCAL,
    PATIENT,
    PROFILES,
    US,
    conforming,
    definition,
    errors,
)

NARROW = definition("Patient", {"id": "Patient.birthDate", "min": 1}, version="1.0")


def written(folder: Path, *resources: Any, name: str = "ours.json") -> Path:
    path = folder / name
    entries = [{"resource": one} for one in resources]
    told = (
        resources[0]
        if len(resources) == 1
        else {"resourceType": "Bundle", "type": "collection", "entry": entries}
    )
    path.write_text(json.dumps(told), "utf-8")
    return path


def refused(path: Path) -> str:
    with pytest.raises(ProfilesRefused) as found:
        library([path])
    return str(found.value)


def test_what_ships_is_valid_r4_and_can_be_honoured():
    assert [fault for one in shipped() for fault in problems(one)] == []
    known = Library(shipped())
    assert known.refusals() == []
    assert {one.url for one in known.profiles()} == set(PROFILES)
    assert {one.version for one in known.profiles()} == {"9.0.0"}


def test_a_file_adds_a_profile_or_several(tmp_path: Path):
    alone = library([written(tmp_path, NARROW)])
    assert alone.find(LOCAL + "Ours") is not None
    other = definition("Goal", {"id": "Goal.statusDate", "min": 1}, name="Other")
    both = library([written(tmp_path, NARROW, other)])
    assert both.find(LOCAL + "Other") is not None
    assert both.find(PATIENT) is not None


def test_what_is_added_takes_the_place_of_what_ships(tmp_path: Path):
    older = {**NARROW, "url": PATIENT, "version": "6.1.0"}
    known = library([written(tmp_path, older)])
    assert known.find(PATIENT + "|6.1.0") is not None
    assert known.find(PATIENT + "|9.0.0") is None
    (found,) = errors(known.check(conforming(PATIENT), PATIENT))
    assert found.expression == "Patient.birthDate"


def test_a_value_set_makes_a_binding_known(tmp_path: Path):
    states = {
        "resourceType": "ValueSet",
        "url": "http://terminology.hl7.org/ValueSet/USPS-State",
        "status": "active",
        "compose": {"include": [{"system": "https://www.usps.com/", "concept": [{"code": "OK"}]}]},
    }
    known = library([written(tmp_path, states)])
    resource = conforming(PATIENT)
    assert "Patient.address[0].state" not in {one.expression for one in known.check(resource, PATIENT)}
    resource["address"][0]["state"] = "ZZ"
    (found,) = [one for one in known.check(resource, PATIENT) if one.severity == "warning"]
    assert (found.expression, found.code) == ("Patient.address[0].state", "code-invalid")


@pytest.mark.parametrize(
    ("resource", "told"),
    [
        ({"resourceType": "Patient"}, "holds nothing to add"),
        ([], "holds nothing to add"),
        ({**NARROW, "status": "odd"}, "StructureDefinition.status"),
        (
            {key: value for key, value in NARROW.items() if key != "baseDefinition"},
            "baseDefinition is missing",
        ),
        ({**NARROW, "fhirVersion": "3.0.1"}, "another version of FHIR"),
        ({"resourceType": "ValueSet", "status": "active"}, "ValueSet.url is missing"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(tmp_path: Path, resource: Any, told: str):
    assert told in refused(written(tmp_path, resource))


def test_what_is_no_json_or_cannot_be_read_is_refused(tmp_path: Path):
    path = tmp_path / "ours.json"
    path.write_bytes(b"{")
    assert "ours.json" in refused(path)
    assert "cannot be read" in refused(tmp_path / "none.json")


def test_only_what_is_added_is_compiled_at_once(tmp_path: Path):
    known = library([written(tmp_path, NARROW)])
    assert set(known._compiled) == {LOCAL + "Ours"}


def test_narratives_are_not_kept(tmp_path: Path):
    told = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'}
    (found,) = read(written(tmp_path, {**NARROW, "text": told}))
    assert "text" not in found


def test_a_folder_that_was_named_must_be_there(tmp_path: Path):
    assert brought(tmp_path / "profiles") == ()
    with pytest.raises(ProfilesRefused, match="CARELOOM_PROFILES"):
        brought(tmp_path / "profiles", needed=True)
    written(tmp_path, NARROW, name="b.json")
    written(tmp_path, NARROW, name="a.json")
    (tmp_path / "note.txt").write_text("x")
    assert [path.name for path in brought(tmp_path, needed=True)] == ["a.json", "b.json"]


# --- at writes ---------------------------------------------------------------------------------------------


def test_nothing_is_enforced_unless_it_is_named():
    assert enforced(Library(shipped()), ()) is None


def test_a_resource_must_conform_to_one_of_its_types_profiles():
    asked = enforced(Library(shipped()), (DIAGNOSIS, CONCERN + "|9.0.0", PATIENT))
    assert asked is not None
    for profile in (DIAGNOSIS, CONCERN, PATIENT):
        assert asked.faults(conforming(profile), "") == []
    assert asked.faults({"resourceType": "Goal"}, "") == []
    condition = conforming(DIAGNOSIS)
    del condition["code"]
    (fault,) = asked.faults(condition, "Bundle.entry[1].resource")
    assert (fault.code, fault.expression) == ("required", "Bundle.entry[1].resource.code")
    assert "Encounter Diagnosis" in fault.text


@pytest.mark.parametrize("name", ["urn:x", PATIENT + "|1.0", US + "us-core-race"])
def test_law_12_what_is_asked_and_not_known_is_an_error_at_start(name: str):
    with pytest.raises(ProfilesRefused, match="CARELOOM_PROFILES_ENFORCED"):
        enforced(Library(shipped()), (PATIENT, name))
