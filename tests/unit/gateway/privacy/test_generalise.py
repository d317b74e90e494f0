"""Months, years, ZIP prefixes and ages: less than was given, or nothing."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.privacy.dates import is_date, is_time
from gateway.privacy.generalise import GENERALISERS, each, shift_day_of, shift_of, year_of
from gateway.privacy.places import SPARSE, zip3
from gateway.privacy.terms import NO_TERMS, Terms

DAY = date(2026, 7, 1)
TODAY = Terms(DAY)


@pytest.mark.parametrize(
    "text", ["1974", "1974-12", "1974-12-25", "2012-05-01T10:00:00.120-05:00", "2016-12-31T23:59:60Z"]
)
def test_dates(text: str) -> None:
    assert is_date(text)


@pytest.mark.parametrize(
    "value", ["Hopkins", "1974-13", "1974-12-32", "2012-05-01T10:00:00", "", None, 1974, "1974 "]
)
def test_no_dates(value: object) -> None:
    assert not is_date(value)
    assert GENERALISERS["month"](value, NO_TERMS) is None
    assert GENERALISERS["year"](value, NO_TERMS) is None


def test_times() -> None:
    assert is_time("10:00:00.5")
    assert not is_time("10 o'clock")


def test_month_and_year_keep_the_precision_that_was_sent() -> None:
    assert [GENERALISERS["month"](text, NO_TERMS) for text in ("1974-12-25", "1974-12", "1974")] == [
        "1974-12",
        "1974-12",
        "1974",
    ]
    assert GENERALISERS["year"]("1974-12-25", NO_TERMS) == "1974"


def test_seventeen_prefixes_are_too_small() -> None:
    assert len(SPARSE) == 17
    assert zip3("03601") == "000"
    assert zip3("02115") == "021"


@pytest.mark.parametrize("value", ["SW1A 1AA", "021", "", None, 2115, "Hopkins"])
def test_what_is_no_zip_code_says_nothing(value: object) -> None:
    assert zip3(value) is None


@given(st.dates(date(1900, 1, 1), DAY))
def test_a_birth_year_tells_no_age_over_ninety(born: date) -> None:
    shown = int(GENERALISERS["birth-year"](str(born), TODAY) or 0)
    assert DAY.year - shown <= 90
    assert shown == max(born.year, 1936)


def test_a_birth_year_is_nothing_without_a_day() -> None:
    assert GENERALISERS["birth-year"]("1974", NO_TERMS) is None


@given(st.dates(date(1938, 1, 1), DAY), st.dates(date(1938, 1, 1), DAY), st.integers(-365, -1))
def test_a_shift_keeps_every_interval(first: date, second: date, days: int) -> None:
    terms, shift = Terms(DAY, days), shift_of("date")
    moved = [date.fromisoformat(str(shift(str(day), terms))) for day in (first, second)]
    assert moved[1] - moved[0] == second - first
    assert moved[0] != first


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("2012-05-01", "2012-04-11"),
        ("2012-05", "2012-04"),
        ("2012", "2012"),
        ("2012-05-01T23:59:60.120-05:00", "2012-04-11T23:59:60.120-05:00"),
        ("2012-01-05T00:00:00Z", "2011-12-16T00:00:00Z"),
        ("2024-03-01", "2024-02-10"),
    ],
)
def test_a_shift_keeps_precision_clock_and_zone(text: str, moved: str) -> None:
    assert shift_of("dateTime")(text, Terms(DAY, -20)) == moved


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("2012-05-01", "2012-04-11"),
        ("2012-05", "2012-04"),
        ("2012", "2012"),
        ("2012-05-01T23:59:60.120-05:00", "2012-04-11T00:00:00-05:00"),
        ("2012-01-05T08:32:17Z", "2011-12-16T00:00:00Z"),
        ("1930-05-06T08:32:17Z", "1936"),
        ("2011-02-30", None),
    ],
)
def test_a_shift_of_the_day_keeps_precision_and_zone_but_no_clock(text: str, moved: str | None) -> None:
    assert shift_day_of("dateTime")(text, Terms(DAY, -20)) == moved
    assert shift_day_of("instant")("1930-05-06T10:00:00Z", Terms(DAY, -20)) is None
    assert shift_day_of("dateTime")(text, TODAY) is None


@pytest.mark.parametrize(
    "terms", [NO_TERMS, TODAY, Terms(DAY, 0), Terms(None, -20)], ids=["none", "no shift", "zero", "no day"]
)
def test_no_date_is_told_where_there_is_no_shift_or_no_day(terms: Terms) -> None:
    assert shift_of("date")("2012-05-01", terms) is None


@pytest.mark.parametrize("value", ["2011-02-30", "0001-01-01", "Hopkins", "", None, 2012])
def test_what_is_no_day_of_the_calendar_cannot_be_shifted(value: object) -> None:
    assert shift_of("date")(value, Terms(DAY, -20)) is None


def test_no_date_tells_an_age_over_89() -> None:
    terms = Terms(DAY, -20)
    assert shift_of("dateTime")("1930-05-06", terms) == "1936"
    assert shift_of("dateTime")("1936-01-10", terms) == "1936"
    assert year_of("dateTime")("1930-05-06", terms) == "1936"
    assert shift_of("instant")("1930-05-06T10:00:00Z", terms) is None


def test_an_instant_has_no_form_for_a_year() -> None:
    assert year_of("instant")("2012-05-01T10:00:00Z", TODAY) is None
    assert year_of("dateTime")("2012-05-01T10:00:00Z", TODAY) == "2012"
    assert year_of("dateTime")("2012-05-01T10:00:00Z", NO_TERMS) is None


def test_of_an_array_each_item_is_told_or_none_is() -> None:
    years = each(year_of("dateTime"))
    assert years(["2012-05-01", None, "2013"], TODAY) == ["2012", None, "2013"]
    assert years(["2012-05-01", "Hopkins"], TODAY) is None
    assert years([], TODAY) is None


def test_careloom_s_own_sentences_lose_their_days() -> None:
    told = GENERALISERS["dates-in-text"]("eGFR was 26 on 2026-04-20; at 94 years, since 1930-01.", TODAY)
    assert told == "eGFR was 26 on 2026; at 90 years, since 1936."
    assert GENERALISERS["dates-in-text"]("on 2026-04-20", NO_TERMS) is None
    assert GENERALISERS["dates-in-text"]("on 2026-04-20T10:00:00Z.", TODAY) == "on 2026."


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("at 94 years", "at 90 years"),
        ("a 101-year-old", "a 90-year-old"),
        ("at 89 years", "at 89 years"),
        ("92 mg for 3 years", "92 mg for 3 years"),
        ("RR 110/70", "RR 110/70"),
    ],
)
def test_an_age_over_89_in_a_sentence_is_90(text: str, told: str) -> None:
    assert GENERALISERS["ages-in-text"](text, NO_TERMS) == told


@pytest.mark.parametrize(
    "text",
    [
        "on 2026-04-20",
        "in 2026",
        "since May 3",
        "on 3. Sept",
        "2026-04",
        "at 94 years",
        "March 2024",
        None,
        7,
    ],
)
def test_a_sentence_with_a_day_in_it_is_not_undated(text: object) -> None:
    assert GENERALISERS["undated"](text, TODAY) is None


@pytest.mark.parametrize("text", ["Measure HbA1c", "Vancomycin 2000 MG", "eGFR is below 30", ""])
def test_a_sentence_without_one_is(text: str) -> None:
    assert GENERALISERS["undated"](text, TODAY) == text
