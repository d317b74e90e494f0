"""What a worker writes of genes: once, with provenance, anew when a result changes, ended with the drug."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.custody import jobs
from gateway.custody.ids import StoredId
from gateway.custody.jobs import SECOND
from gateway.custody.settings import Storage
from tests.integration.hospital import HOSPITAL
from tests.integration.test_runtime_plan import Ward
from workers import reading

LOINC, HGNC, RXNORM = (
    "http://loinc.org",
    "http://www.genenames.org",
    "http://www.nlm.nih.gov/research/umls/rxnorm",
)


@pytest.fixture
def ward(sqlite_storage: Storage) -> Iterator[Ward]:
    ward = Ward(sqlite_storage)
    yield ward
    ward.station.clinic.close()
    ward.hospital.close()


def genotype(alleles: str) -> dict[str, Any]:
    gene = {
        "code": {"coding": [{"system": LOINC, "code": "48018-6"}]},
        "valueCodeableConcept": {"coding": [{"system": HGNC, "code": "HGNC:2621"}]},
    }
    return {
        "resourceType": "Observation",
        "id": "gene",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": "84413-4"}]},
        "effectiveDateTime": "2026-01-05",
        "valueCodeableConcept": {"text": alleles},
        "component": [gene],
    }


def voriconazole(status: str) -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest",
        "id": "drug",
        "status": status,
        "intent": "order",
        "authoredOn": "2026-02-01",
        "medicationCodeableConcept": {"coding": [{"system": RXNORM, "code": "121243"}]},
    }


def told(ward: Ward, home: StoredId) -> list[tuple[str, int, str, str]]:
    """Each Observation that was derived: what of, version, status, and its phenotype or words."""
    found = []
    for stored, body in ward.hospital.derived(home, "Observation"):
        words = [part.get("valueString", "") for part in body["component"]]
        said = body.get("valueCodeableConcept", {}).get("text") or max(words, key=len)
        found.append((body["code"]["text"], stored.version, body["status"], said))
    return sorted(found)


def test_law_6_phenotype_and_implications_are_written_once_with_their_provenance(ward: Ward) -> None:
    home = ward.sends("ann", ward.hospital.patient("ann"), genotype("CYP2C19*2/*2"), voriconazole("active"))
    ward.works()
    written = told(ward, home)
    assert [(name, version, status) for name, version, status, _ in written] == [
        ("Phenotype of CYP2C19", 1, "final"),
        ("Therapeutic implication", 1, "final"),
        ("Therapeutic implication", 1, "final"),
    ]
    assert written[0][3] == "Poor Metabolizer"
    (provenance,) = (body for stored, body in ward.hospital.derived(home) if stored.type == "Provenance")
    targets = {target["reference"] for target in provenance["target"]}
    assert {reading.reference(stored) for stored, _ in ward.hospital.derived(home, "Observation")} <= targets
    rules = {agent["who"].get("identifier", {}).get("value") for agent in provenance["agent"]}
    assert {"cpic-voriconazole|v1.30.0", "cpic-phenotype-cyp2c19|2025-11-05-00-25"} <= rules
    sources = {entity["what"]["reference"].partition("/")[0] for entity in provenance["entity"]}
    assert {"Observation", "MedicationRequest", "Patient"} <= sources

    ward.now += SECOND
    with ward.station.clinic.database.write() as conn:
        jobs.enqueue(conn, jobs.Order(HOSPITAL, "plan", "again", ward.now, ward.now), [home])
    ward.works()
    assert told(ward, home) == written


def test_law_7_another_result_makes_the_next_version_and_a_medicine_that_ends_its_end(ward: Ward) -> None:
    home = ward.sends("ann", ward.hospital.patient("ann"), genotype("CYP2C19*2/*2"), voriconazole("active"))
    ward.works()
    ward.now += SECOND
    ward.sends("ann", genotype("CYP2C19*1/*1"))
    ward.works()
    (phenotype, *implications) = told(ward, home)
    assert phenotype == ("Phenotype of CYP2C19", 2, "final", "Normal Metabolizer")
    assert {version for _, version, _, _ in implications} == {2}
    ward.now += SECOND
    ward.sends("ann", voriconazole("stopped"))
    ward.works()
    (phenotype, *implications) = told(ward, home)
    assert phenotype[1:3] == (2, "final")
    assert {(version, status) for _, version, status, _ in implications} == {(3, "entered-in-error")}
