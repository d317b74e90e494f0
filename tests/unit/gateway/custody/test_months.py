"""Months begin and end where the calendar says, in UTC, whatever the machine's zone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.custody import months
from gateway.custody.months import Month


def micros(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("moment", "month"),
    [
        (micros(2026, 11, 1), Month(2026, 11)),
        (micros(2026, 11, 1) - 1, Month(2026, 10)),
        (micros(2026, 12, 31, 23, 59, 59) + 999_999, Month(2026, 12)),
        (micros(2024, 2, 29, 12), Month(2024, 2)),
        (0, Month(1970, 1)),
        (-1, Month(1969, 12)),
    ],
)
def test_the_month_of_a_moment(moment: int, month: Month) -> None:
    assert Month.of(moment) == month
    assert month.start <= moment < month.end


@given(st.integers(micros(1900, 1, 1), micros(2200, 1, 1)))
def test_every_moment_lies_in_its_month_and_months_follow_one_another(moment: int) -> None:
    month = Month.of(moment)
    assert month.start <= moment < month.end == month.later(1).start
    assert month.later(1).later(-1) == month
    assert month.later(-1) < month < month.later(1)


@pytest.mark.parametrize(
    ("months", "then"),
    [(0, "2026-11"), (1, "2026-12"), (2, "2027-01"), (14, "2028-01"), (-11, "2025-12"), (-72, "2020-11")],
)
def test_so_many_months_later(months: int, then: str) -> None:
    assert str(Month(2026, 11).later(months)) == then


@pytest.mark.parametrize("text", ["2026-11", "2026_11", "1999-01"])
def test_a_month_as_it_is_written(text: str) -> None:
    assert str(months.parse(text)) == text.replace("_", "-")


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13", "2026-00", "2026-1", "0000-01", "rest", "2026-11-01", "x2026-11"]
)
def test_what_is_no_month(text: str) -> None:
    assert months.parse(text) is None
