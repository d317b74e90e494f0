"""The plan of one person with two records: what comes over, what goes again, what stays."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.custody.ids import StoredId, pseudonym
from gateway.custody.merges import Union
from mappers.recommendations_to_careplan import act_of
from workers.reading import Derived, Known
from workers.united import CARRIED, references, standing, withdrawn

NEW, OLD, GONE = (StoredId(letter.encode() * 16) for letter in "nog")
PLAN = ("CarePlan", StoredId(b"p" * 16))
Body = dict[str, Any]


def line(act: str, status: str = "not-started", *evidence: str, origin: StoredId | None = None) -> Body:
    detail: Body = {
        "instantiatesUri": [f"urn:careloom:act:{act}"],
        "code": {"text": act},
        "status": status,
        "reasonReference": [{"reference": f"{one}/_history/1"} for one in evidence],
    }
    if origin is not None:
        reference = {"reference": f"Patient/{pseudonym(origin)}"}
        detail["extension"] = [{"url": CARRIED, "valueReference": reference}]
    return {"detail": detail}


def plan(*lines: Body, whose: StoredId = NEW, **more: Any) -> Body:
    subject = {"reference": f"Patient/{pseudonym(whose)}"}
    found = {"resourceType": "CarePlan", "id": pseudonym(PLAN[1]), "status": "draft", "subject": subject}
    return {**found, "activity": list(lines), **more}


def known(theirs: Derived | None = None, mine: Derived | None = None, *others: StoredId) -> Known:
    """What is known of the new record, with a plan of the old one beside it."""
    beside = {} if theirs is None else {PLAN: theirs}
    derived = {} if mine is None else {PLAN: mine}
    return Known(None, (), derived, None, Union(NEW, others), beside)  # type: ignore[arg-type]


def acts(found: Derived | None) -> dict[str, str]:
    assert found is not None
    return {str(act_of(one)).rpartition(":")[2]: one["detail"]["status"] for one in found.body["activity"]}


def decided(body: Body, theirs: Body | None = None, **more: Any) -> Derived:
    return Derived(2, 2 if theirs is None else 1, body, theirs, True, **more)


def test_without_others_and_without_decisions_nothing_is_touched():
    was = Derived(3, 3, plan(line("statin")))
    assert standing(plan(line("statin")), was, known(), set()) is was
    assert standing(plan(), None, known(), set()) is None


def test_law_10_what_was_decided_beside_comes_over_marked_with_where_it_was():
    theirs = decided(plan(line("statin", "cancelled", "Condition/x"), line("acr"), whose=OLD))
    implied = plan(line("statin", "not-started", "Condition/x"), line("acr"))
    found = standing(implied, None, known(theirs, None, OLD), set())
    assert acts(found) == {"acr": "not-started", "statin": "cancelled"}
    marked = next(one for one in found.body["activity"] if act_of(one).endswith("statin"))
    assert marked["detail"]["extension"] == line("", origin=OLD)["detail"]["extension"]
    assert (found.head, found.last, found.decided) == (0, 0, True)


def test_what_nobody_decided_beside_does_not_come_over():
    undecided = Derived(1, 1, plan(line("statin", "cancelled"), whose=OLD))
    assert standing(plan(), None, known(undecided, None, OLD), set()) is None


def test_law_10_the_decision_of_the_surviving_record_stands():
    theirs = decided(plan(line("statin", "cancelled"), line("acr", "completed"), whose=OLD))
    mine = decided(plan(line("statin", "in-progress"), line("acr")))
    found = standing(plan(line("statin"), line("acr")), mine, known(theirs, mine, OLD), set())
    assert acts(found) == {"statin": "in-progress", "acr": "completed"}
    assert found.head == mine.head


def test_the_evidence_beside_a_line_comes_with_it_and_replaces_our_own():
    mine = {"reference": "Observation/m/_history/1", "display": "For: statin"}
    its = {"reference": "Observation/t/_history/1", "display": "For: statin"}
    other = {"reference": "Observation/t/_history/1", "display": "For: acr"}
    theirs = decided(plan(line("statin", "cancelled"), whose=OLD, supportingInfo=[its, other]))
    found = standing(plan(line("statin"), supportingInfo=[mine]), None, known(theirs, None, OLD), set())
    assert found.body["supportingInfo"] == [its]


def test_what_was_carried_over_goes_when_its_record_does_and_is_not_carried_on_twice():
    mine = decided(plan(line("statin", "cancelled", origin=OLD), line("acr", "in-progress")))
    assert acts(standing(plan(), mine, known(None, mine, OLD), set())) == {
        "statin": "cancelled",
        "acr": "in-progress",
    }
    assert acts(standing(plan(), mine, known(None, mine), set())) == {"acr": "in-progress"}
    chained = decided(plan(line("statin", "cancelled", origin=GONE), whose=OLD))
    assert standing(plan(line("statin")), None, known(chained, None, OLD), set()) is None


def test_what_rests_on_somebody_else_alone_goes_where_it_is_settled_and_loses_it_where_it_is_under_way():
    lines = (
        line("statin", "cancelled", "Condition/x"),
        line("acr", "completed", "Condition/x", "Condition/mine"),
        line("hba1c", "in-progress", "Condition/x"),
        line("bp", "cancelled"),
    )
    info = [{"reference": "Observation/x/_history/1", "display": "For: hba1c"}, {"reference": "Goal/g"}]
    addresses = [{"reference": "Condition/x"}, {"reference": "Condition/mine"}]
    mine = decided(plan(*lines, supportingInfo=info, addresses=addresses))
    found = standing(plan(), mine, known(None, mine), {"Condition/x", "Observation/x"})
    assert acts(found) == {"acr": "completed", "hba1c": "in-progress", "bp": "cancelled"}
    assert "Condition/x" not in str(found.body)
    assert "Observation/x" not in str(found.body)
    assert found.body["addresses"] == [{"reference": "Condition/mine"}]
    assert "reasonReference" not in found.body["activity"][1]["detail"]


def test_a_plan_in_which_somebody_decided_is_asked_what_it_points_at():
    body = plan(
        line("statin", "cancelled", "Condition/x"), addresses=[{"reference": "Condition/y/_history/3"}]
    )
    assert references(decided(body)) == {"Condition/x", "Condition/y"}
    assert references(Derived(1, 1, body)) == references(None) == set()


def test_the_plan_of_a_record_that_went_into_another_is_revoked_with_its_decisions():
    ours = plan(line("statin"), line("acr"))
    theirs = plan(line("statin", "cancelled"), line("acr"), status="active")
    (found,) = withdrawn(known(None, decided(ours, theirs)))
    assert found["status"] == "revoked"
    assert [one["detail"]["status"] for one in found["activity"]] == ["cancelled", "not-started"]
    assert "merged into another" in found["text"]["div"]
    again = decided(ours, theirs, ended=found)
    assert withdrawn(known(None, again)) == [found]


@pytest.mark.parametrize("status", ["completed", "revoked", "entered-in-error"])
def test_a_plan_that_is_over_is_left_alone(status: str):
    over = Derived(1, 1, plan(status=status))
    assert withdrawn(known(None, over)) == [over.body]
