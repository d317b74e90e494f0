"""SMART's own Python client, ``fhirclient``: its models, its searches, its bundles."""

from __future__ import annotations

from typing import Any

import pytest
from fhirclient.client import FHIRClient
from fhirclient.models.bundle import Bundle, BundleEntry, BundleEntryRequest
from fhirclient.models.codeableconcept import CodeableConcept
from fhirclient.models.coding import Coding
from fhirclient.models.fhirdatetime import FHIRDateTime
from fhirclient.models.fhirreference import FHIRReference
from fhirclient.models.humanname import HumanName
from fhirclient.models.observation import Observation
from fhirclient.models.patient import Patient
from fhirclient.server import FHIRNotFoundException

from tests.third_party.conftest import Wire


@pytest.fixture
def smart(wire: Wire) -> FHIRClient:
    client = FHIRClient(settings={"app_id": "tests", "api_base": wire.base})
    client.server.session.headers["Authorization"] = f"Bearer {wire.token}"
    return client


def patient(**more: Any) -> Patient:
    made = Patient({"birthDate": "1961-04-17", "gender": "female"} | more)
    made.name = [HumanName({"family": "Hopkins", "given": ["Anne"]})]
    return made


def test_it_reads_what_the_server_can_do(smart: FHIRClient):
    assert smart.server.capabilityStatement.fhirVersion == "4.0.1"


def test_create_read_update_delete(smart: FHIRClient):
    made = patient()
    told = made.create(smart.server)
    found = Patient.read(told["id"], smart.server)
    assert found.name[0].family == "Hopkins"
    found.gender = "other"
    assert found.update(smart.server)["meta"]["versionId"] == "2"
    found.delete(smart.server)
    with pytest.raises(FHIRNotFoundException):
        Patient.read("nobody", smart.server)


def test_a_search_finds_and_pages(smart: FHIRClient):
    for number in range(7):
        patient(id=f"mrn-{number}").update(smart.server)
    found = Patient.where({"family": "hopkins", "_count": "3"}).perform_resources(smart.server)
    assert sorted(one.id for one in found) == [f"mrn-{number}" for number in range(7)]
    assert Patient.where({"family": "nobody"}).perform_resources(smart.server) == []


def observation(subject: str) -> Observation:
    made = Observation()
    made.status = "final"
    made.code = CodeableConcept({"coding": [{"system": "http://loinc.org", "code": "4548-4"}]})
    made.subject = FHIRReference({"reference": subject})
    made.effectiveDateTime = FHIRDateTime("2025-11-03")
    return made


def test_a_transaction_of_its_models(smart: FHIRClient):
    entries = []
    for resource, url in (
        (patient(id="mrn-1"), "Patient/mrn-1"),
        (observation("Patient/mrn-1"), "Observation/lab-1"),
    ):
        resource.id = url.partition("/")[2]
        entry = BundleEntry()
        entry.resource, entry.request = resource, BundleEntryRequest({"method": "PUT", "url": url})
        entries.append(entry)
    bundle = Bundle({"type": "transaction"})
    bundle.entry = entries
    answer = Bundle(smart.server.post_json("", bundle.as_json()).json())
    assert [entry.response.status.split()[0] for entry in answer.entry] == ["201", "201"]
    (found,) = Observation.where({"subject": "Patient/mrn-1"}).perform_resources(smart.server)
    assert found.code.coding[0].code == Coding({"code": "4548-4"}).code
