"""From the plan before and the plan after to what each proposal counts as."""

from __future__ import annotations

from typing import Any

from mappers import lossless
from mappers.recommendations import Plan
from tests.unit.workers.test_decisions import careplan, decided, half, said
from workers.decisions import as_it_stands, woven
from workers.reading import Derived
from workers.tally import decisions

Body = dict[str, Any]


def counted(plan: Body, was: Derived | None) -> dict[tuple[str, str], str]:
    """By act and evidence."""
    found = {}
    for one in decisions(plan, was, lambda text: text.encode()):
        act, rule, version, evidence = one.mark.decode().split("|")
        assert (rule, version) == (one.rule, one.version)
        found[act.rpartition(":")[2], evidence[:4]] = one.outcome
    return found


def outcomes(plan: Body, was: Derived | None) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for (act, _), outcome in counted(plan, was).items():
        found.setdefault(act, []).append(outcome)
    return {act: sorted(told) for act, told in found.items()}


def after(first: dict[str, int], status: str, statuses: dict[str, str], then: dict[str, int]) -> Any:
    ours = careplan(said(first))
    was = Derived(2, 1, ours, half(decided(ours, status, statuses)), True)
    answer = said(then)
    return standing(answer, was), was


def standing(answer: Plan, was: Derived) -> Body:
    return dict(as_it_stands(woven(careplan(answer), answer, was, {}), was))


def test_what_is_new_is_open() -> None:
    assert outcomes(careplan(said({"statin": 1, "hba1c": 1})), None) == {
        "statin": ["open"],
        "hba1c": ["open"],
    }


def test_each_line_counts_as_what_a_clinician_made_of_it() -> None:
    same = {"statin": 1, "hba1c": 1, "acr": 1, "review": 1}
    statuses = {"statin": "cancelled", "hba1c": "scheduled", "acr": "completed"}
    plan, was = after(same, "draft", statuses, same)
    assert outcomes(plan, was) == {
        "statin": ["declined"],
        "hba1c": ["accepted"],
        "acr": ["accepted"],
        "review": ["open"],
    }


def test_a_plan_that_is_accepted_whole_accepts_what_stood_in_it_and_nothing_later() -> None:
    plan, was = after({"statin": 1}, "active", {}, {"statin": 1, "hba1c": 1})
    assert outcomes(plan, was) == {"statin": ["accepted"], "hba1c": ["open"]}


def test_other_evidence_is_another_proposal_and_the_old_one_is_moot_or_stays_declined() -> None:
    plan, was = after({"statin": 1, "hba1c": 1}, "draft", {"statin": "cancelled"}, {"statin": 2, "hba1c": 2})
    assert outcomes(plan, was) == {"statin": ["declined", "open"], "hba1c": ["moot", "open"]}


def test_a_line_that_a_clinician_took_out_is_declined() -> None:
    ours = careplan(said({"statin": 1, "hba1c": 1}))
    left = {**ours, "activity": [one for one in ours["activity"] if "statin" not in str(one)]}
    was = Derived(2, 1, ours, half(left), True)
    answer = said({"statin": 1, "hba1c": 1})
    assert outcomes(standing(answer, was), was)["statin"] == ["declined"]


def test_the_reason_that_was_given_is_counted_and_others_are_other() -> None:
    ours = careplan(said({"statin": 1}))
    for system, code, told in (
        ("urn:careloom:decision-reason", "not-now", "not-now"),
        ("http://snomed.info/sct", "105480006", "other"),
        ("", "", ""),
    ):
        theirs = lossless.loads(lossless.dumps(ours))
        coded = {"statusReason": {"coding": [{"system": system, "code": code}]}} if code else {}
        theirs["activity"][0]["detail"] |= {"status": "cancelled", **coded}
        was = Derived(2, 1, ours, half(theirs), True)
        answer = said({"statin": 1})
        plan = standing(answer, was)
        (one,) = decisions(plan, was, lambda text: text.encode())
        assert (one.outcome, one.reason) == ("declined", told)
