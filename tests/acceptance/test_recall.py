"""A rule is switched on by a hospital, followed, and recalled, while everything runs: with real processes."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from tests.acceptance.careloom import until
from tests.acceptance.clients import Client
from tests.acceptance.conftest import House

RULE, ACT = "obesity-help", "urn:careloom:act:refer-weight"
CODE = f"urn:careloom:recalled-rule|{RULE}@1.0.0"
HOSPITAL, REASON = "st-clara", "the source was withdrawn"
SECONDS, UNIT = 60.0, "kg/m2"


def test_a_recall_reaches_every_plan_while_everything_runs(house: House, today: date) -> None:
    careloom, ehr = house.careloom, Client(house.careloom, "ehr", HOSPITAL)
    accepted, draft = (f"{name}-{uuid.uuid4().hex[:8]}" for name in ("ann", "bob"))
    for name in (accepted, draft):
        for resource in (man(name), bmi(name, today)):
            assert ehr.puts(resource).status_code in (200, 201)
    at = ("--organization", HOSPITAL, "--reason", "tried on a ward")
    careloom.json("knowledge", "switch", RULE, "--on", *at, "--json")
    for name in (accepted, draft):
        until(lambda name=name: line(ehr, name), SECONDS, "the line of the rule that was switched on")

    (plan,) = ehr.plans(accepted)
    for one in plan["activity"]:
        if ACT in one["detail"].get("instantiatesUri", ()):
            one["detail"]["status"] = "in-progress"
    assert ehr.puts(plan).status_code == 200
    until(lambda: not careloom.open_jobs(), SECONDS, "the end of all work")

    recall = ("knowledge", "recall", f"{RULE}@1.0.0", "--reason", REASON, "--json")
    assert careloom.json(*recall)["new"]
    until(lambda: not line(ehr, draft), SECONDS, "the line that nobody accepted to go")
    until(lambda: ehr.searches("DetectedIssue", code=CODE), SECONDS, "the flag on the accepted one")
    told = careloom.json(*recall)
    (flag,) = told["accepted"]
    assert (told["new"], flag["organization"]) == (False, HOSPITAL)
    issue = ehr.reads(flag["issue"])
    assert issue["patient"]["reference"] == f"Patient/{accepted}"
    assert REASON in issue["detail"]
    kept = line(ehr, accepted)
    assert kept is not None
    assert kept["status"] == "in-progress"
    assert careloom.json("audit", "verify", "--json")["ok"]


def man(name: str) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": name, "gender": "male", "birthDate": "1970-04-17"}


def bmi(name: str, today: date) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": f"{name}-bmi",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "39156-5"}]},
        "subject": {"reference": f"Patient/{name}"},
        "effectiveDateTime": today.isoformat(),
        "valueQuantity": {"value": 34, "unit": UNIT, "system": "http://unitsofmeasure.org", "code": UNIT},
    }


def line(ehr: Client, name: str) -> dict[str, Any] | None:
    """The line of the plan that the rule proposes."""
    details = [one["detail"] for plan in ehr.plans(name) for one in plan.get("activity", ())]
    return next((one for one in details if ACT in one.get("instantiatesUri", ())), None)
