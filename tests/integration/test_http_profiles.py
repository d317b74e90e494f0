"""Profiles over HTTP: asked for, claimed, told in the capability statement, and enforced at writes."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.custody.settings import Storage
from gateway.profiles import ProfilesRefused
from gateway.settings import Settings
from mappers.profiles.library import Library
from tests.actors import Hospital, Town, town
from tests.unit.mappers.profiles.conforming import (
    CAREPLAN,
    LAB,
    LOCAL,
    PATIENT,
    PROFILES,
    conforming,
    definition,
)

CANARY = "Zebulon-canary"


@pytest.fixture
def small(embedded: Town) -> Hospital:
    return embedded.hospital()


def plain(profile: str, **more: Any) -> dict[str, Any]:
    """A conforming resource as the sender writes it."""
    found: dict[str, Any] = json.loads(json.dumps(conforming(profile), default=lambda raw: float(bytes(raw))))
    return {**found, **more}


def told(who: Hospital, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    answer = who.asks("POST", path, body)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["issue"]
    return found


def faults(issues: list[dict[str, Any]]) -> list[str]:
    return [issue["expression"][0] for issue in issues if issue["severity"] == "error"]


# --- $validate ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_is_asked_for_in_the_url(small: Hospital, profile: str):
    resource = plain(profile)
    type_ = resource["resourceType"]
    issues = told(small, f"{type_}/$validate?profile={profile}", resource)
    assert faults(issues) == []
    assert "conforms to US Core" in issues[0]["diagnostics"]
    assert {issue["severity"] for issue in issues} == {"information"}


def test_a_fault_of_the_profile_has_its_place_and_repeats_nothing(small: Hospital):
    resource = plain(PATIENT, name=[{"text": CANARY}])
    assert faults(told(small, "Patient/$validate", resource)) == []
    answer = small.asks("POST", f"Patient/$validate?profile={PATIENT}", resource)
    assert faults(answer.json()["issue"]) == ["Patient.name[0]"]
    assert CANARY not in answer.text
    assert "conforms" not in answer.text


@pytest.mark.parametrize("value", ["valueUri", "valueCanonical", "valueString"])
def test_a_profile_is_asked_for_in_parameters(small: Hospital, value: str):
    resource = plain(LAB)
    del resource["subject"]
    parameters = [{"name": "resource", "resource": resource}, {"name": "profile", value: f"{LAB}|9.0.0"}]
    body = {"resourceType": "Parameters", "parameter": parameters}
    assert faults(told(small, "Observation/$validate", body)) == ["Observation.subject"]
    with_mode = [*parameters, {"name": "mode", "valueCode": "profile"}]
    body = {"resourceType": "Parameters", "parameter": with_mode}
    assert faults(told(small, "Observation/$validate", body)) == ["Observation.subject"]


def test_faults_of_r4_and_of_the_profile_come_together(small: Hospital):
    resource = plain(PATIENT, gender="m")
    del resource["identifier"]
    issues = told(small, f"Patient/$validate?profile={PATIENT}", resource)
    assert sorted(faults(issues)) == ["Patient.gender", "Patient.identifier"]


def test_without_a_profile_those_that_are_claimed_and_known_count(small: Hospital):
    resource = plain(LAB, meta={"profile": [f"{LAB}|3.1.0", f"{LAB}|9.0.0", f"urn:{CANARY}"]})
    del resource["subject"]
    issues = told(small, "Observation/$validate", resource)
    assert faults(issues) == ["Observation.subject"]
    unknown = [issue["expression"][0] for issue in issues if "not known here" in issue["diagnostics"]]
    assert unknown == ["Observation.meta.profile[0]", "Observation.meta.profile[2]"]
    assert CANARY not in json.dumps(issues)


def test_a_profile_of_another_type_is_a_fault(small: Hospital):
    issues = told(small, f"Patient/$validate?profile={LAB}", plain(PATIENT))
    assert faults(issues) == ["Patient"]


@pytest.mark.parametrize("profile", [f"urn:{CANARY}", f"{PATIENT}|1.0", PATIENT + "x", ""])
def test_what_is_not_known_is_422_and_what_is_known_is_named(small: Hospital, profile: str):
    answer = small.asks("POST", f"Patient/$validate?profile={profile}", plain(PATIENT))
    assert answer.status_code == 422
    (issue,) = answer.json()["issue"]
    assert issue["code"] == "not-supported"
    assert f"{PATIENT}|9.0.0" in issue["diagnostics"]
    assert CANARY not in answer.text


def test_an_extension_is_no_profile_to_ask_for(small: Hospital):
    url = PATIENT.replace("us-core-patient", "us-core-race")
    assert small.asks("POST", f"Patient/$validate?profile={url}", plain(PATIENT)).status_code == 422


def test_what_is_stored_is_held_to_a_profile(small: Hospital):
    small.puts({"resourceType": "Patient", "id": "a"})
    issues = told(small, f"Patient/a/$validate?profile={PATIENT}", {"resourceType": "Parameters"})
    assert sorted(faults(issues)) == ["Patient.identifier", "Patient.name"]


def test_the_capability_statement_names_what_is_known(small: Hospital):
    statement = small.asks("GET", "metadata").json()
    supported = {
        each["type"]: each["supportedProfile"]
        for each in statement["rest"][0]["resource"]
        if "supportedProfile" in each
    }
    assert sorted(one for each in supported.values() for one in each) == [f"{one}|9.0.0" for one in PROFILES]
    assert supported["CarePlan"] == [f"{CAREPLAN}|9.0.0"]


# --- a deployment's own ------------------------------------------------------------------------------------


@pytest.fixture
def deployed(sqlite_storage: Storage) -> Callable[..., Town]:
    """A gateway with these settings, and these definitions in its folder."""

    def made(*definitions: dict[str, Any], **settings: Any) -> Town:
        folder = sqlite_storage.data_dir / "profiles"
        folder.mkdir(parents=True, exist_ok=True)
        for place, one in enumerate(definitions):
            (folder / f"{place}.json").write_text(json.dumps(one), "utf-8")
        return town(replace(Settings(storage=sqlite_storage), **settings))

    return made


OURS = definition("Goal", {"id": "Goal.statusDate", "min": 1}, title="Ours")


def test_a_deployments_own_is_known_and_told(deployed: Callable[..., Town]):
    hospital = deployed(OURS).hospital()
    goal = {
        "resourceType": "Goal",
        "lifecycleStatus": "active",
        "description": {"text": "x"},
        "subject": {"reference": "Patient/a"},
    }
    assert faults(told(hospital, f"Goal/$validate?profile={LOCAL}Ours", goal)) == ["Goal.statusDate"]
    types = hospital.asks("GET", "metadata").json()["rest"][0]["resource"]
    (supported,) = [each["supportedProfile"] for each in types if each["type"] == "Goal"]
    assert supported == [LOCAL + "Ours"]


def test_law_12_what_cannot_be_honoured_stops_the_start(deployed: Callable[..., Town], tmp_path: Path):
    with pytest.raises(ProfilesRefused, match="minValueDate"):
        deployed(definition("Patient", {"id": "Patient.birthDate", "minValueDate": "1900-01-01"}))


@pytest.mark.parametrize(
    "settings",
    [{"profiles_enforced": ("urn:x",)}, {"profiles": Path("/nowhere/at/all")}],
    ids=["name", "folder"],
)
def test_law_12_what_is_named_and_not_there_stops_the_start(
    deployed: Callable[..., Town], settings: dict[str, Any]
):
    with pytest.raises(ProfilesRefused, match="CARELOOM_PROFILES"):
        deployed(**settings)


# --- at writes ---------------------------------------------------------------------------------------------


def test_nothing_is_asked_of_writes_by_default(small: Hospital):
    claims = {"resourceType": "Patient", "id": "a", "meta": {"profile": [PATIENT]}}
    assert small.puts(claims).status_code == 201


def test_an_enforced_profile_is_asked_of_every_way_to_write(deployed: Callable[..., Town]):
    hospital = deployed(profiles_enforced=(PATIENT,)).hospital()
    good, bad = plain(PATIENT, id="a"), plain(PATIENT, id="a", name=[{"text": CANARY}])
    refused = hospital.puts(bad)
    assert refused.status_code == 400
    assert faults(refused.json()["issue"]) == ["Patient.name[0]"]
    assert CANARY not in refused.text
    assert hospital.asks("GET", "Patient/a").status_code == 404
    assert hospital.asks("POST", "Patient", bad).status_code == 400
    assert hospital.puts(good).status_code == 201
    assert hospital.puts({"resourceType": "Patient", "id": "b"}).status_code == 400
    assert hospital.puts({"resourceType": "Organization", "id": "o", "name": "x"}).status_code == 201


def test_an_enforced_profile_is_asked_of_bundles_and_patches(deployed: Callable[..., Town]):
    hospital = deployed(profiles_enforced=(PATIENT,)).hospital()
    assert hospital.puts(plain(PATIENT, id="a")).status_code == 201
    patch = [{"op": "remove", "path": "/identifier"}]
    bodies = {"ifNoneExist": None, "bad": {"resourceType": "Patient", "id": "b"}}
    entry = {"resource": bodies["bad"], "request": {"method": "PUT", "url": "Patient/b"}}
    data = base64.b64encode(json.dumps(patch).encode()).decode()
    binary = {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": data}
    patched = {"resource": binary, "request": {"method": "PATCH", "url": "Patient/a"}}
    for entries, places in (
        ([entry], ["Bundle.entry[0].resource.identifier", "Bundle.entry[0].resource.name"]),
        ([patched], ["Bundle.entry[0].resource.identifier"]),
    ):
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        answer = hospital.asks("POST", "", bundle)
        assert answer.status_code in (400, 422)
        assert sorted(faults(answer.json()["issue"])) == places
    assert hospital.asks("GET", "Patient/b").status_code == 404
    assert "identifier" in hospital.reads("Patient/a")


def test_the_shipped_profiles_are_not_compiled_before_they_are_asked_for(
    embedded: Town, monkeypatch: pytest.MonkeyPatch
):
    made: list[str] = []
    before = Library._made
    monkeypatch.setattr(Library, "_made", lambda self, url: made.append(url) or before(self, url))
    hospital = embedded.hospital()
    hospital.puts({"resourceType": "Patient", "id": "a"})
    assert made == []
    told(hospital, f"CarePlan/$validate?profile={CAREPLAN}", plain(CAREPLAN))
    assert made == [CAREPLAN]
