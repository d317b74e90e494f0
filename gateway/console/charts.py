"""Bars of a chart, worked out for a picture of fixed size; the template draws them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 640, 300, 60, 28, 10
_GAP = 0.25
_STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, and its part that stands for what was not done. Lengths in the picture's units."""

    x: float
    width: float
    y: float
    height: float
    part_y: float
    part_height: float
    label: str
    labelled: bool
    count: int
    part: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line across the picture, and the number that it stands for."""

    y: float
    value: int


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of bars."""

    bars: tuple[Bar, ...]
    lines: tuple[Line, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    base: int = HEIGHT - BOTTOM


def chart(labels: Sequence[str], counts: Sequence[int], parts: Sequence[int]) -> Chart:
    """The chart of some counts, of which ``parts`` are drawn in another colour."""
    step = _step(max([*counts, 1]))
    top = step * -(-max([*counts, 1]) // step)
    room, slot = HEIGHT - BOTTOM - TOP, (WIDTH - LEFT) / max(1, len(counts))
    every = max(1, -(-len(counts) // 8))
    bars = []
    for at, (label, count, part) in enumerate(zip(labels, counts, parts, strict=True)):
        tall, low = room * count / top, room * min(part, count) / top
        bars.append(
            Bar(
                x=round(LEFT + slot * (at + _GAP / 2), 1),
                width=round(slot * (1 - _GAP), 1),
                y=round(HEIGHT - BOTTOM - tall, 1),
                height=round(tall, 1),
                part_y=round(HEIGHT - BOTTOM - low, 1),
                part_height=round(low, 1),
                label=label,
                labelled=at % every == 0,
                count=count,
                part=min(part, count),
            )
        )
    values = range(0, top + 1, step)
    return Chart(tuple(bars), tuple(Line(round(HEIGHT - BOTTOM - room * v / top, 1), v) for v in values))


def _step(most: int) -> int:
    """A round number of which two to five reach the top."""
    size = 1
    while True:
        for step in _STEPS:
            if most <= step * size * 5:
                return step * size
        size *= 10
