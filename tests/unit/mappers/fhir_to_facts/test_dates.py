"""FHIR's dates as days, and the hour only to order one day."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappers.fhir_to_facts.dates import begun, days, first_day, happened, later, moment, over


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026", (date(2026, 1, 1), date(2026, 12, 31))),
        ("2024-02", (date(2024, 2, 1), date(2024, 2, 29))),
        ("2024-02-29", (date(2024, 2, 29), date(2024, 2, 29))),
        ("2026-05-01T23:30:00-05:00", (date(2026, 5, 1), date(2026, 5, 1))),
        ("2026-02-30", None),
        ("2026-13", None),
        ("", None),
        ("soon", None),
        (None, None),
        (2026, None),
    ],
)
def test_the_days_that_a_date_can_mean(text, expected):
    assert days(text) == expected
    assert first_day(text) == (expected[0] if expected else None)


def test_the_day_is_the_one_written_and_the_instant_orders_it():
    late, early = moment("2026-05-01T13:00:00-05:00"), moment("2026-05-01T18:00:00+02:00")
    assert late.day == early.day == date(2026, 5, 1)
    assert early < late
    assert moment("2026-05-01") < early


def test_a_leap_second_and_a_broken_hour_keep_their_day():
    assert moment("2016-12-31T23:59:60Z").day == date(2016, 12, 31)
    assert moment("2016-12-31T99:00:00Z").day == date(2016, 12, 31)


@given(st.text(max_size=12))
def test_no_text_breaks_it(text):
    found = days(text)
    assert found is None or found[0] <= found[1]


def test_after_the_last_day_comes_no_other():
    assert later(date(2026, 5, 1), 31) == date(2026, 6, 1)
    assert later(date.max, 1) == date.max


def test_periods_begin_and_end():
    body = {"effectivePeriod": {"start": "2026-01", "end": "2026-02"}}
    assert begun(body, "effective") == date(2026, 1, 1)
    assert over(body, "effective") == date(2026, 2, 28)
    assert happened(body, "effective").day == date(2026, 2, 1)
    assert happened({"effectivePeriod": {"start": "2026-01"}}, "effective").day == date(2026, 1, 1)
    assert happened({}, "effective") is None
    assert begun({}, "onset") is over({}, "onset") is None
