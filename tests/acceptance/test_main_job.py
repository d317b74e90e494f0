"""The whole job over HTTP: real bundles in, the same patients back, one plan for each who lives."""

from __future__ import annotations

import pytest

from tests.acceptance.bundles import expected, parsed, without_server_parts
from tests.acceptance.clients import PLAN
from tests.acceptance.conftest import Admission, House


def test_every_shared_bundle_goes_in(full_house: House, shared_bundles):
    if not shared_bundles:
        pytest.skip("reference data are not beside this checkout")
    names = {admission.sent.name for admission in full_house.admissions}
    assert names >= {sent.name for sent in shared_bundles}
    assert len(shared_bundles) >= 32


def test_law_1_each_resource_is_read_back_equal_to_what_was_sent(full_house: House):
    sent = {reference for admission in full_house.admissions for reference in admission.where.values()}
    back = {
        f"{type_}/{resource['id']}": resource
        for type_ in {reference.partition("/")[0] for reference in sent}
        for resource in full_house.hospital.searches(type_, _count="200")
    }
    for admission in full_house.admissions:
        compare(admission, back)


def test_law_1_each_resource_of_a_patient_is_read_back_in_one_batch(full_house: House):
    for admission in (full_house.admissions[0], full_house.admissions[-1]):
        compare(admission, full_house.hospital.reads_all(sorted(set(admission.where.values()))))


def compare(admission: Admission, back: dict[str, dict]) -> None:
    """What came back of one patient is what was sent."""
    for entry in admission.sent.bundle["entry"]:
        reference = admission.where[entry["fullUrl"]]
        got = without_server_parts(back[reference])
        assert got == expected(entry["resource"], admission.where), (admission.sent.name, reference)


def test_law_1_a_patient_read_alone_is_the_one_that_was_sent(full_house: House):
    for admission in full_house.admissions:
        got = without_server_parts(full_house.hospital.reads(admission.patient))
        assert got == expected(admission.sent.patient, admission.where)


def test_each_living_patient_has_exactly_one_current_plan(full_house: House):
    plans = full_house.hospital.plans()
    current = [plan["subject"]["reference"] for plan in plans if plan["status"] == "draft"]
    living = [admission.patient for admission in full_house.admissions if admission.sent.living]
    assert sorted(current) == sorted(living)


def test_the_plan_of_one_patient_is_found_by_subject_and_identifier(full_house: House):
    for admission in full_house.admissions:
        found = full_house.hospital.current_plans(admission.patient)
        assert len(found) == (1 if admission.sent.living else 0), admission.sent.name
        for plan in found:
            assert plan["intent"] == "plan"
            assert plan["subject"]["reference"] == admission.patient
            assert {"system": "urn:careloom:plan", "value": plan["id"]} in plan["identifier"]


def test_the_hospitals_own_plans_stand_beside_it_untouched(full_house: House):
    for admission in full_house.admissions:
        own = {ref.partition("/")[2] for ref in admission.where.values() if ref.startswith("CarePlan/")}
        found = full_house.hospital.searches("CarePlan", subject=admission.patient)
        assert own == {plan["id"] for plan in found if not _of_careloom(plan)}


def _of_careloom(plan: dict) -> bool:
    return any(identifier.get("system") == PLAN[:-1] for identifier in plan.get("identifier", []))


def test_law_9_each_activity_says_on_what_it_rests(full_house: House):
    provenances = full_house.hospital.searches("Provenance")
    targets = {target["reference"].partition("/_history")[0] for p in provenances for target in p["target"]}
    plans = [plan for plan in full_house.hospital.plans() if plan["status"] == "draft"]
    assert any(plan.get("activity") for plan in plans)
    for plan in plans:
        assert f"CarePlan/{plan['id']}" in targets
    for provenance in provenances:
        assert provenance["entity"], "a plan that rests on nothing"
        assert provenance["agent"]


def test_law_6_the_same_bundle_under_the_same_key_changes_nothing(full_house: House):
    for admission in full_house.admissions[:4] + full_house.admissions[-2:]:
        again = full_house.hospital.submits(admission.sent.body, key=admission.sent.key)
        assert again.status_code == 200
        assert again.content == admission.answer
        history = full_house.hospital.request("GET", f"{admission.patient}/_history")
        assert len(parsed(history.content)["entry"]) == 1


def test_the_same_key_with_another_body_is_refused(full_house: House):
    first, second = full_house.admissions[:2]
    answer = full_house.hospital.submits(second.sent.body, key=first.sent.key)
    assert answer.status_code == 422
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_law_7_nothing_was_written_twice(full_house: House):
    """Whoever was planned once has the first version of the plan; later work would have made a second."""
    plans = [plan for plan in full_house.hospital.plans() if plan["status"] == "draft"]
    assert {plan["meta"]["versionId"] for plan in plans} == {"1"}
