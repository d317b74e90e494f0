"""What cannot be decided is a choice with every side and its reasons; nothing is preferred in silence."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from mappers.facts import Evidence
from mappers.recommendations import Act, Activity, ActKind, Reason, Rule, Source, Target, Urgency
from workers.engine.conflicts import settle, settle_goals
from workers.engine.definitions import Offer, Strength
from workers.engine.merged import Merged, merge
from workers.engine.recommenders import Proposal

SOURCE = Source("A guideline", "Somebody", "1", "2026-01-01", "https://example.org", "strong")
LOINC = "http://loinc.org"


def reason(rule: str) -> Reason:
    return Reason(Rule(rule, "1.0.0", rule, SOURCE), f"Because of {rule}.", (evidence(rule),), ("more",))


def evidence(key: str) -> Evidence:
    return Evidence(f"Observation/{key}/_history/1")


def start(key: str, *options: str, urgency: Urgency = Urgency.ROUTINE) -> Merged:
    named = f"Start {' or '.join(options)}"
    offer = Offer(key, ActKind.START_MEDICINE, named, (), options, ())
    activity = Activity(Act(key, offer.kind, named), urgency, (reason(key),), ())
    return Merged(offer, urgency, Strength.STRONG, activity, named)


def target(key: str, value: str, comparator: str = "<", **more: object) -> Target:
    measure = (LOINC, "4548-4", "HbA1c")
    made = Target(key, f"HbA1c {comparator} {value} %", measure, comparator, Decimal(value), "%", None)
    return replace(made, reasons=(reason(f"rule-{key}"),), **more)


def test_two_acts_that_could_start_the_same_medicine_are_one_choice() -> None:
    high, moderate = start("start-statin-high", "statin"), start("start-statin-moderate", "statin")
    (found,) = settle([high, moderate])
    act = found.activity.act
    assert (act.kind, act.key) == (ActKind.CHOICE, "choose-statin-high-moderate")
    assert [one.reasons for one in found.activity.options] == [
        high.activity.reasons,
        moderate.activity.reasons,
    ]
    assert set(found.activity.reasons) == {*high.activity.reasons, *moderate.activity.reasons}


def test_two_of_a_class_of_which_one_is_meant_are_one_choice() -> None:
    (found,) = settle([start("start-enalapril", "enalapril"), start("start-lisinopril", "lisinopril")])
    assert found.offer.kind is ActKind.CHOICE


def test_medicines_that_all_interact_are_one_choice_and_a_third_joins_by_either() -> None:
    sides = [start("start-simvastatin", "simvastatin"), start("start-clarithromycin", "clarithromycin")]
    (found,) = settle(sides)
    assert found.offer.kind is ActKind.CHOICE
    (joined,) = settle([*sides, start("start-statin", "statin")])
    assert len(joined.activity.options) == 3


def test_where_only_some_interact_both_stay_and_ask_which() -> None:
    found = settle([start("start-statin", "statin"), start("start-clarithromycin", "clarithromycin")])
    assert {one.offer.key for one in found} == {"start-statin", "start-clarithromycin"}
    for one in found:
        assert one.activity.act.kind is ActKind.QUESTION
        assert "must not be taken with" in one.activity.questions[0]


def test_what_has_nothing_to_do_with_each_other_stays_as_it_is() -> None:
    sides = [start("start-statin", "statin"), start("start-metformin", "metformin")]
    assert settle(sides) == sides


def test_a_choice_is_as_urgent_as_its_most_urgent_side() -> None:
    sides = [start("start-a", "statin"), start("start-b", "statin", urgency=Urgency.URGENT)]
    (found,) = settle(sides)
    assert found.activity.urgency is Urgency.URGENT


def test_the_order_in_which_sides_come_changes_nothing() -> None:
    sides = [start("start-b", "statin"), start("start-a", "statin"), start("start-c", "simvastatin")]
    assert settle(sides) == settle(sides[::-1])


def test_goals_with_different_bounds_are_a_choice_and_none_is_set() -> None:
    kept, choices = settle_goals([target("strict", "6.5"), target("usual", "7.0")])
    assert kept == ()
    (found,) = choices
    assert [one.title for one in found.activity.options] == ["HbA1c < 6.5 %", "HbA1c < 7.0 %"]
    assert {one.rule.id for one in found.activity.reasons} == {"rule-strict", "rule-usual"}


def test_the_same_goal_of_two_rules_is_one_with_both_reasons() -> None:
    kept, choices = settle_goals([target("b", "7.0"), target("a", "7.0")])
    assert not choices
    (one,) = kept
    assert (one.key, len(one.reasons)) == ("a", 2)


def test_a_goal_from_below_and_one_from_above_are_a_range() -> None:
    kept, choices = settle_goals([target("low", "6.0", ">="), target("high", "7.0")])
    assert (len(kept), choices) == (2, [])


def test_what_more_rules_ask_for_stands_before_what_one_does() -> None:
    offer = Offer("measure-a", ActKind.MEASURE, "A", (), (), ())
    other = Offer("start-b", ActKind.START_MEDICINE, "B", (), ("statin",), ())
    made = merge(
        Proposal(which, Urgency.ROUTINE, Strength.WEAK, reason(rule), (), None, None)
        for which, rule in ((offer, "one"), (offer, "two"), (other, "three"))
    )
    assert [one.offer.key for one in sorted(made, key=lambda one: one.rank)] == ["measure-a", "start-b"]
    alone = merge(
        Proposal(which, Urgency.ROUTINE, Strength.WEAK, reason(rule), (), None, None)
        for which, rule in ((offer, "one"), (other, "three"))
    )
    assert [one.offer.key for one in sorted(alone, key=lambda one: one.rank)] == ["start-b", "measure-a"]
