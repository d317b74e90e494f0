"""From bundle to plan: an input taken away makes an answer unknown; the least step changes one thing."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.demo import stories
from gateway.demo.chart import Analyte, Chart
from gateway.demo.stories import STORIES
from mappers import lossless
from tests.golden.test_way_metamorphic import SEEDS, Bundle, told
from tests.golden.test_way_safety import chart
from tests.way import Way, Woven, pseudonym


def rules(woven: Woven) -> set[str]:
    """Every rule that proposes or could not tell."""
    plan = woven.plan
    said = (*plan.activities, *plan.withdrawn, *plan.issues)
    return {reason.rule.id for one in said for reason in one.reasons} | {
        one.rule.id for one in plan.unanswered
    }


def without(body: Bundle, references: set[str]) -> Bundle:
    """The bundle without every observation that bears a code of one of these."""
    codes = {_code(entry) for entry in body["entry"] if _reference(entry) in references}
    return {**body, "entry": [entry for entry in body["entry"] if _code(entry) not in codes]}


def _reference(entry: Bundle) -> str:
    kind, own = entry["resource"]["resourceType"], entry["fullUrl"].rpartition(":")[2]
    return f"{kind}/{pseudonym(kind, entry['resource'].get('id') or own)}"


def _code(entry: Bundle) -> str | None:
    coding = entry["resource"].get("code", {}).get("coding") or [{}]
    return coding[0].get("code") if entry["resource"]["resourceType"] == "Observation" else None


@pytest.mark.parametrize("seed", SEEDS, ids=[story.title for story in STORIES])
def test_law_8_an_input_that_is_taken_away_makes_its_rules_unknown_and_never_a_no(
    way: Way, seed: int
) -> None:
    """But for rules that are asked only of those who have a value (``recorded``)."""
    body = told(seed)
    whole = way.go(body)
    asked_of_some = {
        rule.rule.id
        for rule in way.knowledge.guidelines
        if any(".recorded" in one.text for action in rule.actions for one in action.conditions)
    }
    shipped = {rule.rule.id for rule in way.knowledge.guidelines}
    for activity in whole.plan.activities:
        for reason in activity.reasons:
            rested = {one.reference.partition("/_history/")[0] for one in reason.evidence}
            rested = {text for text in rested if text.startswith("Observation/")}
            if rested and reason.rule.id in shipped - asked_of_some:
                assert reason.rule.id in rules(way.go(without(body, rested))), reason.rule.id


def essence(woven: Woven) -> dict[str, Any]:
    plan = woven.plan
    return {
        "acts": {one.act.key for one in plan.activities},
        "goals": {one.key for one in plan.targets},
        "dangers": {one.key for one in plan.issues},
        "withdrawn": {one.act.key for one in plan.withdrawn},
        "unanswered": {one.rule.id for one in plan.unanswered},
    }


@pytest.mark.parametrize(
    ("analyte", "below", "at", "comes", "goes"),
    [
        (stories.HBA1C, 6.9, 7.0, {"review-glucose-lowering"}, set()),
        (stories.ALBUMIN_CREATININE, 29, 30, {"start-ras-inhibitor", "inform-ckd-stage"}, set()),
    ],
)
def test_the_least_step_over_a_threshold_changes_what_the_rule_says_and_nothing_else(
    way: Way, analyte: Analyte, below: float, at: float, comes: set[str], goes: set[str]
) -> None:
    before, after = (essence(way.go(chart(_told(analyte, value)))) for value in (below, at))
    assert after["acts"] - before["acts"] == comes
    assert before["acts"] - after["acts"] == goes
    assert {**after, "acts": None} == {**before, "acts": None}


def _told(analyte: Analyte, value: float) -> Any:
    def tell(one: Chart) -> None:
        one.problem(stories.DIABETES, 900)
        one.problem(stories.HYPERTENSION, 900)
        for ago in (140, 20):
            visit = one.visit(ago)
            one.pressure(122, 74, ago, visit)
            one.measure(stories.CREATININE, 0.9, ago, visit)
            one.measure(stories.POTASSIUM, 4.2, ago, visit)
            usual = {stories.HBA1C: 6.2, stories.ALBUMIN_CREATININE: 8}
            for what, number in usual.items():
                one.measure(what, value if what is analyte else number, ago, visit)

    return tell


def test_the_chart_is_what_it_says() -> None:
    body = chart(_told(stories.HBA1C, 7.0))
    assert b"7.0" in lossless.dumps(body)
