"""Buckets keep the order of numbers, and intervals what was meant."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappers.r4.numbers import HIGHEST, LOWEST, Interval, asked, bucket, buckets, meant, number

NUMBERS = st.decimals(allow_nan=False, allow_infinity=False)


@given(NUMBERS, NUMBERS)
def test_buckets_keep_the_order(a: Decimal, b: Decimal) -> None:
    assert (a <= b) <= (bucket(a) <= bucket(b))
    assert LOWEST <= bucket(a) <= HIGHEST


@given(st.integers(-(10**12), 10**12))
def test_buckets_do_not_see_how_a_number_is_written(value: int) -> None:
    assert bucket(Decimal(value)) == bucket(Decimal(f"{value}.000")) == bucket(float(value))


def test_a_bucket_is_about_six_per_cent_wide() -> None:
    assert len({bucket(100 + step) for step in range(100)}) in range(14, 19)


@pytest.mark.parametrize(
    ("value", "interval"),
    [
        ({"value": 5}, Interval(Decimal(5), Decimal(5))),
        ({"value": msgspec.Raw("5.50")}, Interval(Decimal("5.50"), Decimal("5.50"))),
        ({"value": 5, "comparator": "<="}, Interval(None, Decimal(5))),
        ({"value": 5, "comparator": ">"}, Interval(Decimal(5), None)),
        ({"low": {"value": 1}, "high": {"value": 2}}, Interval(Decimal(1), Decimal(2))),
        ({"low": {"value": 1}}, Interval(Decimal(1), None)),
        ({"unit": "kg"}, None),
        (7, Interval(Decimal(7), Decimal(7))),
        (True, None),
        ("7", None),
    ],
)
def test_what_a_quantity_means(value: object, interval: Interval | None) -> None:
    assert meant(value) == interval


@pytest.mark.parametrize(
    ("text", "low", "high"), [("5.4", "5.35", "5.45"), ("100", "99.5", "100.5"), ("1e2", "50", "150")]
)
def test_the_digits_of_a_query_leave_an_interval_open(text: str, low: str, high: str) -> None:
    found = asked(text)
    assert found is not None
    assert found[1] == Interval(Decimal(low), Decimal(high))


@pytest.mark.parametrize("text", ["", "x", "NaN", "Infinity", "1e9999999", "5 kg"])
def test_what_is_no_number(text: str) -> None:
    assert asked(text) is None


def test_unbounded_intervals_reach_the_ends() -> None:
    assert buckets(Interval(None, None)) == (LOWEST, HIGHEST)
    assert number(msgspec.Raw("1e400")) == Decimal("1e400")
    assert bucket(Decimal("1e400")) <= HIGHEST
