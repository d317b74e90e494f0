"""Whose plan is made again: who has the data, who had them, and who takes the drug that they describe."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.custody.ids import StoredId
from tests.desk import Desk, bundle, ehr, entry, observation, patient, put


@pytest.fixture
def desk(small_desk: Desk) -> Desk:
    return small_desk


def drug(code: str) -> dict[str, Any]:
    coding = {"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": code}
    return {"resourceType": "Medication", "id": "m1", "code": {"coding": [coding]}}


def order(id_: str, who: str, drug: str = "m1", type_: str = "MedicationRequest") -> dict[str, Any]:
    when = {"effectiveDateTime": "2026-01-01"} if type_ != "MedicationRequest" else {"intent": "order"}
    return {
        "resourceType": type_,
        "id": id_,
        "status": "active",
        "medicationReference": {"reference": f"Medication/{drug}"},
        "subject": {"reference": f"Patient/{who}"},
        **when,
    }


def who(desk: Desk, *names: str) -> set[StoredId]:
    return {desk.id_of(f"Patient/{name}") for name in names}


def test_every_patient_of_a_bundle_is_concerned_once(desk: Desk):
    desk.submits(
        put(patient("anna")),
        put(observation("o1", "Patient/anna")),
        put(observation("o2", "Patient/bert")),
    )
    assert desk.jobs() == who(desk, "anna", "bert")


def test_all_patients_of_a_resource_of_several_are_concerned(desk: Desk):
    members = [{"entity": {"reference": f"Patient/{name}"}} for name in ("anna", "bert")]
    desk.puts({"resourceType": "Group", "id": "g", "type": "person", "actual": True, "member": members})
    assert desk.jobs() == who(desk, "anna", "bert")


def test_who_loses_evidence_is_concerned_as_well_as_who_gets_it(desk: Desk):
    desk.puts(observation("o1", "Patient/anna"))
    desk.forgets_jobs()
    desk.puts(observation("o1", "Patient/bert"))
    assert desk.jobs() == who(desk, "anna", "bert")


def test_who_loses_evidence_by_a_deletion_is_concerned(desk: Desk):
    desk.puts(observation("o1", "Patient/anna"))
    desk.forgets_jobs()
    desk.intake.delete(ehr(), "Observation", "o1")
    assert desk.jobs() == who(desk, "anna")


def test_a_drug_that_comes_after_its_order_concerns_who_takes_it(desk: Desk):
    desk.puts(
        order("r1", "anna"), order("s1", "bert", type_="MedicationStatement"), order("r2", "carl", "m2")
    )
    desk.forgets_jobs()
    desk.puts(drug("860975"))
    assert desk.jobs() == who(desk, "anna", "bert")


def test_a_drug_that_is_corrected_or_deleted_concerns_who_takes_it_now(desk: Desk):
    desk.puts(drug("860975"), order("r1", "anna"), order("r2", "bert"))
    desk.puts(order("r2", "bert", "m2"))
    desk.forgets_jobs()
    desk.puts(drug("314076"))
    assert desk.jobs() == who(desk, "anna")
    desk.forgets_jobs()
    desk.intake.delete(ehr(), "Medication", "m1")
    assert desk.jobs() == who(desk, "anna")


def test_what_is_about_nobody_concerns_nobody(desk: Desk):
    desk.puts({"resourceType": "Practitioner", "id": "dr-no", "gender": "male"}, drug("860975"))
    assert desk.jobs() == set()


def test_what_changes_nothing_concerns_nobody(desk: Desk):
    desk.puts(patient("anna"))
    desk.forgets_jobs()
    desk.puts(patient("anna"))
    desk.intake.delete(ehr(), "Observation", "never-there")
    desk.intake.batch(ehr(), bundle(entry("GET", "Patient/anna"), kind="batch"))
    assert desk.jobs() == set()


def test_ten_bundles_are_one_recomputation(desk: Desk):
    for number in range(10):
        desk.puts(observation(f"o{number}", "Patient/anna"))
    assert desk.jobs() == who(desk, "anna")
