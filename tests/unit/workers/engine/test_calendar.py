"""Spans, birthdays and ages that are known to the month."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappers.facts import Person, Sex, Truth
from tests.unit.workers.engine.patients import evidence, month, person
from workers.engine.calendar import Span, age_within, at_least, birthday, reached


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("P6M", Span(6)),
        ("P1Y", Span(12)),
        ("P1Y6M", Span(18)),
        ("P2W", Span(0, 14)),
        ("P90D", Span(0, 90)),
        ("P", None),
        ("P0M", None),
        ("6 months", None),
        ("PT6H", None),
        ("P-6M", None),
    ],
)
def test_spans_are_iso_8601(text: str, span: Span | None):
    assert Span.parse(text) == span


@pytest.mark.parametrize(
    ("span", "start", "end"),
    [
        (Span(6), date(2020, 8, 31), date(2021, 2, 28)),
        (Span(12), date(2020, 2, 29), date(2021, 2, 28)),
        (Span(3), date(2026, 11, 30), date(2027, 2, 28)),
        (Span(0, 90), date(2026, 1, 1), date(2026, 4, 1)),
        (Span(12, 1), date(2026, 1, 31), date(2027, 2, 1)),
    ],
)
def test_a_span_ends_as_the_calendar_says(span: Span, start: date, end: date):
    assert span.after(start) == end


def test_spans_read_as_people_say_them():
    assert str(Span(18, 1)) == "1 year 6 months 1 day"


def test_a_leap_day_turns_a_year_older_in_march():
    assert birthday(date(2004, 2, 29), 18) == date(2022, 3, 1)
    assert birthday(date(2004, 2, 29), 20) == date(2024, 2, 29)


@given(
    st.dates(date(1920, 1, 1), date(2015, 12, 28)),
    st.integers(0, 27),
    st.integers(0, 110),
    st.dates(date(2016, 1, 1), date(2040, 1, 1)),
)
def test_law_7_ages_agree_with_the_person_and_turn_on_the_day_they_name(
    born: date, spread: int, years: int, today: date
):
    who = Person(evidence("Patient"), Sex.MALE, (born, born + timedelta(days=spread)), deceased=False)
    found = at_least(who, years, today)
    age = who.age(today)
    assert age is not None
    assert found.truth is age.at_least(years)
    if found.until is None:
        assert found.truth is Truth.TRUE
    else:
        assert at_least(who, years, found.until - timedelta(days=1)).truth is found.truth
        assert at_least(who, years, found.until).truth is not found.truth


def test_law_8_a_birthday_inside_the_month_is_unknown():
    who = person(born=month(1986, 6))
    assert at_least(who, 40, date(2026, 5, 31)).truth is Truth.FALSE
    assert at_least(who, 40, date(2026, 6, 15)).truth is Truth.UNKNOWN
    assert at_least(who, 40, date(2026, 6, 30)).truth is Truth.TRUE
    assert at_least(who, 40, date(2026, 6, 15)).missing


def test_law_8_no_date_of_birth_is_no_age():
    assert at_least(person(born=None), 18, date(2026, 6, 15)).missing == ("date of birth",)


def test_an_age_range_holds_both_ends():
    who = person(born=month(1950, 5))
    assert age_within(who, (40, 75), date(2026, 4, 30)).truth is Truth.TRUE
    assert age_within(who, (40, 75), date(2026, 4, 30)).until == date(2026, 5, 1)
    assert age_within(who, (40, 75), date(2026, 5, 31)).truth is Truth.FALSE
    assert age_within(who, (40, None), date(2026, 5, 31)).until is None


def test_a_day_comes_once():
    day = date(2026, 6, 15)
    assert reached(day, day).truth is Truth.TRUE
    assert reached(day - timedelta(days=1), day).until == day
