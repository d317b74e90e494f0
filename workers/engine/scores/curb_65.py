"""CURB-65: how severe a pneumonia from outside the hospital is."""

from __future__ import annotations

from workers.engine.scores.bands import up_to
from workers.engine.scores.inputs import Input, Number, adult, truths
from workers.engine.scores.score import Found, Given, Score


def _compute(given: Given) -> Found:
    points = (
        bool(given["confusion"])
        + (given["urea_mmol_l"] > 7)
        + (given["respiratory_rate"] >= 30)
        + (given["systolic_bp"] < 90 or given["diastolic_bp"] <= 60)
        + (given["age"] >= 65)
    )
    return Found({"score": points}, up_to(points, ((1, "low"), (2, "intermediate")), "high"))


CURB_65 = Score(
    "curb_65",
    "CURB-65",
    "1 each: new confusion, urea over 7 mmol/L, respiration from 30, pressure under 90 or to 60, age from "
    "65; "
    "low to 1, intermediate 2, high from 3 on",
    "https://doi.org/10.1136/thorax.58.5.377",
    (
        *truths(confusion="new"),
        Input("urea_mmol_l", Number("mmol/L", 0, 200)),
        Input("respiratory_rate", Number("/min", 0, 100)),
        Input("systolic_bp", Number("mm[Hg]", 30, 320)),
        Input("diastolic_bp", Number("mm[Hg]", 10, 250)),
        adult(),
    ),
    _compute,
    ("for pneumonia acquired outside the hospital only",),
)
