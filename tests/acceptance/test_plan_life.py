"""The life of a plan over HTTP, as an EHR lives it: draft, accepted, changed, declined, new data, done."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from tests.acceptance.careloom import until
from tests.acceptance.clients import Client
from tests.acceptance.conftest import House

Resource = dict[str, Any]
ACT = "urn:careloom:act:"
DRAFT = "urn:careloom:draft"
REASONS = "urn:careloom:decision-reason"
STATIN, HBA1C, CREATININE = "start-statin-moderate", "measure-hba1c", "measure-creatinine"
SNOMED, LOINC, UCUM = "http://snomed.info/sct", "http://loinc.org", "http://unitsofmeasure.org"
HL7 = "http://terminology.hl7.org/CodeSystem"


def test_law_10_the_life_of_a_plan(house: House, today: date) -> None:
    ehr, name = house.hospital, uuid.uuid4().hex[:12]
    put(ehr, *diabetic(name, today))
    plan = planned(ehr, name, lambda found: HBA1C in lines(found))
    assert (plan["status"], set(lines(plan).values())) == ("draft", {"not-started"})
    assert {STATIN, HBA1C, CREATININE} <= set(lines(plan))

    # The drafts can be read, and say that they are drafts.
    draft = ehr.reads(draft_of(plan, CREATININE))
    assert (draft["resourceType"], draft["status"], draft["intent"]) == (
        "ServiceRequest",
        "draft",
        "proposal",
    )
    assert draft["basedOn"] == [{"reference": f"CarePlan/{plan['id']}"}]

    # One is accepted by PATCH; one is changed and one is declined with a reason by PUT.
    where = list(lines(plan)).index(HBA1C)
    patched = ehr.request(
        "PATCH",
        f"CarePlan/{plan['id']}",
        data=json.dumps(
            [{"op": "replace", "path": f"/activity/{where}/detail/status", "value": "scheduled"}]
        ),
        headers={"Content-Type": "application/json-patch+json"},
    )
    assert patched.status_code == 200, patched.text
    decided = patched.json()
    change(decided, CREATININE, scheduledString="with the next blood drawn")
    declined = {
        "coding": [{"system": REASONS, "code": "patient-declines"}],
        "text": "Muscle pain in the past",
    }
    change(decided, STATIN, status="cancelled", statusReason=declined)
    put(ehr, {**decided, "status": "active"})
    settled(house)
    assert lines(mine(ehr, name)) == {**lines(plan), HBA1C: "scheduled", STATIN: "cancelled"}

    # Signing a draft accepts its line.
    put(ehr, {**draft, "status": "active", "intent": "order"})
    plan = planned(ehr, name, lambda found: lines(found)[CREATININE] == "scheduled")
    assert ehr.reads(f"ServiceRequest/{draft['id']}")["status"] == "active"

    # New evidence that concerns neither: what was declined stays declined, the change stays. What it does is
    # done, since it stood in a plan that was accepted whole.
    put(ehr, observation(name, "acr", "9318-7", 12, "mg/g", today - timedelta(days=2)))
    plan = planned(ehr, name, lambda found: lines(found)["measure-urine-acr"] == "completed")
    assert lines(plan)[STATIN] == "cancelled"
    (line,) = (one for one in plan["activity"] if act_of(one) == STATIN)
    assert line["detail"]["statusReason"]["coding"][0]["code"] == "patient-declines"
    (line,) = (one for one in plan["activity"] if act_of(one) == CREATININE)
    assert line["detail"]["status"] == "scheduled"

    # What was accepted is done by data, with the evidence.
    put(ehr, observation(name, "a1c-new", "4548-4", 6.4, "%", today - timedelta(days=1)))
    plan = planned(ehr, name, lambda found: lines(found).get(HBA1C) == "completed")
    (line,) = (one for one in plan["activity"] if act_of(one) == HBA1C)
    assert line["outcomeReference"][0]["reference"].startswith(f"Observation/{name}-a1c-new/_history/")
    assert line["detail"]["statusReason"]["coding"][0]["code"] == "done-by-data"

    # The evidence of what was declined changes: it returns for a new decision.
    put(ehr, {**diabetic(name, today)[1], "onsetDateTime": "2016-02-01"})
    plan = planned(ehr, name, lambda found: lines(found)[STATIN] == "not-started")
    assert plan["status"] == "active"

    stands_in_history_provenance_and_counts(house, plan)


def stands_in_history_provenance_and_counts(house: House, plan: Resource) -> None:
    """Each step is a version, each of ours has its Provenance, the trail names it, the rule is counted."""
    ehr = house.hospital
    history = ehr.request("GET", f"CarePlan/{plan['id']}/_history", params={"_count": "50"}).json()
    versions = [entry["resource"]["meta"]["versionId"] for entry in history["entry"]]
    assert versions == [str(number) for number in range(len(versions), 0, -1)]
    assert 6 <= len(versions) <= 9
    told = {
        target["reference"]
        for one in ehr.searches("Provenance", target=f"CarePlan/{plan['id']}")
        for target in one["target"]
    }
    ours = [ref for ref in told if ref.startswith(f"CarePlan/{plan['id']}/_history/")]
    assert len(ours) >= 4
    officer = Client(house.careloom, "officer", "st-anna")
    events = officer.searches("AuditEvent", entity=f"CarePlan/{plan['id']}")
    assert {event["action"] for event in events} >= {"C", "U", "R"}
    (row,) = (
        one
        for one in house.careloom.json("plans", "report", "--json")["rules"]
        if one["rule"] == "statin-diabetes" and one["organization"] == "st-anna"
    )
    assert row["declined"] >= 1
    assert row["reasons"]["patient-declines"] >= 1


# --- the patient -----------------------------------------------------------------------------------------


def diabetic(name: str, today: date) -> list[Resource]:
    born = today.year - 60
    clinical = {"coding": [{"system": f"{HL7}/condition-clinical", "code": "active"}]}
    return [
        {"resourceType": "Patient", "id": name, "gender": "male", "birthDate": f"{born}-01-15"},
        {
            "resourceType": "Condition",
            "id": f"{name}-dm",
            "clinicalStatus": clinical,
            "code": {"coding": [{"system": SNOMED, "code": "44054006"}]},
            "subject": {"reference": f"Patient/{name}"},
            "onsetDateTime": "2019-05-01",
        },
        observation(name, "a1c", "4548-4", 6.6, "%", today - timedelta(days=240)),
        observation(name, "crea", "2160-0", 0.9, "mg/dL", today - timedelta(days=500)),
    ]


def observation(name: str, key: str, code: str, value: float, unit: str, when: date) -> Resource:
    return {
        "resourceType": "Observation",
        "id": f"{name}-{key}",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "subject": {"reference": f"Patient/{name}"},
        "effectiveDateTime": when.isoformat(),
        "valueQuantity": {"value": value, "unit": unit, "system": UCUM, "code": unit},
    }


# --- what the EHR does -----------------------------------------------------------------------------------


def put(ehr: Client, *resources: Resource) -> None:
    for resource in resources:
        answer = ehr.puts(resource)
        assert answer.status_code in (200, 201), answer.text


def mine(ehr: Client, name: str) -> Resource:
    (found,) = ehr.plans(f"Patient/{name}")
    return found


def planned(ehr: Client, name: str, true: Callable[[Resource], bool]) -> Resource:
    """The plan as soon as it is so."""
    found: Resource = until(
        lambda: next((one for one in ehr.plans(f"Patient/{name}") if true(one)), None), 30, "the plan"
    )
    return found


def settled(house: House) -> None:
    until(lambda: not house.careloom.open_jobs(), 30, "the end of all work")


def act_of(line: Resource) -> str:
    uris = line["detail"].get("instantiatesUri", ())
    return next((uri.removeprefix(ACT) for uri in uris if uri.startswith(ACT)), "")


def lines(plan: Resource) -> dict[str, str]:
    return {act_of(line): line["detail"]["status"] for line in plan.get("activity", ())}


def draft_of(plan: Resource, act: str) -> str:
    (line,) = (one for one in plan["activity"] if act_of(one) == act)
    (link,) = (one for one in line["detail"]["extension"] if one["url"] == DRAFT)
    found: str = link["valueReference"]["reference"]
    return found


def change(plan: Resource, act: str, **changes: Any) -> None:
    for line in plan["activity"]:
        if act_of(line) == act:
            line["detail"] |= changes
            line["detail"].pop("scheduledPeriod", None) if "scheduledString" in changes else None
