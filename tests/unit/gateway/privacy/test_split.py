"""What becomes of each kind of element: one test for every trap that other tools fell into."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.privacy.merge import merge
from gateway.privacy.policy import Policy
from gateway.privacy.split import split
from gateway.privacy.walk import masked
from mappers.lossless import loads, same
from mappers.r4.validate import problems
from tests.unit.gateway.privacy.cases import holds, pseudonym_of

LOINC = {"system": "http://loinc.org", "code": "4548-4"}
MASKED = masked()


@pytest.fixture
def seen(clinical: Policy) -> Any:
    """The clinical half of a resource, after seeing that nothing was lost."""

    def clinical_half(resource: dict[str, Any]) -> Any:
        halves = split(resource, clinical, pseudonym_of)
        assert same(merge(halves.clinical, halves.withheld), resource)
        return halves.clinical

    return clinical_half


def observation(**more: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", "status": "final", "code": {"coding": [LOINC]}, **more}


def test_numbers_and_dates_stay_as_they_were_written(seen: Any) -> None:
    resource = loads(
        b'{"resourceType":"Observation","status":"final","code":{"text":"x"},"effectiveDateTime":"2012-05",'
        b'"valueQuantity":{"value":1.10,"comparator":"<","unit":"%","system":"http://unitsofmeasure.org","code":"%"}}'
    )
    half = seen(resource)
    assert half["effectiveDateTime"] == "2012-05"
    assert same(half["valueQuantity"], resource["valueQuantity"])


def test_id_and_references_become_pseudonyms(seen: Any) -> None:
    half = seen(observation(id="o-1", subject={"reference": "Patient/mrn-1", "display": "Ms. Hopkins"}))
    assert half["id"] == pseudonym_of("Observation", "o-1")
    assert half["subject"] == {"reference": "Patient/" + pseudonym_of("Patient", "mrn-1")}


def test_ids_are_scoped_by_type(seen: Any) -> None:
    half = seen(observation(subject={"reference": "Patient/1"}, encounter={"reference": "Encounter/1"}))
    assert half["subject"]["reference"].partition("/")[2] != half["encounter"]["reference"].partition("/")[2]


def test_a_version_stays_when_it_is_a_number(seen: Any) -> None:
    numbered = seen(observation(subject={"reference": "Patient/a/_history/3"}))
    named = seen(observation(subject={"reference": "Patient/a/_history/Hopkins"}))
    assert numbered["subject"]["reference"] == f"Patient/{pseudonym_of('Patient', 'a')}/_history/3"
    assert named["subject"]["reference"] == f"Patient/{pseudonym_of('Patient', 'a')}"


@pytest.mark.parametrize(
    "reference",
    [
        "https://ehr.example/fhir/Patient/mrn-1",
        "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
        "Patient?identifier=mrn|1",
        "Hopkins/1",
        "Patient/Ms Hopkins",
        "Patient/",
        "#nowhere",
    ],
)
def test_what_is_no_local_reference_is_masked(seen: Any, reference: str) -> None:
    assert seen(observation(subject={"reference": reference}))["subject"] == MASKED


def test_a_logical_reference_has_a_pseudonymous_identifier(seen: Any) -> None:
    half = seen(observation(subject={"type": "Patient", "identifier": {"system": "urn:mrn", "value": "1"}}))
    assert half["subject"] == {
        "type": "Patient",
        "identifier": {"system": "urn:careloom:pseudonym", "value": pseudonym_of("Identifier", "urn:mrn|1")},
    }


def test_an_identifier_cannot_be_mistaken_for_a_real_one(seen: Any) -> None:
    ssn = {
        "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "SS"}],
        "text": "SSN 1",
    }
    half = seen(
        {"resourceType": "Patient", "identifier": [{"use": "usual", "type": ssn, "value": "999-99-9999"}]}
    )
    (identifier,) = half["identifier"]
    assert identifier["system"] == "urn:careloom:pseudonym"
    assert identifier["value"] == pseudonym_of("Identifier", "|999-99-9999")
    assert identifier["type"] == {"coding": ssn["coding"]}
    assert identifier["use"] == "usual"


def test_contained_ids_are_renamed_and_stay_linked(seen: Any) -> None:
    doctor = {"resourceType": "Practitioner", "id": "dr-hopkins", "name": [{"family": "Hopkins"}]}
    half = seen(observation(contained=[doctor], performer=[{"reference": "#dr-hopkins"}]))
    assert half["contained"] == [{"resourceType": "Practitioner", "id": "c1"}]
    assert half["performer"] == [{"reference": "#c1"}]


def test_contained_resources_that_nothing_refers_to_any_more_are_withheld(seen: Any) -> None:
    doctor = {"resourceType": "Practitioner", "id": "d", "active": True}
    link = {"url": "urn:unknown", "valueReference": {"reference": "#d"}}
    assert "contained" not in seen(observation(contained=[doctor], extension=[link]))


def test_contained_chains_and_back_references_stay(seen: Any) -> None:
    role = {"resourceType": "PractitionerRole", "id": "r", "organization": {"reference": "#o"}}
    organization = {"resourceType": "Organization", "id": "o", "active": True}
    provenance = {
        "resourceType": "Group",
        "id": "g",
        "type": "person",
        "actual": True,
        "managingEntity": {"reference": "#"},
    }
    resource = observation(contained=[role, organization, provenance], performer=[{"reference": "#r"}])
    assert [one["id"] for one in seen(resource)["contained"]] == ["c1", "c2", "c3"]


def test_bundles_and_parameters_are_split_to_the_bottom(seen: Any) -> None:
    person = {"resourceType": "Patient", "id": "mrn-1", "name": [{"family": "Hopkins"}], "gender": "female"}
    inner = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"fullUrl": "urn:hopkins", "resource": person}],
    }
    parameters = {"resourceType": "Parameters", "parameter": [{"name": "Hopkins", "resource": inner}]}
    outer = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": parameters}]}
    half = seen(outer)
    (parameter,) = half["entry"][0]["resource"]["parameter"]
    assert parameter["_name"] == MASKED
    (entry,) = parameter["resource"]["entry"]
    assert entry == {
        "resource": {"resourceType": "Patient", "id": pseudonym_of("Patient", "mrn-1"), "gender": "female"}
    }


def test_the_wire_of_a_bundle_is_withheld(seen: Any) -> None:
    request = {"method": "PUT", "url": "Patient/mrn-1", "ifNoneExist": "identifier=mrn|1", "ifMatch": 'W/"1"'}
    entry = {"fullUrl": "http://ehr/Patient/mrn-1", "request": request}
    half = seen({"resourceType": "Bundle", "type": "transaction", "entry": [entry]})
    assert half["entry"] == [{"request": {"method": "PUT", "_url": MASKED}}]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("text", {"status": "generated", "div": "<div>Hopkins</div>"}),
        ("photo", [{"contentType": "image/png", "data": "SG9wa2lucw=="}]),
        ("contact", [{"name": {"text": "Hopkins"}}]),
        ("telecom", [{"system": "phone", "value": "555 0100"}]),
        ("extension", [{"url": "http://ehr.example/hopkins", "valueString": "Hopkins"}]),
        ("_birthDate", {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/patient-birthTime"}]}),
        ("nickname", "Hopkins"),
    ],
)
def test_what_tells_who_somebody_is_goes(seen: Any, key: str, value: Any) -> None:
    assert seen({"resourceType": "Patient", "active": True, key: value}) == {
        "resourceType": "Patient",
        "active": True,
    }


def test_an_attachment_keeps_its_kind_and_date(seen: Any) -> None:
    attachment = {
        "contentType": "application/pdf",
        "creation": "2020-01-01",
        "url": "data:text/plain;base64,SG9w",
    }
    attachment |= {"title": "Letter to Ms. Hopkins", "data": "SG9w", "hash": "SG9w", "size": 12}
    resource = {"resourceType": "Media", "status": "completed", "content": attachment}
    assert seen(resource)["content"] == {"contentType": "application/pdf", "creation": "2020-01-01"}


def test_the_sentence_of_a_dosage_goes_its_numbers_stay(seen: Any) -> None:
    rate = {"doseQuantity": {"value": 1, "unit": "tablet"}}
    dosage = {
        "text": "one for Hopkins",
        "patientInstruction": "Hopkins",
        "asNeededBoolean": False,
        "doseAndRate": [rate],
    }
    resource = {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "dosageInstruction": [dosage],
    }
    assert seen(resource)["dosageInstruction"] == [{"asNeededBoolean": False, "doseAndRate": [rate]}]


def test_a_place_keeps_no_position_and_a_device_no_serial_number(seen: Any) -> None:
    place = {"resourceType": "Location", "status": "active", "position": {"longitude": 1, "latitude": 2}}
    carrier = {"deviceIdentifier": "0884", "carrierHRF": "(01)0884"}
    device = {
        "resourceType": "Device",
        "status": "active",
        "udiCarrier": [carrier],
        "serialNumber": "7",
        "lotNumber": "7",
    }
    assert seen(place) == {"resourceType": "Location", "status": "active"}
    assert seen(device) == {"resourceType": "Device", "status": "active"}


def test_birth_date_to_the_month_and_zip_to_three_digits(seen: Any) -> None:
    home = {"line": ["1 Main St"], "city": "Boston", "postalCode": "02115-1234", "text": "1 Main St"}
    half = seen({"resourceType": "Patient", "birthDate": "1974-12-25", "address": [home, {"city": "Boston"}]})
    assert half == {"resourceType": "Patient", "birthDate": "1974-12", "address": [{"postalCode": "021"}]}


def test_display_goes_although_the_code_stays(seen: Any) -> None:
    coding = LOINC | {"display": "HbA1c of Ms. Hopkins", "version": "2.74", "userSelected": True}
    half = seen(
        {"resourceType": "Observation", "status": "final", "code": {"coding": [coding], "text": "Hopkins"}}
    )
    assert half["code"] == {"coding": [LOINC | {"version": "2.74", "userSelected": True}]}


@pytest.mark.parametrize(
    "coding",
    [
        {"system": "http://ehr.example/local", "code": "HOPKINS"},
        {"system": "http://loinc.org", "code": "Hopkins"},
        {"code": "4548-4"},
        {"system": "http://snomed.info/sct", "version": "Hopkins"},
    ],
)
def test_codes_of_unknown_systems_or_shapes_are_masked(seen: Any, coding: dict[str, Any]) -> None:
    half = seen({"resourceType": "Observation", "status": "final", "code": {"coding": [coding]}})
    assert half["code"] == MASKED


def test_an_allergy_that_cannot_be_read_is_still_an_allergy(seen: Any) -> None:
    patient = {"reference": "Patient/1"}
    half = seen(
        {"resourceType": "AllergyIntolerance", "patient": patient, "code": {"text": "the pink pills"}}
    )
    assert half["code"] == MASKED


@pytest.mark.parametrize("key", ["valueString", "valueDateTime"])
def test_a_choice_that_cannot_be_read_is_marked(seen: Any, key: str) -> None:
    assert seen(observation(**{key: "seen by Hopkins"}))[f"_{key}"] == MASKED


def test_a_required_text_is_masked_beside_its_own_extension(seen: Any) -> None:
    extension = {"extension": [{"url": "urn:unknown", "valueString": "Hopkins"}]}
    half = seen({"resourceType": "Composition", "title": "Hopkins", "_title": extension})
    assert half["_title"] == MASKED


def test_a_reason_for_absence_that_was_sent_stays(seen: Any) -> None:
    unknown = {"extension": [{"url": MASKED["extension"][0]["url"], "valueCode": "unknown"}]}
    assert (
        seen({"resourceType": "Observation", "_status": unknown, "code": {"coding": [LOINC]}})["_status"]
        == unknown
    )


def test_a_drug_name_stays_and_a_sentence_does_not(seen: Any) -> None:
    def drug(text: str) -> dict[str, Any]:
        concept = {
            "coding": [{"system": "http://ehr.example/local", "code": "1", "display": text}],
            "text": text,
        }
        return {
            "resourceType": "MedicationStatement",
            "status": "active",
            "medicationCodeableConcept": concept,
        }

    name = "24 HR Metformin hydrochloride 500 MG Extended Release Oral Tablet"
    assert seen(drug(name))["medicationCodeableConcept"] == {"coding": [{"display": name}], "text": name}
    assert seen(drug("Metformin as Dr. Hopkins said"))["medicationCodeableConcept"] == MASKED


def test_an_allele_stays_and_a_sentence_does_not(seen: Any) -> None:
    assert seen(observation(valueCodeableConcept={"text": "CYP2C19 *1/*2"}))["valueCodeableConcept"]["text"]
    assert seen(observation(valueString="1:80"))["valueString"] == "1:80"
    assert "valueString" not in seen(observation(valueString="*1/*2 for Hopkins"))


def test_extensions_are_allowed_by_url_to_the_bottom(seen: Any) -> None:
    race = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
    white = {"system": "urn:oid:2.16.840.1.113883.6.238", "code": "2106-3"}
    parts = [
        {"url": "ombCategory", "valueCoding": white | {"display": "White"}},
        {"url": "text", "valueString": "White"},
        {"url": "hopkins", "valueBoolean": True},
    ]
    half = seen({"resourceType": "Patient", "extension": [{"url": race, "extension": parts}]})
    assert half["extension"] == [{"url": race, "extension": [{"url": "ombCategory", "valueCoding": white}]}]


def test_a_code_in_an_extension_must_be_listed(seen: Any) -> None:
    url = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex"
    known, other = ({"url": url, "valueCode": code} for code in ("F", "Hopkins"))
    half = seen({"resourceType": "Patient", "extension": [known, other]})
    assert half["extension"] == [known, {"url": url, "_valueCode": MASKED}]


@pytest.mark.parametrize(
    "resource",
    [
        observation(modifierExtension=[{"url": "urn:not", "valueBoolean": True}]),
        observation(component=[{"code": {}, "modifierExtension": [{"url": "urn:not"}]}]),
        observation(contained=[{"resourceType": "Patient", "modifierExtension": [{"url": "urn:not"}]}]),
        observation(implicitRules="http://ehr.example/rules"),
        {
            "resourceType": "Bundle",
            "entry": [{"resource": observation(modifierExtension=[{"url": "urn:not"}])}],
        },
        {"resourceType": "StructureDefinition", "name": "Hopkins"},
        {"resourceType": "Hopkins"},
        {"no": "type"},
    ],
)
def test_what_changes_the_meaning_unseen_has_no_clinical_half(
    clinical: Policy, resource: dict[str, Any]
) -> None:
    halves = split(resource, clinical, pseudonym_of)
    assert halves.clinical is None
    assert halves.withheld == resource


def test_meta_keeps_known_profiles_and_labels(seen: Any) -> None:
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
    known = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient|6.1.0"
    meta = {"source": "urn:hopkins", "versionId": "hopkins", "security": [label | {"display": "restricted"}]}
    half = seen({"resourceType": "Patient", "meta": meta | {"profile": [known]}})
    assert half["meta"] == {"security": [label], "profile": [known]}
    strange = seen(
        {"resourceType": "Patient", "meta": {"profile": [known, "http://ehr.example/Patient/hopkins"]}}
    )
    assert not holds(strange, "hopkins")


def test_a_masked_element_bears_what_r4_requires_inside_it(seen: Any) -> None:
    entry = {"article": "x"}
    section = {
        "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Hopkins</div>'}
    }
    resource = {
        "resourceType": "Composition",
        "status": "final",
        "type": {"coding": [LOINC]},
        "date": "2020",
        "author": [{"display": "Hopkins"}],
        "title": "Hopkins",
        "section": [section],
    }
    assert entry
    assert problems(resource) == []
    assert problems(seen(resource)) == []


def test_an_age_without_a_readable_unit_is_no_age(seen: Any) -> None:
    age = {"value": 70, "unit": "Hopkins", "system": "http://unitsofmeasure.org", "code": "Hopkins"}
    resource = {"resourceType": "Condition", "subject": {"reference": "Patient/1"}, "onsetAge": age}
    assert seen(resource)["onsetAge"] == MASKED


def test_a_quantity_keeps_its_number_when_its_unit_cannot_be_read(seen: Any) -> None:
    value = {"value": 7, "unit": "Hopkins", "system": "urn:hopkins", "code": "hopkins"}
    assert seen(observation(valueQuantity=value))["valueQuantity"] == {"value": 7}


def test_of_an_array_of_texts_those_stay_that_match(seen: Any) -> None:
    known = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient"
    profiles = ["http://ehr.example/hopkins", known, "urn:hopkins", f"{known}|6.1.0"]
    assert seen({"resourceType": "Patient", "meta": {"profile": profiles}})["meta"] == {
        "profile": [known, f"{known}|6.1.0"]
    }
    beside = {"profile": profiles, "_profile": [None, {"id": "a"}, None, MASKED]}
    assert "_profile" not in seen({"resourceType": "Patient", "meta": beside})["meta"]
