"""A thousand people with several illnesses, against an oracle that shares no code with the engine.

Nothing is proposed that a chart forbids; nothing that it calls for is missing without a stated reason; no two
lines say the same; every line can be checked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from mappers import fhir_to_facts, lossless
from mappers.fhir_to_facts import Opened
from mappers.recommendations import Plan
from tests.oracle import plans as oracle
from tests.oracle.charts import TODAY, Chart, drawn, resources
from tests.way import Way
from workers.engine import apply

PEOPLE = 1_000
OPTIONS = {
    "start-ras-inhibitor": ("an ACE inhibitor", "an angiotensin receptor blocker"),
    "start-statin-high": ("a statin",),
    "start-statin-moderate": ("a statin",),
}


@pytest.fixture(scope="module")
def answered() -> list[tuple[int, Chart, Plan]]:
    """Everybody's chart with their plan, by the rules that are shipped on."""
    knowledge = Way().knowledge
    return [(number, chart, planned(chart, knowledge)) for number, chart in _everybody()]


def _everybody() -> Iterator[tuple[int, Chart]]:
    return ((number, drawn(number)) for number in range(PEOPLE))


def planned(chart: Chart, knowledge: Any) -> Plan:
    bodies = [lossless.loads(lossless.dumps(one)) for one in resources(chart)]
    opened = [Opened(f"{one['resourceType']}/{one['id']}/_history/1", one) for one in bodies]
    return apply.plan(fhir_to_facts.facts(opened, TODAY), knowledge)


def test_what_is_proposed_is_what_the_charts_call_for(answered: list[tuple[int, Chart, Plan]]) -> None:
    seen: Counter[str] = Counter()
    for number, chart, plan in answered:
        proposed = {one.act.key for one in plan.activities}
        withdrawn = {one.act.key: one.because for one in plan.withdrawn}
        already = oracle.taken_already(chart)
        for act, called in oracle.called_for(chart).items():
            where = (number, act, chart)
            seen[f"{act} {called}"] += 1
            if called is True and act not in already:
                assert act in proposed or withdrawn.get(act), where
            elif called is True:
                assert act not in proposed, where
            else:
                assert act not in proposed, where
                assert act not in withdrawn, where
    acts = {text.partition(" ")[0] for text in seen}
    # An act that nobody needs, or everybody, would prove nothing.
    assert all(seen[f"{act} True"] >= 5 and seen[f"{act} False"] >= 5 for act in acts), seen


def test_nothing_is_proposed_that_a_chart_forbids(answered: list[tuple[int, Chart, Plan]]) -> None:
    withdrawn = 0
    for number, chart, plan in answered:
        forbids = oracle.forbidden(chart)
        titles = {one.act.key: one.act.title for one in plan.activities}
        for act, options in OPTIONS.items():
            for option in options:
                assert not (forbids[option] and option in titles.get(act, "")), (number, act, option, chart)
            if all(forbids[option] for option in options):
                assert act not in titles, (number, act, chart)
        withdrawn += len(plan.withdrawn)
    assert withdrawn >= 20


def test_medicines_that_must_not_meet_are_one_danger_and_one_review(
    answered: list[tuple[int, Chart, Plan]],
) -> None:
    met = 0
    for number, chart, plan in answered:
        for pair in oracle.must_not_meet(chart):
            met += 1
            (danger,) = [one for one in plan.issues if set(one.medicines) == pair]
            asked = [one for one in plan.activities if set(danger.reasons) <= set(one.reasons)]
            assert len(asked) == 1, (number, chart)
    assert met >= 3


def test_no_two_lines_say_the_same_and_each_can_be_checked(
    answered: list[tuple[int, Chart, Plan]],
) -> None:
    for number, _, plan in answered:
        lines = [*plan.activities, *plan.withdrawn]
        assert len({one.act.key for one in lines}) == len(lines), number
        assert len({one.act.title for one in plan.activities}) == len(plan.activities), number
        for line in lines:
            assert line.reasons, number
            for reason in line.reasons:
                assert reason.evidence, number
                assert all("/_history/" in one.reference for one in reason.evidence), number
                source = reason.rule.source
                assert all([reason.rule.version, source.title, source.version, source.date]), number
                assert reason.would_change, number
