"""Numbers that a hospital may set otherwise: declared with bounds, linted, and told in the version."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from workers.engine.definitions import Guideline, Knowledge, State
from workers.engine.knowledge import SHIPPED, KnowledgeRefused, load
from workers.engine.switching import Switch, SwitchRefused, in_force, only_on, tuned
from workers.engine.thresholds import published

RULE = "obesity-help"
URL = "urn:careloom:rule:threshold"
NOBODY: frozenset[tuple[str, str]] = frozenset()


def rule(knowledge: Knowledge, key: str = RULE) -> Guideline:
    return next(one for one in knowledge.every if one.rule.id == key)


def set_to(knowledge: Knowledge, key: str = RULE, **numbers: str) -> Guideline:
    return tuned(knowledge, rule(knowledge, key), {name: Decimal(value) for name, value in numbers.items()})


def test_a_rule_with_another_number_compares_says_and_is_called_otherwise(knowledge: Knowledge):
    found = set_to(knowledge, bmi="27.5")
    (action,) = found.actions
    assert action.conditions[0].text == "%bmi.value >= 27.5"
    assert "from 27.5 on" in action.sentence.text
    assert action.would_change == ("a BMI below 27.5",)
    assert found.rule.version == "1.0.0+bmi-27.5"
    assert published(found.rule.version) == rule(knowledge).rule.version == "1.0.0"


def test_a_goal_follows_the_threshold_that_it_names(knowledge: Knowledge):
    found = set_to(knowledge, "t2d-hba1c-above-goal", hba1c="7.5")
    (goal,) = found.targets.values()
    assert (goal.value, goal.title) == (Decimal("7.5"), "HbA1c below 7.5 %")


def test_its_own_number_changes_nothing(knowledge: Knowledge):
    assert set_to(knowledge, bmi="30").rule.version == "1.0.0"


@pytest.mark.parametrize("value", ["27.5", "35"])
def test_both_bounds_can_be_set(knowledge: Knowledge, value: str):
    assert set_to(knowledge, bmi=value).thresholds[0].value == Decimal(value)


@pytest.mark.parametrize("value", ["27.4", "35.1", "-30", "NaN", "Infinity"])
def test_nothing_outside_of_them_can(knowledge: Knowledge, value: str):
    with pytest.raises(SwitchRefused, match=r"from 27\.5 to 35"):
        set_to(knowledge, bmi=value)


def test_what_the_rule_does_not_offer_is_refused_with_what_it_does(knowledge: Knowledge):
    with pytest.raises(SwitchRefused, match="has no threshold height; it has: bmi"):
        set_to(knowledge, height="2")


def test_every_shipped_threshold_can_be_set_to_both_of_its_bounds(knowledge: Knowledge):
    for one in knowledge.every:
        for threshold in one.thresholds:
            for bound in threshold.bounds:
                assert tuned(knowledge, one, {threshold.name: bound}).actions


# --- the lint --------------------------------------------------------------------------------------------


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    shutil.copytree(SHIPPED / "lifestyle", tmp_path / "lifestyle")
    return tmp_path


def spoil(pack: Path, change: Callable[[dict[str, Any]], None]) -> str:
    path = pack / f"lifestyle/plan-definitions/{RULE}.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(KnowledgeRefused) as refused:
        load(pack)
    return "; ".join(refused.value.faults)


def part(content: dict[str, Any], name: str) -> dict[str, Any]:
    (threshold,) = (one for one in content["extension"] if one["url"] == URL)
    return next(one for one in threshold["extension"] if one["url"] == name)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda c: part(c, "value").update(valueDecimal=20), "between low and high"),
        (lambda c: part(c, "high").update(valueDecimal=20), "between low and high"),
        (lambda c: part(c, "low").update(valueDecimal=-1), "none below 0"),
        (lambda c: part(c, "name").update(valueString="BMI!"), "no name of a threshold"),
        (lambda c: part(c, "name").update(valueString="weight"), "threshold bmi is not declared"),
        (lambda c: part(c, "unit").update(valueString=" "), "unit is missing or empty"),
        (lambda c: c["extension"].append(next(e for e in c["extension"] if e["url"] == URL)), "one name"),
        (lambda c: c.update(status="unknown"), "status is not one of active, draft, retired"),
    ],
)
def test_a_threshold_that_says_too_little_or_too_much_is_refused(
    pack: Path, change: Callable[[dict[str, Any]], None], why: str
):
    assert why in spoil(pack, change)


# --- switches --------------------------------------------------------------------------------------------


def states(knowledge: Knowledge) -> dict[str, State]:
    return {one.rule.id: one.state for one in knowledge.every}


def test_what_ships_as_a_draft_is_off_and_linted_all_the_same(knowledge: Knowledge):
    assert {one.state for one in knowledge.guidelines} == {State.ON}
    assert {one.state for one in knowledge.shelved} == {State.OFF}
    assert len(knowledge.guidelines) >= 15
    assert all(one.actions and one.review for one in knowledge.shelved)


def test_every_rule_under_its_state_and_none_lost(knowledge: Knowledge):
    found = in_force(
        knowledge,
        {
            RULE: Switch(State.ON),
            "acr-due": Switch(State.OFF),
            "bp-due": Switch(State.SHADOW),
            "nothing": Switch(State.ON),
        },
        frozenset({("egfr-due", rule(knowledge, "egfr-due").rule.version)}),
    )
    assert states(found).keys() == states(knowledge).keys()
    assert RULE in {one.rule.id for one in found.guidelines}
    assert {one.rule.id for one in found.shadowed} == {"bp-due"}
    assert {"acr-due", "egfr-due"} <= {one.rule.id for one in found.shelved}
    assert states(found)["egfr-due"] is State.RECALLED


def test_a_recall_is_stronger_than_a_switch_and_than_thresholds(knowledge: Knowledge):
    switch = Switch(State.ON, {"bmi": Decimal("27.5")})
    assert states(in_force(knowledge, {RULE: switch}, frozenset({(RULE, "1.0.0")})))[RULE] is State.RECALLED
    assert states(in_force(knowledge, {RULE: switch}, frozenset({(RULE, "1.1.0")})))[RULE] is State.ON


def test_a_number_that_the_rule_offers_no_more_turns_it_off(knowledge: Knowledge):
    """The wrong number is no number: it waits for somebody to decide."""
    found = in_force(knowledge, {"bp-due": Switch(None, {"gone": Decimal(1)})}, NOBODY)
    assert states(found)["bp-due"] is State.OFF


def test_a_threshold_alone_leaves_the_state_as_it_is(knowledge: Knowledge):
    numbers = {"hba1c": Decimal("7.5")}
    found = in_force(knowledge, {"t2d-hba1c-above-goal": Switch(None, numbers)}, NOBODY)
    assert "t2d-hba1c-above-goal" in {one.rule.id for one in found.guidelines}
    assert states(in_force(knowledge, {RULE: Switch(None, {"bmi": Decimal(28)})}, NOBODY))[RULE] is State.OFF


def test_one_rule_can_be_asked_beside_those_that_are_on(knowledge: Knowledge):
    found = only_on(knowledge, rule(knowledge))
    assert len(found.guidelines) == len(knowledge.guidelines) + 1
