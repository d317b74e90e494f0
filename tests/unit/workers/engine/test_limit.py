"""No more is asked than can be read; what is urgent or follows from a danger is asked all the same."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mappers.recommendations import Act, Activity, ActKind, Issue, Plan, Urgency, nothing
from tests.unit.workers.engine.patients import TODAY
from tests.unit.workers.engine.test_conflicts import reason
from workers.engine.limit import limited

KEYS = tuple(f"act-{number}" for number in range(8))


def line(key: str, urgency: Urgency = Urgency.ROUTINE, kind: ActKind = ActKind.MEASURE) -> Activity:
    return Activity(Act(key, kind, key), urgency, (reason(key),), ())


def plan(*lines: Activity) -> Plan:
    return replace(nothing(TODAY), activities=lines)


ROUTINE = plan(*map(line, KEYS))


@given(st.integers(1, 12), st.sets(st.sampled_from(KEYS)), st.sets(st.sampled_from(KEYS)))
def test_the_limit_counts_what_is_to_be_decided_and_hides_nothing_urgent(
    most: int, urgent: set[str], decided: set[str]
) -> None:
    lines = [line(key, Urgency.URGENT if key in urgent else Urgency.ROUTINE) for key in KEYS]
    found = limited(plan(*lines), most, decided)
    assert {*found.activities, *found.kept} == set(lines)
    assert not {one.act.key for one in found.kept} & (urgent | decided)
    asked = [one for one in found.activities if one.act.key not in decided]
    assert len(asked) <= max(most, len(urgent - decided))
    assert len(asked) >= min(most, len(set(KEYS) - decided))
    assert [*map(lines.index, found.activities)] == sorted(map(lines.index, found.activities))
    assert [*map(lines.index, found.kept)] == sorted(map(lines.index, found.kept))


def test_what_fits_is_left_as_it_is() -> None:
    assert limited(ROUTINE, len(KEYS)) is ROUTINE


def test_what_follows_from_a_danger_and_a_choice_is_never_held_back() -> None:
    danger = Issue("danger", "A danger", "high", (reason("act-7"),), ())
    choice = line("choose", kind=ActKind.CHOICE)
    found = limited(replace(plan(*map(line, KEYS), choice), issues=(danger,)), 1)
    assert [one.act.key for one in found.activities] == ["act-7", "choose"]
    assert len(found.kept) == 7
