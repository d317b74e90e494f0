"""Rules in shadow: answered like any, and part of no plan."""

from __future__ import annotations

import pytest

from mappers.facts import Truth
from tests.unit.workers.engine.patients import facts, measured, person
from workers.engine import apply, shadow
from workers.engine.definitions import Knowledge, State
from workers.engine.switching import Switch, in_force

RULE = "obesity-help"


@pytest.fixture(scope="module")
def shaded(knowledge: Knowledge) -> Knowledge:
    return in_force(knowledge, {RULE: Switch(State.SHADOW)}, frozenset())


@pytest.mark.parametrize(
    ("known", "truth"),
    [
        (facts(measured("bmi", "34")), Truth.TRUE),
        (facts(measured("bmi", "24")), Truth.FALSE),
        (facts(), Truth.UNKNOWN),
    ],
    ids=["true", "false", "unknown"],
)
def test_each_rule_in_shadow_answers_and_no_plan_shows_it(
    knowledge: Knowledge, shaded: Knowledge, known, truth
):
    (found,) = shadow.answers(known, shaded)
    assert (found.rule, found.version, found.truth) == (RULE, "1.0.0", truth)
    assert apply.plan(known, shaded) == apply.plan(known, knowledge)


def test_without_rules_in_shadow_nobody_is_asked(knowledge: Knowledge):
    assert shadow.answers(facts(measured("bmi", "34")), knowledge) == ()


def test_nobody_is_asked_of_somebody_who_died(shaded: Knowledge):
    assert shadow.answers(facts(who=person(deceased=True)), shaded) == ()


def test_one_action_that_applies_is_enough(knowledge: Knowledge):
    both = in_force(knowledge, {"alcohol-counselling": Switch(State.SHADOW)}, frozenset())
    (found,) = shadow.answers(facts(measured("audit_c", "9")), both)
    assert found.truth is Truth.TRUE
