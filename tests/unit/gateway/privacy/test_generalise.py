"""Months, years, ZIP prefixes and ages: less than was given, or nothing."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.privacy.dates import is_date, is_time
from gateway.privacy.generalise import GENERALISERS
from gateway.privacy.places import SPARSE, zip3

TODAY = date(2026, 7, 1)
UCUM = "http://unitsofmeasure.org"


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
    assert GENERALISERS["month"](value, None) is None
    assert GENERALISERS["year"](value, None) is None


def test_times() -> None:
    assert is_time("10:00:00.5")
    assert not is_time("10 o'clock")


def test_month_and_year_keep_the_precision_that_was_sent() -> None:
    assert [GENERALISERS["month"](text, None) for text in ("1974-12-25", "1974-12", "1974")] == [
        "1974-12",
        "1974-12",
        "1974",
    ]
    assert GENERALISERS["year"]("1974-12-25", None) == "1974"


def test_seventeen_prefixes_are_too_small() -> None:
    assert len(SPARSE) == 17
    assert zip3("03601") == "000"
    assert zip3("02115") == "021"


@pytest.mark.parametrize("value", ["SW1A 1AA", "021", "", None, 2115, "Hopkins"])
def test_what_is_no_zip_code_says_nothing(value: object) -> None:
    assert zip3(value) is None


@given(st.dates(date(1900, 1, 1), TODAY))
def test_a_birth_year_tells_no_age_over_ninety(born: date) -> None:
    shown = int(GENERALISERS["birth-year"](str(born), TODAY) or 0)
    assert TODAY.year - shown <= 90
    assert shown == max(born.year, 1936)


def test_a_birth_year_is_nothing_without_a_day() -> None:
    assert GENERALISERS["birth-year"]("1974", None) is None


@pytest.mark.parametrize(
    ("value", "code", "shown"), [(89, "a", 89), (90, "a", 90), (101, "a", 90), (1200, "mo", 90)]
)
def test_ages_over_89_are_90(value: int, code: str, shown: int) -> None:
    age = GENERALISERS["age"]({"value": value, "code": code, "system": UCUM}, TODAY)
    assert age is not None
    assert age["value"] == shown


def test_an_age_that_cannot_be_read_is_not_shown() -> None:
    assert GENERALISERS["age"]({"value": 95, "code": "parsec"}, TODAY) is None
    assert GENERALISERS["age"]({"unit": "a"}, TODAY) is None
    assert GENERALISERS["age"]("95", TODAY) is None
    kept = {"value": msgspec.Raw("7.50"), "code": "a"}
    assert GENERALISERS["age"](kept, TODAY) is kept
