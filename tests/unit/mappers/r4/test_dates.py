"""Dates of any precision: which exist, and what stretch of time each means."""

from __future__ import annotations

import re
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappers.r4.dates import day_numbers, is_date, is_date_time, is_instant, is_time, order, stretch

# As R4 prints them.
DATE = r"([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)(-(0[1-9]|1[0-2])(-(0[1-9]|[1-2][0-9]|3[0-1]))?)?"
DATE_TIME = (
    r"([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)(-(0[1-9]|1[0-2])(-(0[1-9]|[1-2][0-9]|3[0-1])"
    r"(T([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?(Z|(\+|-)((0[0-9]|1[0-3]):[0-5][0-9]|14:00)))?)?)?"
)


def exists(text: str) -> bool:
    try:
        date(int(text[:4]), int(text[5:7] or 1), int(text[8:10] or 1))
    except ValueError:
        return False
    return True


@given(st.one_of(st.from_regex(rf"\A{DATE}\Z"), st.text("0123456789-WTZ: ", max_size=12)))
def test_dates_are_those_of_r4_that_are_in_the_calendar(text: str) -> None:
    assert is_date(text) is (re.fullmatch(DATE, text) is not None and exists(text))


@given(st.one_of(st.from_regex(rf"\A{DATE_TIME}\Z"), st.text("0123456789-+.TZ:", max_size=26)))
def test_date_times_are_those_of_r4_that_are_in_the_calendar(text: str) -> None:
    assert is_date_time(text) is (re.fullmatch(DATE_TIME, text) is not None and exists(text))


@pytest.mark.parametrize(
    "text",
    ["2021-02-30", "2021-13", "2021-00", "0000", "21", "2021-1-1", "20210101", "2021-W01-1", "2021-01-01T",
     "2021-01-01T10:00Z", "2021-01-01T10:00:00", "2021-01-01T24:00:00Z", "2021-01-01T10:00:00+15:00",
     "2021-01-01 10:00:00Z", "2021-01-01T10:00:00,5Z", "2021-01-01T10:00:00Z\n", "२०२१-01-01", "",
     "2021-01T10:00:00Z"],
)  # fmt: skip
def test_what_is_no_date_time(text: str) -> None:
    assert not is_date_time(text)
    assert stretch(text) is None
    assert day_numbers(text) is None


def test_instants_and_times() -> None:
    assert is_instant("2021-01-01T10:00:60.123Z")
    assert not is_instant("2021-01-01")
    assert is_time("10:00:00.5")
    assert not is_time("10:00")
    assert not is_time("25:00:00")


def test_a_partial_date_means_all_of_its_days() -> None:
    leap_month = stretch("2020-02")
    assert leap_month is not None
    assert (leap_month.start, leap_month.end) == (datetime(2020, 2, 1), datetime(2020, 3, 1))
    assert day_numbers("1970-01") == (0, 30)
    assert day_numbers("1970") == (0, 364)
    assert day_numbers("1970-01-02") == (1, 1)
    assert day_numbers("1969-12-31T23:30:00-05:00") == (-1, 0)
    assert day_numbers("1970-01-01T00:30:00+14:00") == (-1, 0)
    assert day_numbers("9999") is not None


@pytest.mark.parametrize(
    ("a", "b", "place"),
    [
        ("2020-01-01", "2020-01-02", -1),
        ("2020-01-02", "2020-01-01", 1),
        ("2020-01-01", "2020-01-01", 0),
        ("2020-01", "2020-01-15", None),
        ("2020-01", "2020-02-15", -1),
        ("2020-01-01T10:00:00Z", "2020-01-01T11:00:00+01:00", 0),
        ("2020-01-01T10:00:00Z", "2020-01-01T10:30:00+01:00", 1),
        ("2020-01-01T23:30:00-05:00", "2020-01-01", None),
        ("2020-01-01T10:00:00.5Z", "2020-01-01T10:00:00.4Z", 1),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:01Z", -1),
        ("nonsense", "2020", None),
    ],
)
def test_order(a: str, b: str, place: int | None) -> None:
    assert order(a, b) == place
    assert order(b, a) == (None if place is None else -place)
