"""``$apply`` over HTTP: on type and instance, with what the token may read, and one event for each."""

from __future__ import annotations

from typing import Any

import pytest

from mappers import lossless
from tests.actors import Hospital, Town
from tests.desk import diabetic, put

FHIRPATH = "text/fhirpath"
BASE = "http://example.org/fhir"


def expression(text: str) -> dict[str, str]:
    return {"language": FHIRPATH, "expression": text}


def applicability(text: str) -> dict[str, Any]:
    return {"kind": "applicability", "expression": expression(text)}


MEASURE: dict[str, Any] = {
    "resourceType": "ActivityDefinition",
    "id": "measure-it",
    "url": f"{BASE}/ActivityDefinition/measure-it",
    "version": "1",
    "status": "draft",
    "kind": "ServiceRequest",
    "intent": "order",
    "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4"}], "text": "HbA1c"},
    "dynamicValue": [{"path": "patientInstruction", "expression": expression("'For ' & %patient.gender")}],
}
RULE: dict[str, Any] = {
    "resourceType": "PlanDefinition",
    "id": "high-sugar",
    "url": f"{BASE}/PlanDefinition/high-sugar",
    "version": "3",
    "status": "draft",
    "title": "High sugar",
    "action": [
        {
            "id": "again",
            "title": "Measure again",
            "condition": [applicability("%hba1c.value >= 9 and Patient.gender = 'female'")],
            "definitionCanonical": f"{BASE}/ActivityDefinition/measure-it|1",
        },
        {"id": "never", "title": "Never", "condition": [applicability("Condition.empty()")]},
    ],
}


@pytest.fixture
def hospital(embedded: Town) -> Hospital:
    made = embedded.hospital("st-anna")
    entries = [put(one) for one in (*diabetic("p"), MEASURE, RULE)]
    assert made.submits({"resourceType": "Bundle", "type": "transaction", "entry": entries}).ok
    return made


def contained(plan: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [one for one in plan.get("contained", ()) if one["resourceType"] == kind]


def body(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = lossless.loads(answer.content)
    return found


def test_a_stored_plan_is_applied_to_a_patient_and_nothing_is_stored(hospital: Hospital):
    plan = body(hospital.asks("GET", "PlanDefinition/high-sugar/$apply?subject=Patient/p"))
    assert (plan["resourceType"], plan["status"], plan["subject"]) == (
        "CarePlan",
        "draft",
        {"reference": "Patient/p"},
    )
    (group,) = contained(plan, "RequestGroup")
    assert [one["id"] for one in group["action"]] == ["again"]
    (request,) = contained(plan, "ServiceRequest")
    assert request["instantiatesCanonical"] == [f"{BASE}/ActivityDefinition/measure-it|1"]
    assert (request["intent"], request["status"]) == ("order", "draft")
    assert request["patientInstruction"] == "For female"
    assert {one["reference"] for one in plan["supportingInfo"]} == {
        "Observation/p-a1c/_history/1",
        "Patient/p/_history/1",
    }
    assert hospital.searches("ServiceRequest") == []


def test_post_with_parameters_says_the_same(hospital: Hospital):
    parameters = {
        "resourceType": "Parameters",
        "parameter": [{"name": "subject", "valueString": "Patient/p"}],
    }
    by_get = body(hospital.asks("GET", "PlanDefinition/high-sugar/$apply?subject=Patient/p"))
    assert body(hospital.asks("POST", "PlanDefinition/high-sugar/$apply", parameters)) == by_get
    by_url = f"PlanDefinition/$apply?subject=Patient/p&canonical={BASE}/PlanDefinition/high-sugar|3"
    assert body(hospital.asks("GET", by_url)) == by_get
    inline = {"name": "planDefinition", "resource": RULE}
    parameters["parameter"].append(inline)
    assert body(hospital.asks("POST", "PlanDefinition/$apply", parameters)) == by_get


def test_an_activity_gives_its_request(hospital: Hospital):
    found = body(hospital.asks("GET", "ActivityDefinition/measure-it/$apply?subject=p"))
    assert (found["resourceType"], found["subject"]) == ("ServiceRequest", {"reference": "Patient/p"})


def test_data_that_come_along_stand_before_what_is_stored(hospital: Hospital):
    mild = lossless.loads(lossless.dumps(hospital.reads("Observation/p-a1c")).replace(b"9.1", b"6.1"))
    parameters: dict[str, Any] = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "subject", "valueString": "Patient/p"},
            {
                "name": "data",
                "resource": {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": mild}]},
            },
        ],
    }
    plan = body(hospital.asks("POST", "PlanDefinition/high-sugar/$apply", parameters))
    assert contained(plan, "ServiceRequest") == []
    parameters["parameter"] = [
        parameters["parameter"][0],
        {"name": "useServerData", "valueBoolean": False},
    ]
    alone = body(hospital.asks("POST", "PlanDefinition/high-sugar/$apply", parameters))
    (outcome,) = contained(alone, "OperationOutcome")
    assert [one["code"] for one in outcome["issue"]] == ["incomplete"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("PlanDefinition/high-sugar/$apply", 400),
        ("PlanDefinition/high-sugar/$apply?subject=Patient/nobody", 404),
        ("PlanDefinition/nothing/$apply?subject=Patient/p", 404),
        ("PlanDefinition/high-sugar/$apply?subject=Group/p", 400),
        ("PlanDefinition/high-sugar/$apply?subject=Patient/p&subject=Patient/q", 400),
        ("PlanDefinition/high-sugar/$apply?subject=Patient/p&mood=grim", 400),
        ("PlanDefinition/$apply?subject=Patient/p", 400),
        ("Patient/p/$apply", 404),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_reason(hospital: Hospital, path: str, status: int):
    answer = hospital.asks("GET", path)
    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome"), answer.text


def test_law_12_a_token_that_may_not_read_all_of_it_is_refused(embedded: Town, hospital: Hospital):
    scope = "system/PlanDefinition.r system/ActivityDefinition.r system/Patient.r system/Observation.r"
    narrow = embedded.hospital("st-anna", scope)
    answer = narrow.asks("GET", "PlanDefinition/high-sugar/$apply?subject=Patient/p")
    assert answer.status_code == 403
    assert "Condition" in answer.json()["issue"][0]["diagnostics"]


def test_partners_and_other_hospitals_find_nothing_to_apply(embedded: Town, hospital: Hospital):
    partner = embedded.partner("app", "st-anna")
    assert partner.asks("GET", "PlanDefinition/high-sugar/$apply?subject=Patient/p").status_code == 403
    other = embedded.hospital("st-berta")
    assert other.asks("GET", "PlanDefinition/high-sugar/$apply?subject=Patient/p").status_code == 404


def test_law_4_each_application_is_in_the_trail(embedded: Town, hospital: Hospital):
    hospital.asks("GET", "PlanDefinition/high-sugar/$apply?subject=Patient/p")
    hospital.asks("GET", "PlanDefinition/high-sugar/$apply?subject=Patient/nobody")
    events = embedded.officer("st-anna").searches("AuditEvent?subtype=operation")
    assert [one["outcome"] for one in events] == ["4", "0"]


def test_the_capability_statement_names_the_operations(hospital: Hospital):
    rest = hospital.reads("metadata")["rest"][0]["resource"]
    told = {one["type"]: [op["name"] for op in one["operation"]] for one in rest if "operation" in one}
    assert "apply" in told["PlanDefinition"]
    assert "apply" in told["ActivityDefinition"]
    assert "apply" not in told["Patient"]
