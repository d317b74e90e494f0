"""Figures are computed from what was measured, never between two measurements."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.figures import Floor, Ingest, Pushed, Stored, Usage, quantile


@given(st.lists(st.floats(0, 100), min_size=1), st.floats(0, 1))
def test_a_quantile_is_one_of_the_values(values: list[float], share: float):
    assert quantile(values, share) in values


@given(st.lists(st.floats(0, 100), min_size=1))
def test_quantiles_grow_with_their_share(values: list[float]):
    assert min(values) == quantile(values, 0) <= quantile(values, 0.5) <= quantile(values, 1) == max(values)


def test_the_median_of_three():
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert quantile([1.0, 2.0], 0.5) == 1.0


def test_a_pushed_bundle_took_what_lay_between():
    assert Pushed(100, 5.0, 5.25).seconds == 0.25


def run(**changes) -> Ingest:
    values = {
        "bundles": 2,
        "connections": 1,
        "resources": 200,
        "seconds": 0.1,
        "latencies": (0.04, 0.06),
        "gateway": Usage(0.08, 120_000_000),
        "stored": Stored(300_000, 200),
        "stages": {"validate": 0.0001},
        "plan_seconds": (0.5, 0.7, 0.6),
        "floor": Floor(200, 0.02, 0.02, 100_000),
    }
    return Ingest(**{**values, **changes})


@pytest.mark.parametrize(
    ("figure", "value"), [("per_second", 2000), ("cpu_per_resource", 0.0004), ("bytes_per_resource", 1500)]
)
def test_a_run_is_told_per_resource(figure: str, value: float):
    assert getattr(run(), figure) == pytest.approx(value)
