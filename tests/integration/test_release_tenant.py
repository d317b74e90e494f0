"""What an EHR sees of what Careloom derived: in its own ids, and its own to read, find, change and delete."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.custody import records
from gateway.custody.ids import pseudonym
from gateway.identities import OUTSIDE_ID_LENGTH
from gateway.refusal import Kind
from gateway.release.asking import Rows
from gateway.release.opened import clinical_halves
from mappers import lossless
from mappers.r4 import references
from tests.desk import (
    APP,
    OTHER_APP,
    ST_ANNA,
    ST_BERTA,
    Desk,
    diabetic,
    ehr,
    observation,
    partner,
    refusal,
)

DAY = 86_400_000_000
FIND = "CarePlan?identifier=urn:careloom:plan|"


@pytest.fixture
def planned(desk: Desk) -> Desk:
    desk.puts(*diabetic("mrn-1"))
    desk.works()
    return desk


def plan_of(desk: Desk, who: Any = None) -> dict[str, Any]:
    (found,) = desk.searches(FIND, who)
    return found


def texts(value: dict[str, Any]) -> list[str]:
    """Every reference that can be followed on this server."""
    parsed = (references.parse(text) for text in references.pointers(value))
    return [str(found) for found in parsed if isinstance(found, references.Literal)]


def test_a_plan_speaks_of_the_patient_by_the_hospitals_own_id(planned: Desk):
    plan = plan_of(planned)
    assert plan["subject"] == {"reference": "Patient/mrn-1"}
    assert "Condition/mrn-1-dm/_history/1" in texts(plan)
    assert "Observation/mrn-1-a1c/_history/1" in texts(plan)


def test_each_reference_of_what_was_derived_can_be_followed(planned: Desk):
    followed = 0
    for type_ in ("CarePlan", "Goal", "Observation", "DetectedIssue", "Provenance"):
        for found in planned.searches(type_):
            for text in texts(found):
                assert planned.reads(text)["resourceType"] == text.partition("/")[0]
                followed += 1
    assert followed > 10


def test_no_stored_id_is_shown_to_the_tenant_either(planned: Desk):
    for type_ in ("CarePlan", "Goal", "Observation", "Provenance"):
        shown = lossless.dumps(planned.searches(type_)).decode()
        assert pseudonym(planned.id_of("Patient/mrn-1")) not in shown
        for found in planned.searches(type_):
            assert found["id"].startswith("mrn-1") or len(found["id"]) == OUTSIDE_ID_LENGTH


@pytest.mark.parametrize(
    "query",
    [
        "_id={id}",
        "subject=Patient/mrn-1",
        "patient=mrn-1",
        "status=draft",
        "identifier=urn:careloom:plan|{id}",
    ],
)
def test_the_plan_is_found_by_what_it_shows(planned: Desk, query: str):
    plan = plan_of(planned)
    assert plan["identifier"] == [{"system": "urn:careloom:plan", "value": plan["id"]}]
    assert planned.reads(f"CarePlan/{plan['id']}") == plan
    found = planned.searches("CarePlan?" + query.format(id=plan["id"]))
    assert [one["id"] for one in found] == [plan["id"]]


def test_another_hospital_does_not_reach_it_by_the_id_that_was_shown(planned: Desk):
    with refusal(Kind.NOT_FOUND):
        planned.reads(f"CarePlan/{plan_of(planned)['id']}", ehr(ST_BERTA))


# --- a clinician decides ---------------------------------------------------------------------------------


@pytest.fixture
def accepted(planned: Desk) -> Desk:
    """The plan as a clinician put it back: active, and with a word of hers."""
    plan = plan_of(planned)
    planned.puts({**plan, "status": "active", "note": [{"text": "agreed with the patient"}]})
    return planned


def test_law_10_what_a_clinician_put_back_is_what_the_hospital_reads(accepted: Desk):
    plan = plan_of(accepted)
    assert (plan["status"], plan["note"]) == ("active", [{"text": "agreed with the patient"}])
    before, after = (accepted.reads(f"CarePlan/{plan['id']}/_history/{n}") for n in (1, 2))
    assert (before["status"], after["status"]) == ("draft", "active")
    before, after = ({**one, "status": "", "note": []} for one in (before, after))
    assert lossless.same(before, after), "nothing else has changed"


@pytest.mark.parametrize("organization", [APP, OTHER_APP])
def test_a_plan_that_was_put_back_is_still_the_plan_to_partners(accepted: Desk, organization: Any):
    app = partner(organization, ST_ANNA)
    plan = plan_of(accepted, app)
    assert plan["status"] == "active"
    assert plan["identifier"] == [{"system": "urn:careloom:plan", "value": plan["id"]}]
    assert "agreed" not in str(plan)
    assert accepted.reads(f"CarePlan/{plan['id']}", app) == plan
    for text in texts(plan):
        assert accepted.reads(text, app)
    assert [one.version for one in accepted.release.history(app, "CarePlan", plan["id"])] == [2, 1]


def test_the_clinical_half_of_what_was_put_back_names_the_plan_by_its_pseudonym(accepted: Desk):
    stored = accepted.vault.outside(ST_ANNA).read("CarePlan", plan_of(accepted)["id"])
    assert stored is not None
    with accepted.vault.database.read() as conn:
        head = records.load(conn, ST_ANNA, "CarePlan", stored)
    assert head is not None
    (half,) = clinical_halves(accepted.vault, ST_ANNA, [head])
    assert half is not None
    assert half["id"] == pseudonym(stored)
    assert half["identifier"] == [{"system": "urn:careloom:plan", "value": pseudonym(stored)}]


def test_law_10_new_evidence_does_not_undo_what_a_clinician_decided(accepted: Desk):
    accepted.now += DAY
    accepted.puts(observation("mrn-1-new", "Patient/mrn-1", value="9.4", effectiveDateTime="2026-03-01"))
    accepted.works()
    assert len(accepted.searches(FIND)) == 1
    plan = plan_of(accepted)
    assert plan["status"] != "draft" or "agreed with the patient" not in str(plan)


def test_a_plan_that_the_hospital_deleted_is_gone_for_all(planned: Desk):
    plan, app = plan_of(planned), partner(APP, ST_ANNA)
    theirs = plan_of(planned, app)
    planned.intake.delete(ehr(), "CarePlan", plan["id"])
    with refusal(Kind.GONE):
        planned.reads(f"CarePlan/{plan['id']}")
    with refusal(Kind.NOT_FOUND):
        planned.reads(f"CarePlan/{theirs['id']}", app)
    assert planned.searches(FIND) == planned.searches(FIND, app) == []


def test_a_goal_can_be_put_back_too(planned: Desk):
    goal = planned.searches("Goal")[0]
    planned.puts({**goal, "lifecycleStatus": "active"})
    (found,) = planned.searches(f"Goal?_id={goal['id']}")
    assert found == {**goal, "lifecycleStatus": "active"}
    plan = plan_of(planned)
    assert f"Goal/{goal['id']}" in {text.partition("/_history")[0] for text in texts(plan)}


# --- searching -------------------------------------------------------------------------------------------


def test_candidates_that_no_longer_match_are_dropped(planned: Desk, monkeypatch: pytest.MonkeyPatch):
    """Rows only propose: with rows that propose everything, the answers are the same."""
    queries = ["Patient?family=Hopkins", "Patient?family=Nobody", "Observation?code=4548-4", FIND]
    whos = [None, None, None, partner(APP, ST_ANNA)]
    before = [planned.searches(query, who) for query, who in zip(queries, whos, strict=True)]
    monkeypatch.setattr(Rows, "clauses", lambda *_: [])
    assert [planned.searches(query, who) for query, who in zip(queries, whos, strict=True)] == before
    assert [len(found) for found in before] == [1, 0, 1, 1]


@pytest.mark.parametrize("who", [ehr(), partner(APP, ST_ANNA)], ids=["ehr", "partner"])
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ([("shoe-size", "44")], "not-supported"),
        ([("status:above", "draft")], "not-supported"),
        ([("date", "yesterday")], "value"),
        ([("status", "draft"), ("shoe-size", "44")], "not-supported"),
    ],
    ids=["name", "modifier", "value", "beside"],
)
def test_law_12_a_parameter_is_honoured_or_refused(planned: Desk, who: Any, query: Any, code: str):
    with refusal(Kind.INVALID, code):
        planned.release.search(who, "CarePlan", query, None, 10)


# --- pages -----------------------------------------------------------------------------------------------


@pytest.fixture
def full(desk: Desk) -> Desk:
    for tenant in (ST_ANNA, ST_BERTA):
        for number in range(3):
            desk.puts(*diabetic(f"mrn-{number}"), actor=ehr(tenant))
    desk.works()
    return desk


@pytest.mark.parametrize("count", [1, 2, 3, 4, 6, 7])
def test_pages_over_two_tenants_hold_each_plan_once(full: Desk, count: int):
    app = partner(APP, ST_ANNA, ST_BERTA)
    plans = full.searches(FIND, app, count)
    assert len(plans) == len({plan["id"] for plan in plans}) == 6
    assert plans == full.searches(FIND, app, 50)
    first = full.release.search(app, "CarePlan", [("identifier", "urn:careloom:plan|")], None, count)
    assert len(first.entries) == min(count, 6)
    assert first.total == (6 if count >= 6 else None), "a total is told only where it is known"
    assert (first.following is None) == (count >= 6)


def test_the_order_of_grants_does_not_matter(full: Desk):
    one = full.searches(FIND, partner(APP, ST_ANNA, ST_BERTA), 2)
    assert one == full.searches(FIND, partner(APP, ST_BERTA, ST_ANNA), 2)


def test_an_empty_answer_is_one_whole_page(full: Desk):
    page = full.release.search(ehr(), "CarePlan", [("_id", "nobody")], None, 5)
    assert (page.entries, page.total, page.following) == ((), 0, None)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_ids_that_are_asked_for_come_in_pages_too(full: Desk, count: int):
    ids = ",".join(f"mrn-{number}" for number in range(3))
    found = full.searches(f"Patient?_id={ids},nobody", None, count)
    assert [one["id"] for one in found] == ["mrn-2", "mrn-1", "mrn-0"]
    narrowed = full.searches(f"Patient?_id={ids}&_id=mrn-1", None, count)
    assert [one["id"] for one in narrowed] == ["mrn-1"]
