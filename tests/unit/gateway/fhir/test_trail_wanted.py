"""What a search of the trail wants of its answer."""

from __future__ import annotations

import pytest

from gateway.fhir.outcome import TurnedAway
from gateway.fhir.trail_wanted import Wanted, take_wanted


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ([], Wanted()),
        ([("_sort", "date")], Wanted(True)),
        ([("_sort", "-date")], Wanted(False)),
        ([("_sort", "_lastUpdated"), ("_total", "none")], Wanted(True, "none")),
        ([("_total", "accurate")], Wanted(False, "accurate")),
    ],
)
def test_order_and_total_are_taken_and_the_rest_is_left(asked: list[tuple[str, str]], wanted: Wanted):
    rest = [("agent", "x"), ("date", "ge2026")]
    assert take_wanted([*rest, *asked]) == (wanted, rest)


@pytest.mark.parametrize(
    "asked",
    [[("_sort", "agent")], [("_sort", "")], [("_sort", "date"), ("_sort", "date")], [("_total", "x")]],
)
def test_what_there_is_not_is_refused(asked: list[tuple[str, str]]):
    with pytest.raises(TurnedAway):
        take_wanted(asked)
