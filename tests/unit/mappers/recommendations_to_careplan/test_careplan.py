"""The plan as FHIR: checkable, in our own words, valid, the same for the same answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappers import lossless
from mappers.facts import Evidence, Unreadable
from mappers.fhir_building import Misbuilt, built
from mappers.plan_identity import bears_plan
from mappers.r4.validate import problems
from mappers.recommendations import Act, Activity, ActKind, Option, Plan, Urgency
from mappers.recommendations_to_careplan import DRAFT, SIGNABLE, completed, provenance, resources
from tests.conftest import ROOT

GOLDEN = ROOT / "tests" / "golden" / "careplan"
PATIENT = "p" * 26
RECORDED = "2026-05-20T10:00:00.000+00:00"


def answer(case: str) -> Plan:
    return msgspec.json.decode((GOLDEN / case / "input.json").read_bytes(), type=Plan)


FULL, NOTHING = answer("kidney_and_metformin"), answer("nothing_is_due")


def ident(kind: str, key: str) -> str:
    return sha256(f"{kind} {key}".encode()).hexdigest()[:26]


def written(plan: Plan) -> list[dict[str, Any]]:
    made = list(resources(plan, PATIENT, ident))
    targets = [f"{one['resourceType']}/{one['id']}/_history/1" for one in made]
    return [*made, provenance(targets, [f"Patient/{PATIENT}/_history/1"], plan, RECORDED, ident)]


def careplan(plan: Plan) -> dict[str, Any]:
    return resources(plan, PATIENT, ident)[0]


def texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a resource with the name of its element."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from texts(one, key)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one, name)
    elif isinstance(value, str):
        yield name, value


@pytest.mark.parametrize("plan", [FULL, NOTHING], ids=["full", "nothing"])
def test_everything_that_is_written_is_valid_r4(plan):
    for one in (*written(plan), completed(careplan(plan))):
        assert not problems(lossless.loads(lossless.dumps(one))), one["resourceType"]


def test_the_plan_is_a_draft_that_bears_its_identifier():
    plan = careplan(FULL)
    assert (plan["status"], plan["intent"], plan["created"]) == ("draft", "plan", "2026-05-20")
    assert plan["subject"] == {"reference": f"Patient/{PATIENT}"}
    assert plan["identifier"] == [{"system": "urn:careloom:plan", "value": plan["id"]}]
    assert [bears_plan(one) for one in resources(FULL, PATIENT, ident)].count(True) == 1


def test_law_7_the_same_answer_gives_the_same_resources_and_tomorrow_only_created_differs():
    assert [lossless.dumps(one) for one in written(FULL)] == [lossless.dumps(one) for one in written(FULL)]
    tomorrow = written(replace(FULL, as_of=FULL.as_of + timedelta(days=1)))
    for today, later in zip(written(FULL), tomorrow, strict=True):
        assert lossless.same({**today, "created": ""}, {**later, "created": ""})


def test_law_9_each_activity_names_its_evidence_its_rule_and_its_source():
    plan = careplan(FULL)
    assert len(plan["activity"]) == len(FULL.activities)
    linked = {one["reference"] for one in plan["supportingInfo"]}
    for made, activity in zip(plan["activity"], FULL.activities, strict=True):
        detail = made["detail"]
        named = {one["reference"] for one in detail.get("reasonReference", ())} | linked
        for reason in activity.reasons:
            assert {one.reference for one in reason.evidence} <= named
            assert (
                f"urn:careloom:rule:{reason.rule.id}|{reason.rule.version}" in detail["instantiatesCanonical"]
            )
            assert reason.rule.source.url in detail["instantiatesUri"]
            for said in (
                reason.sentence,
                reason.rule.source.title,
                reason.rule.source.version,
                *reason.would_change,
            ):
                assert said in detail["description"]


def test_law_9_evidence_that_an_activity_cannot_point_at_stands_beside_it_with_its_title():
    beside = {one["reference"]: one.get("display") for one in careplan(FULL)["supportingInfo"]}
    assert beside[f"MedicationRequest/{'m' * 26}/_history/3"] == "For: Review metformin: eGFR is below 30"
    assert beside[f"AllergyIntolerance/{'e' * 26}/_history/1"] == "Against: Start an ACE inhibitor"


def test_law_9_what_was_withdrawn_and_what_could_not_be_told_is_said():
    notes = " ".join(note["text"] for note in careplan(FULL)["note"])
    page = careplan(FULL)["text"]["div"]
    for said in ("An intolerance to ACE inhibitors is recorded.", "total cholesterol, smoking status"):
        assert said in notes
        assert said in page
    assert "An allergy is known only as text" in page


def test_law_10_nothing_that_is_written_is_an_order():
    for activity in careplan(FULL)["activity"]:
        assert activity["detail"]["status"] == "not-started"
        assert "reference" not in activity
    for one in written(FULL):
        if one["resourceType"] in SIGNABLE:
            assert one["status"] == "draft"
            assert one.get("intent", "proposal") == "proposal"


def test_each_line_names_a_draft_that_names_the_plan_and_the_same_act():
    plan, *others = written(FULL)
    drafts = {f"{one['resourceType']}/{one['id']}": one for one in others if one["resourceType"] in SIGNABLE}
    assert len(drafts) == len(plan["activity"])
    for line in plan["activity"]:
        (link,) = (one for one in line["detail"]["extension"] if one["url"] == DRAFT)
        draft = drafts[link["valueReference"]["reference"]]
        assert draft["basedOn"] == [{"reference": f"CarePlan/{plan['id']}"}]
        assert draft["resourceType"] == line["detail"]["kind"]
        uris = draft.get("instantiatesUri", [])
        assert line["detail"]["instantiatesUri"][0] in ([uris] if isinstance(uris, str) else uris)


def test_a_draft_holds_the_evidence_of_its_line_and_no_dose_or_product():
    for one in written(FULL):
        if one["resourceType"] in SIGNABLE:
            text = lossless.dumps(one).decode()
            assert "_history/" in text
            assert not {"dosageInstruction", "dispenseRequest", "performer", "requester"} & one.keys()


def test_a_choice_shows_every_side_with_its_reasons():
    reasons = FULL.activities[0].reasons
    sides = (Option("A statin of high intensity", reasons), Option("A statin of moderate intensity", reasons))
    act = Act("choose-statin-high-moderate", ActKind.CHOICE, "To choose: high; or moderate")
    activity = Activity(act, Urgency.ROUTINE, reasons, (), options=sides)
    plan = careplan(replace(FULL, activities=(activity,)))
    (line,) = plan["activity"]
    assert line["detail"]["kind"] == "Task"
    for side in sides:
        assert f"One side: {side.title}." in line["detail"]["description"]
        assert side.title in plan["text"]["div"]


def test_what_is_kept_back_is_counted_and_named():
    plan = careplan(replace(FULL, activities=FULL.activities[:1], kept=FULL.activities[1:]))
    assert len(plan["activity"]) == 1
    said = "2 more, kept until something above is decided: Measure HbA1c; Would a statin be safe?"
    assert said in plan["text"]["div"]
    assert said in [note["text"] for note in plan["note"]]


def test_the_basis_names_for_whom_a_rule_is_made_and_its_limits():
    rule = replace(
        FULL.activities[0].reasons[0].rule, population="from 18 years", limits="leaves out dialysis"
    )
    reason = replace(FULL.activities[0].reasons[0], rule=rule)
    plan = careplan(replace(FULL, activities=(replace(FULL.activities[0], reasons=(reason,)),)))
    for said in ("For whom: from 18 years.", "Limits: leaves out dialysis."):
        assert said in plan["text"]["div"]
        assert said in plan["activity"][0]["detail"]["description"]


def test_law_2_pseudonyms_stand_in_references_and_ids_only():
    marks = [letter * 26 for letter in "abcdempyz"]
    for one in written(FULL):
        for name, text in texts(one):
            if name not in {"reference", "id", "value"}:
                assert not [mark for mark in marks if mark in text], (name, text)


def test_a_plan_without_activities_says_that_nothing_is_due():
    plan = careplan(NOTHING)
    assert "activity" not in plan
    assert "Nothing is due" in plan["text"]["div"]


def test_a_goal_keeps_its_number_as_it_was_written():
    goal = next(one for one in written(FULL) if one["resourceType"] == "Goal")
    quantity = goal["target"][0]["detailQuantity"]
    assert lossless.number_text(quantity["value"]) == "7.0"
    assert (quantity["comparator"], quantity["code"]) == ("<", "%")
    assert careplan(FULL)["activity"][1]["detail"]["goal"] == [{"reference": f"Goal/{goal['id']}"}]


def test_a_derived_value_names_what_it_was_computed_from_and_how():
    value = next(one for one in written(FULL) if one["resourceType"] == "Observation")
    assert value["code"]["coding"][0]["code"] == "98979-8"
    assert value["derivedFrom"] == [{"reference": f"Observation/{'a' * 26}/_history/1"}]
    assert value["method"]["text"] == "eGFR, CKD-EPI 2021, version 2021"
    assert "between 25.9 and 26.2" in value["note"][1]["text"]


def test_a_danger_names_what_is_implicated():
    issue = next(one for one in written(FULL) if one["resourceType"] == "DetectedIssue")
    assert (issue["status"], issue["severity"]) == ("preliminary", "high")
    assert {one["reference"][:12] for one in issue["implicated"]} == {"MedicationRe", "Observation/"}


def test_provenance_names_targets_entities_rules_and_time():
    made = written(FULL)[-1]
    assert made["recorded"] == RECORDED
    assert len(made["target"]) == len(written(FULL)) - 1
    assert made["entity"] == [{"role": "source", "what": {"reference": f"Patient/{PATIENT}/_history/1"}}]
    values = [agent["who"]["identifier"]["value"] for agent in made["agent"][1:]]
    assert values == ["ckd-epi-2021|2021", "metformin-egfr|1.0.0", "statin|1.2.0", "t2d-hba1c-overdue|1.0.0"]
    assert {agent["who"]["type"] for agent in made["agent"]} == {"Device"}


def test_the_label_of_a_model_stands_only_where_a_model_had_a_part():
    assert not [one for one in written(FULL) if "meta" in one]
    learnt = replace(FULL.derived[0], rule=replace(FULL.derived[0].rule, model=True))
    labelled = {one["resourceType"] for one in written(replace(FULL, derived=(learnt,))) if "meta" in one}
    assert labelled == {"CarePlan", "Observation", "Provenance"}
    label = careplan(replace(FULL, derived=(learnt,)))["meta"]["security"][0]
    assert (label["code"], label["system"].rpartition("/")[2]) == ("AIAST", "v3-ObservationValue")


def test_a_plan_of_the_dead_is_completed_once():
    ended = completed(careplan(FULL))
    assert ended["status"] == "completed"
    assert {one["detail"]["status"] for one in ended["activity"]} == {"cancelled"}
    assert "has died" in ended["text"]["div"]
    assert lossless.same(completed(ended), ended)


def test_a_hundred_bad_values_are_one_line():
    bad = tuple(
        Unreadable(Evidence(f"Observation/{n}/_history/1"), f"HbA1c of {date(2026, 1, 1 + n)}", "has no unit")
        for n in range(28)
    )
    page = careplan(replace(NOTHING, unreadable=bad))["text"]["div"]
    assert page.count("HbA1c") == 1
    assert "HbA1c has no unit (28 times)" in page


TEXT = st.text(alphabet=st.characters(exclude_categories=("Cc", "Cs", "Cn")), min_size=1)


@given(TEXT)
def test_whatever_is_said_the_narrative_is_well_formed_and_shows_it(said):
    activity: Activity = replace(
        FULL.activities[0], reasons=(replace(FULL.activities[0].reasons[0], sentence=said),)
    )
    page = careplan(replace(FULL, activities=(activity,)))["text"]["div"]
    shown = "".join(ElementTree.fromstring(page).itertext())
    assert said in shown


def test_what_r4_refuses_is_an_error_that_somebody_sees():
    with pytest.raises(Misbuilt):
        built({"resourceType": "CarePlan", "status": "draft", "intent": "plan"})


def test_no_element_is_empty():
    for one in written(NOTHING):
        assert "[]" not in json.dumps(json.loads(lossless.dumps(one)))
        assert "null" not in lossless.dumps(one).decode()
