"""Buckets keep the order of numbers, and intervals what was meant."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappers.lossless import exact
from mappers.r4.numbers import HIGHEST, LOWEST, Interval, asked, bucket, buckets, meant, near, number, span

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


# --- numbers of any size ---------------------------------------------------------------------------------

EXPONENTS = st.one_of(st.integers(-1_200, 1_200), st.integers(-(10**30), 10**30))
ANY_SIZE = st.builds(
    lambda sign, digits, rest, exponent: msgspec.Raw(f"{sign}{digits}.{rest}e{exponent}".encode()),
    st.sampled_from(["", "-"]),
    st.integers(0, 10**6),
    st.from_regex(r"\A[0-9]{1,30}\Z"),
    EXPONENTS,
)
ASKED = st.builds(
    lambda sign, digits, exponent: f"{sign}{digits}e{exponent}",
    st.sampled_from(["", "-"]),
    st.integers(0, 10**6),
    st.integers(-393, 392),
)


@given(ANY_SIZE)
def test_a_number_of_any_size_is_never_written_out(value: msgspec.Raw) -> None:
    found = number(value)
    assert found is not None
    _, digits, exponent = found.as_tuple()
    assert isinstance(exponent, int)
    assert len(digits) <= 2_000
    assert not found or -3_000 <= exponent <= found.adjusted() <= 1_000
    low, high = span(Interval(found, found))
    assert low == high == Fraction(found)


@given(ANY_SIZE, ASKED)
def test_a_near_number_stays_on_its_side_of_every_asked_one(value: msgspec.Raw, text: str) -> None:
    question, known = asked(text), number(value)
    assert question is not None
    assert known is not None
    whole = exact(value)
    for end in (question[0], *question[1]):
        assert end is not None
        assert (known > end, known < end) == (whole > end, whole < end)


@given(st.integers(400, 999), st.sampled_from(["", "-"]))
def test_what_is_cut_off_leaves_a_trace(zeros: int, sign: str) -> None:
    value = Decimal(f"{sign}5.{'0' * 5 * zeros}1")
    assert len(near(value).as_tuple().digits) <= 2_000
    assert near(value).copy_abs() > 5


@given(ANY_SIZE, ANY_SIZE)
def test_near_numbers_keep_their_order_and_buckets(a: msgspec.Raw, b: msgspec.Raw) -> None:
    assert (exact(a) <= exact(b)) <= (near(exact(a)) <= near(exact(b)))
    assert bucket(near(exact(a))) == bucket(exact(a))


@pytest.mark.parametrize("text", ["9" * 401, "1" * 1_000, "1e400", "1e-400", "-1e99999999", "1e" + "9" * 30])
def test_a_number_that_no_double_comes_near_cannot_be_asked_for(text: str) -> None:
    assert asked(text) is None


@pytest.mark.parametrize("text", ["9" * 400, "1e399", "1e-399", "1.7e308"])
def test_every_double_and_more_can_be_asked_for(text: str) -> None:
    found = asked(text)
    assert found is not None
    low, high = found[1]
    assert low is not None
    assert high is not None
    assert low < found[0] < high
