"""Creatinine clearance after Cockcroft and Gault, as drug labels use it."""

from __future__ import annotations

from workers.engine.scores.inputs import FEMALE, Input, Number, adult, sex
from workers.engine.scores.score import Found, Given, Score, rounded


def _compute(given: Given) -> Found:
    clearance = (140 - given["age"]) * given["weight_kg"] / (72 * given["creatinine"])
    return Found({"crcl": rounded(0.85 * clearance if given["sex"] == FEMALE else clearance)})


COCKCROFT_GAULT = Score(
    "cockcroft_gault",
    "Creatinine clearance, Cockcroft-Gault",
    "(140 - age) × weight / (72 × Scr) × 0.85 if female; mL/min",
    "https://doi.org/10.1159/000180580",
    (
        adult(),
        Input("weight_kg", Number("kg", 20, 650)),
        sex(),
        Input("creatinine", Number("mg/dL", 0.1, 40)),
    ),
    _compute,
    ("for dosing; not for staging chronic kidney disease",),
)
