"""Bars keep their proportions and stay in the picture, whatever the numbers are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.console.charts import BOTTOM, HEIGHT, TOP, chart

numbers = st.lists(st.integers(0, 10**9), min_size=1, max_size=40)


@given(numbers)
def test_bars_stay_in_the_picture(counts: list[int]):
    made = chart([str(n) for n in counts], counts, [n // 2 for n in counts])
    for bar in made.bars:
        assert TOP - 0.1 <= bar.y <= HEIGHT - BOTTOM + 0.1
        assert bar.y + bar.height <= HEIGHT - BOTTOM + 0.2
        assert bar.part_height <= bar.height + 0.1
        assert bar.x + bar.width <= made.width
    assert 2 <= len(made.lines) <= 7
    assert made.lines[-1].value >= max(counts)


def test_nothing_is_a_chart_too():
    made = chart(["a"], [0], [0])
    assert made.bars[0].height == 0
    assert [line.value for line in made.lines] == [0, 1]


def test_labels_are_thinned_out():
    made = chart([str(n) for n in range(30)], [1] * 30, [0] * 30)
    assert sum(bar.labelled for bar in made.bars) <= 8
