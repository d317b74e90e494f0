"""qSOFA: who with an infection may become very ill."""

from __future__ import annotations

from workers.engine.scores.inputs import Input, Number, truths
from workers.engine.scores.score import Found, Given, Score

_POSITIVE = 2


def _compute(given: Given) -> Found:
    points = (
        (given["respiratory_rate"] >= 22) + (given["systolic_bp"] <= 100) + bool(given["altered_mentation"])
    )
    return Found({"score": points}, "positive" if points >= _POSITIVE else None)


QSOFA = Score(
    "qsofa",
    "qSOFA",
    "1 each: respiration from 22 a minute, systolic pressure to 100, altered mentation; positive from 2 on",
    "https://doi.org/10.1001/jama.2016.0287",
    (
        Input("respiratory_rate", Number("/min", 0, 100)),
        Input("systolic_bp", Number("mm[Hg]", 30, 320)),
        *truths(altered_mentation="Glasgow coma score below 15"),
    ),
    _compute,
    ("with a suspected infection only; not for ruling sepsis out",),
)
