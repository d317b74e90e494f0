"""Proportion of days covered: how much of a period the filled prescriptions reach."""

from __future__ import annotations

from workers.engine.scores.inputs import Input, Number, Pairs
from workers.engine.scores.score import Found, Given, Score, rounded

_ADHERENT = 0.8


def _compute(given: Given) -> Found:
    start, days = int(given["period_start"]), int(given["period_days"])
    covered = _covered(given["fills"], start, start + days)
    share = covered / days
    return Found({"covered_days": covered, "pdc": rounded(share)}, "adherent" if share >= _ADHERENT else None)


def _covered(fills: tuple[tuple[int, int], ...], start: int, end: int) -> int:
    """Days with supply before ``end``; a supply that overlaps begins when the one before it ends."""
    covered, reached = 0, min((day for day, _ in fills), default=start)
    for day, supply in fills:
        begins = max(day, reached)
        reached = begins + supply
        covered += max(0, min(reached, end) - max(begins, start))
    return covered


PDC = Score(
    "pdc",
    "Proportion of days covered",
    "days of the period that are covered / days of the period; a supply that overlaps starts when the one "
    "before ends",
    "arithmetic",
    (
        Input("fills", Pairs("of each fill")),
        Input("period_start", Number("d", -100000, 100000)),
        Input("period_days", Number("d", 1, 36500)),
    ),
    _compute,
    ("0.8 is commonly called adherent",),
)
