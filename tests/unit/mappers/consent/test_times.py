"""Periods as spans of UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappers.consent import Span
from mappers.consent.times import covers, edges, holds, hull, moment, span

moments = st.datetimes(datetime(2020, 1, 1), datetime(2021, 1, 1))
open_ended = st.one_of(st.none(), moments)
spans = st.builds(lambda a, b: Span(min(a, b), max(a, b)), moments, moments)
periods = st.one_of(spans, st.builds(Span, open_ended, st.none()), st.builds(Span, st.none(), open_ended))


def utc(*parts: int) -> datetime:
    return datetime(*parts)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("period", "found"),
    [
        ({"start": "2026-01-01"}, (utc(2026, 1, 1), None)),
        ({"end": "2026-02"}, (None, utc(2026, 3, 1))),
        ({"start": "2026-01-01T00:00:00+01:00"}, (utc(2025, 12, 31, 23), None)),
        ({"start": "2026", "end": "2026"}, (utc(2026, 1, 1), utc(2027, 1, 1))),
    ],
)
def test_a_period_runs_to_the_end_of_its_last_day_by_utc(period: Any, found: tuple[Any, Any]):
    assert span(period) == Span(*found)


@pytest.mark.parametrize("period", [None, {}, "2026", {"start": "soon"}, {"extension": []}])
def test_a_period_that_bounds_nothing_is_none(period: Any):
    assert span(period) is None
    assert moment(period) is None or period == "2026"


@given(periods, spans)
def test_data_in_a_period_are_there_all_along(period: Span, data: Span):
    answer = holds(period, data)
    assert data.start is not None
    assert data.end is not None
    begins_inside = covers(period, data.start) or data.start == data.end == period.end
    ends_inside = period.end is None or data.end <= period.end
    assert answer is not True or (begins_inside and ends_inside)
    assert answer is not False or not begins_inside or data.start == data.end


@given(periods)
def test_of_data_without_a_date_nothing_is_told(period: Span):
    assert holds(period, None) is None


@given(st.lists(periods, max_size=4))
def test_a_hull_holds_all(found: list[Span]):
    whole = hull(found)
    assert (whole is None) is not bool(found)
    assert all(holds(whole, one) is not False for one in found if whole and one.start != one.end)


@given(periods)
def test_edges_are_where_a_period_begins_and_ends(period: Span):
    assert set(edges(period)) == {period.start, period.end} - {None}
    assert list(edges(None)) == []
