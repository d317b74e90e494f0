"""The line of least squares against worked numbers, and what a scatter that is taken for granted does."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.engine.enrichers.slope import QUANTILES, fit, quantile

POINTS = st.lists(
    st.tuples(st.integers(-1000, 1000), st.integers(-500, 500)), min_size=3, max_size=20
).filter(lambda points: len({x for x, _ in points}) > 1)


def test_a_worked_example():
    """x 1 to 5, y 2 4 5 4 5: slope 0.6, residual variance 0.8, standard error √0.08; t of 3 is 3.182."""
    found = fit([(1, 2), (2, 4), (3, 5), (4, 4), (5, 5)], 0.0)
    assert found.slope == pytest.approx(0.6)
    assert found.low == pytest.approx(0.6 - 3.182 * 0.08**0.5)
    assert found.high == pytest.approx(0.6 + 3.182 * 0.08**0.5)


def test_values_that_lie_on_a_line_are_not_surer_than_a_value_is():
    line = [(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)]
    assert fit(line, 0.0).low == pytest.approx(1.0)
    found = fit(line, 0.5)
    assert found.slope == pytest.approx(1.0)
    assert found.high - found.slope == pytest.approx(12.706 * 0.5 / 2**0.5)


@given(POINTS, st.integers(-300, 300))
def test_a_shift_changes_nothing_and_a_mirror_the_sign(points: list[tuple[int, int]], by: int):
    plain = fit(points, 1.0)
    moved = fit([(x + by, y - by) for x, y in points], 1.0)
    mirrored = fit([(x, -y) for x, y in points], 1.0)
    assert moved.slope == pytest.approx(plain.slope, abs=1e-6)
    assert moved.high - moved.low == pytest.approx(plain.high - plain.low, rel=1e-6)
    assert (mirrored.low, mirrored.high) == pytest.approx((-plain.high, -plain.low))


@given(POINTS)
def test_the_slope_lies_within_its_interval(points: list[tuple[int, int]]):
    found = fit(points, 1.0)
    assert found.low < found.slope < found.high


@pytest.mark.parametrize(
    ("freedom", "expected"),
    [(1, 12.706), (2, 4.303), (10, 2.228), (30, 2.042), (39, 2.042), (40, 2.021), (500, 1.980)],
)
def test_students_t_is_never_taken_too_small(freedom: int, expected: float):
    assert quantile(freedom) == expected


def test_the_table_falls_and_ends_above_the_normal_distribution():
    assert all(one[0] < other[0] and one[1] > other[1] for one, other in pairwise(QUANTILES))
    assert QUANTILES[-1][1] > 1.96


def test_two_points_have_no_interval():
    with pytest.raises(ValueError, match="degree of freedom"):
        quantile(0)
