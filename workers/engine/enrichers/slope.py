"""A straight line through some values by least squares, and how sure its slope is.

The scatter around the line is never taken for less than what a value varies by itself: three values that
happen to lie on a line would else prove a trend.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, sqrt

LEAST = 3
"""Fewer values leave no scatter to judge by."""
# Student's t, two-sided 95 %, by degrees of freedom; between two rows the first holds, which is wider.
QUANTILES = (
    *enumerate((12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228), start=1),
    *enumerate((2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086), start=11),
    *enumerate((2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042), start=21),
    (40, 2.021),
    (60, 2.000),
    (120, 1.980),
)


@dataclass(frozen=True, slots=True)
class Fit:
    """The slope, and the ends of its 95 % interval."""

    slope: float
    low: float
    high: float


def quantile(freedom: int) -> float:
    """Student's t for a two-sided interval of 95 %; raises ``ValueError`` below one degree of freedom."""
    if freedom < 1:
        raise ValueError("an interval needs a degree of freedom")
    return QUANTILES[bisect_right(QUANTILES, freedom, key=lambda row: row[0]) - 1][1]


def fit(points: Sequence[tuple[float, float]], scatter: float) -> Fit:
    """The line through at least three (x, y) of which two differ in x; ``scatter``: the least deviation."""
    count = len(points)
    middle, level = (fsum(axis) / count for axis in zip(*points, strict=True))
    spread = fsum((x - middle) ** 2 for x, _ in points)
    slope = fsum((x - middle) * (y - level) for x, y in points) / spread
    left = fsum((y - level - slope * (x - middle)) ** 2 for x, y in points) / (count - 2)
    half = quantile(count - 2) * sqrt(max(left, scatter**2) / spread)
    return Fit(slope, slope - half, slope + half)
