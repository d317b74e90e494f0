"""For whom a rule is made and whom it leaves out is said in words, for every rule."""

from __future__ import annotations

from workers.engine.definitions import Knowledge
from workers.engine.populations import limits, population


def test_every_rule_says_for_whom_it_is_and_until_when(knowledge: Knowledge) -> None:
    for rule in knowledge.guidelines:
        assert rule.rule.population == population(rule)
        assert f"from {rule.ages[0]} " in rule.rule.population
        assert rule.review.isoformat() in rule.rule.limits
        for one in rule.exclusions:
            assert one.description in limits(rule)


def test_ages_pregnancy_and_place_are_told(knowledge: Knowledge) -> None:
    rules = {one.rule.id: one for one in knowledge.guidelines}
    assert population(rules["t2d-hba1c-above-goal"]) == (
        "from 18 to 74 years; not when pregnant; by values from outside hospital"
    )
    assert limits(rules["metformin-kidney"]).startswith("reads no value that is older: eGFR (1 year)")
