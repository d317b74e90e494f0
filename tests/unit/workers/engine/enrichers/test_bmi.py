"""BMI and its classes for adults (WHO, Technical Report Series 894): worked values, and every edge."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.engine.enrichers.bmi import BANDS, band, bmi

WEIGHTS = st.decimals(Decimal(30), Decimal(300), places=1)
HEIGHTS = st.decimals(Decimal(120), Decimal(230), places=1)


@pytest.mark.parametrize(
    ("weight", "height", "expected", "name"),
    [
        ("101", "196", "26.291129", "overweight"),
        ("67", "166", "24.314124", "normal"),
        ("87", "160", "33.984375", "obesity class 1"),
        ("45", "165", "16.528926", "underweight"),
        ("120", "170", "41.522491", "obesity class 3"),
        ("110", "172", "37.182261", "obesity class 2"),
    ],
)
def test_a_worked_example(weight: str, height: str, expected: str, name: str) -> None:
    found = bmi(Decimal(weight), Decimal(height))
    assert round(found, 6) == Decimal(expected)
    assert band(found) == name


@given(WEIGHTS, HEIGHTS)
def test_it_is_weight_over_the_square_of_height(weight: Decimal, height: Decimal) -> None:
    assert float(bmi(weight, height)) == pytest.approx(float(weight) / (float(height) / 100) ** 2)


@given(st.decimals(Decimal(10), Decimal(70), places=3), st.decimals(Decimal(10), Decimal(70), places=3))
def test_more_is_never_a_lower_class(one: Decimal, other: Decimal) -> None:
    names = [*(name for _, name in BANDS), "obesity class 3"]
    low, high = sorted((one, other))
    assert names.index(band(low)) <= names.index(band(high))


@pytest.mark.parametrize("edge", [edge for edge, _ in BANDS])
def test_an_edge_belongs_to_the_class_above(edge: Decimal) -> None:
    assert band(edge) != band(edge - Decimal("0.001"))
    assert band(edge) == band(edge + Decimal("0.001"))
