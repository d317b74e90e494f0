"""Times as FHIR writes them: in UTC, to the millisecond, and in their order."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.instants import day, instant
from mappers.r4.validate import problems

SECOND = 1_000_000
LAST = 253_402_300_799 * SECOND
moments = st.integers(0, LAST)


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (999, "1970-01-01T00:00:00.000Z"),
        (1_000, "1970-01-01T00:00:00.001Z"),
        (SECOND - 1, "1970-01-01T00:00:00.999Z"),
        (1_772_443_800 * SECOND + 42_000, "2026-03-02T09:30:00.042Z"),
    ],
)
def test_an_instant_is_cut_to_the_millisecond_and_never_rounded_up(micros: int, text: str):
    assert instant(micros) == text


@given(moments)
def test_an_instant_names_the_moment_that_it_was_made_of(micros: int):
    read = datetime.fromisoformat(instant(micros))
    assert read.tzinfo == UTC
    assert round(read.timestamp() * 1000) == micros // 1000


@given(moments, moments)
def test_instants_stand_in_the_order_of_their_times(one: int, other: int):
    earlier, later = sorted((one, other))
    assert instant(earlier) <= instant(later)


@given(moments)
def test_an_instant_is_one_to_fhir(micros: int):
    resource = {"resourceType": "Basic", "meta": {"lastUpdated": instant(micros)}, "code": {"text": "x"}}
    assert problems(resource) == []


@given(moments)
def test_a_day_is_the_date_of_its_instant(micros: int):
    assert day(micros) == date.fromisoformat(instant(micros)[:10])
