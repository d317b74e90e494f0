"""Periods as a records manager writes them: by the calendar, and nothing ever goes early."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.custody import periods
from gateway.custody.periods import NEVER, Period

SECOND = 1_000_000
DAY = 24 * 3600 * SECOND
NOON = int(datetime(2028, 2, 29, 12, tzinfo=UTC).timestamp()) * SECOND


def at(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp()) * SECOND  # type: ignore[misc]


@pytest.mark.parametrize("text", ["10y", "18m", "90d", "1d", "99999d"])
def test_a_period_is_told_as_it_was_written(text: str):
    assert str(periods.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "0y", "10", "y", "-1y", "1.5y", "10 y", "10w", "010y", "100000d", "１y"]
)
def test_what_is_no_period_is_none(text: str):
    assert periods.parse(text) is None


@pytest.mark.parametrize(
    ("period", "then"),
    [
        (Period(1, "d"), at(2028, 2, 28, 12)),
        (Period(1, "m"), at(2028, 1, 29, 12)),
        (Period(14, "m"), at(2026, 12, 29, 12)),
        (Period(4, "y"), at(2024, 2, 29, 12)),
        # There is no such day: the one before, so that nothing goes early.
        (Period(10, "y"), at(2018, 2, 28, 12)),
        (Period(12, "m"), at(2027, 2, 28, 12)),
    ],
)
def test_a_year_is_a_calendar_year(period: Period, then: int):
    assert period.before(NOON) == then


def test_the_end_of_a_month_is_met_where_months_differ():
    assert Period(1, "m").before(at(2026, 5, 31)) == at(2026, 4, 30)


@pytest.mark.parametrize(
    "period", [Period(99999, "y"), Period(2029, "y"), Period(99999, "d"), Period(60, "y")]
)
def test_what_lies_before_all_writing_is_never(period: Period):
    assert period.before(NOON) == NEVER


@given(st.integers(at(1990, 1, 1), at(2090, 1, 1)), st.integers(0, 400 * DAY), st.integers(1, 18))
def test_the_later_it_is_the_more_is_over(now: int, later: int, count: int):
    for unit in "ymd":
        period = Period(count, unit)
        assert period.before(now) <= period.before(now + later)
        assert period.before(now) < now
