"""A hospital's own definitions: held to what runs at the door, and run from the next job on."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.refusal import Kind, Refused
from tests.desk import ST_BERTA, Desk, diabetic, ehr, put, refusal

BASE = "http://example.org/fhir"
CODE = {
    "coding": [{"system": "http://loinc.org", "code": "1558-6"}],
    "text": "Fasting sugar of Mr Quillfeather",
}


def condition(text: str, language: str = "text/fhirpath") -> dict[str, Any]:
    return {"kind": "applicability", "expression": {"language": language, "expression": text}}


def activity(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "ActivityDefinition",
        "id": "fasting",
        "url": f"{BASE}/ActivityDefinition/fasting",
        "version": "1",
        "status": "active",
        "kind": "ServiceRequest",
        "code": CODE,
        **more,
    }


def rule(text: str = "%hba1c.value >= 9", act: str = "#fasting", **more: Any) -> dict[str, Any]:
    inside = {key: value for key, value in activity().items() if key not in ("url", "version")}
    return {
        "resourceType": "PlanDefinition",
        "id": "sugar",
        "url": f"{BASE}/PlanDefinition/sugar",
        "version": "7",
        "status": "active",
        "title": "What Dr Quillfeather wants",
        **({"contained": [inside]} if act == "#fasting" else {}),
        "action": [
            {"id": "go", "title": "Again", "condition": [condition(text)], "definitionCanonical": act}
        ],
        **more,
    }


def lines(desk: Desk, id_: str = "p") -> list[dict[str, Any]]:
    """The activities of the plan that come from posted rules."""
    (plan,) = desk.searches(f"CarePlan?subject=Patient/{id_}")
    found = [one["detail"] for one in plan.get("activity", ())]
    return [one for one in found if any("posted-" in text for text in one.get("instantiatesCanonical", ()))]


@pytest.fixture
def house(small_desk: Desk) -> Desk:
    small_desk.puts(*diabetic("p"))
    small_desk.works()
    return small_desk


def test_an_active_definition_runs_at_the_next_job_of_each_patient(house: Desk):
    assert lines(house) == []
    house.puts(rule())
    house.works()
    (line,) = lines(house)
    assert line["kind"] == "ServiceRequest"
    assert line["code"]["coding"][0]["code"] == "1558-6"
    assert line["status"] == "not-started"
    assert line["instantiatesCanonical"][0].endswith("|1")
    assert "HbA1c 9.1 %" in line["description"]
    assert "Quillfeather" not in str(house.searches("CarePlan"))


def test_law_9_the_plan_names_the_version_of_the_definition(house: Desk):
    house.puts(rule())
    house.works()
    (plan,) = house.searches("CarePlan?subject=Patient/p")
    said = [one["reference"] for one in plan["supportingInfo"]]
    assert "PlanDefinition/sugar/_history/1" in said
    used = [str(one["entity"]) for one in house.searches("Provenance")]
    assert any("PlanDefinition/sugar/_history/1" in text for text in used)


def test_another_version_changes_the_plan_and_a_retired_one_leaves_it(house: Desk):
    house.puts(rule())
    house.works()
    house.puts(rule("%hba1c.value >= 12"))
    house.works()
    assert lines(house) == []
    house.puts(rule("%hba1c.value >= 8"))
    house.works()
    (line,) = lines(house)
    assert line["instantiatesCanonical"][0].endswith("|3")
    house.puts(rule("%hba1c.value >= 8", status="retired"))
    house.works()
    assert lines(house) == []


def test_a_deleted_definition_leaves_the_plan(house: Desk):
    house.puts(rule())
    house.works()
    house.intake.delete(ehr(), "PlanDefinition", "sugar")
    house.works()
    assert lines(house) == []


def test_an_act_of_its_own_is_found_by_reference_and_by_url(house: Desk):
    for act in ("ActivityDefinition/fasting", f"{BASE}/ActivityDefinition/fasting|1"):
        house.submits(put(activity()), put(rule(act=act)))
        house.works()
        assert [one["code"]["coding"][0]["code"] for one in lines(house)] == ["1558-6"], act


def test_an_act_that_ships_is_one_line_with_the_rules_that_ship(house: Desk):
    house.puts(rule("%hba1c.value >= 9", act="urn:careloom:activity:review-glucose-lowering"))
    house.works()
    (line,) = lines(house)
    assert len(line["instantiatesCanonical"]) > 1


def test_drafts_and_shadows_propose_nothing(house: Desk):
    house.puts(rule(status="draft"))
    house.works()
    assert lines(house) == []
    house.puts(rule(experimental=True))
    house.works()
    assert lines(house) == []


def test_ages_are_kept_and_adults_are_meant_where_none_are_said(house: Desk):
    ages = [{"url": "low", "valueInteger": 70}]
    house.puts(rule(extension=[{"url": "urn:careloom:rule:ages", "extension": ages}]))
    house.works()
    assert lines(house) == []


def test_the_rules_of_a_hospital_are_for_its_own_patients(house: Desk):
    house.puts(rule(), actor=ehr(ST_BERTA))
    house.works()
    assert lines(house) == []


@pytest.mark.parametrize(
    ("broken", "where"),
    [
        (rule("%hba1c.valu >= 9"), "condition[0].expression.expression"),
        (rule("Observation.exists()"), "condition[0].expression.expression"),
        (rule("%hba1c.value >= 123456"), "condition[0].expression.expression"),
        (rule("%sex = 'Quillfeather'"), "condition[0].expression.expression"),
        (rule(library=[f"{BASE}/Library/cql"]), "PlanDefinition.library"),
        (rule(act="ActivityDefinition/missing"), "definitionCanonical"),
        (rule(act=f"{BASE}/ActivityDefinition/missing"), "definitionCanonical"),
        (rule(extension=[{"url": "urn:careloom:rule:input", "valueCode": "x"}]), "extension[0]"),
        (activity(kind="MedicationRequest"), "ActivityDefinition.kind"),
        (activity(code={"text": "words"}), "ActivityDefinition.code"),
        (activity(code={"coding": [{"system": "http://own", "code": "x"}]}), "ActivityDefinition.code"),
        (activity(dosage=[{"text": "much"}]), "ActivityDefinition.dosage"),
    ],
)
def test_what_would_not_run_is_refused_at_the_door_with_its_place(
    house: Desk, broken: dict[str, Any], where: str
):
    with pytest.raises(Refused) as refused:
        house.puts(broken)
    assert refused.value.kind is Kind.UNPROCESSABLE
    assert any(where in issue.expression for issue in refused.value.issues), refused.value.issues
    house.puts({**broken, "status": "draft"})


def test_cql_is_refused(house: Desk):
    broken = rule()
    broken["action"][0]["condition"] = [condition("X", "text/cql")]
    with refusal(Kind.UNPROCESSABLE):
        house.puts(broken)


def test_a_first_draft_makes_no_work(house: Desk):
    house.forgets_jobs()
    house.puts(rule(status="draft"))
    assert house.jobs() == set()
    house.puts(rule())
    assert house.jobs() == {house.id_of("Patient/p")}
