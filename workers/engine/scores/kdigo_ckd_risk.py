"""KDIGO's grid of kidney risk: the G stage of the eGFR and the A stage of the albumin-creatinine ratio."""

from __future__ import annotations

from decimal import Decimal

from workers.engine.scores.bands import below, up_to
from workers.engine.scores.inputs import Input, Number
from workers.engine.scores.score import Found, Given, Score
from workers.engine.staging import A_STAGES, g_stage, risk


def _compute(given: Given) -> Found:
    ratio = given["acr"]
    a_stage = below(ratio, ((3, A_STAGES[0]),), up_to(ratio, ((30, A_STAGES[1]),), A_STAGES[2]))
    stage = g_stage(Decimal(str(given["egfr"])))
    grade = risk(stage, a_stage).replace(" ", "_")
    return Found({"g": stage, "a": a_stage, "risk": grade}, grade)


KDIGO_CKD_RISK = Score(
    "kdigo_ckd_risk",
    "KDIGO CKD risk grid",
    "G1 ≥ 90, G2 ≥ 60, G3a ≥ 45, G3b ≥ 30, G4 ≥ 15, G5 below; A1 < 3, A2 3 to 30, A3 > 30 mg/mmol; the "
    "risk is the grid's",
    "https://doi.org/10.1016/j.kint.2023.10.018",
    (
        Input("egfr", Number("mL/min/{1.73_m2}", 0, 250)),
        Input("acr", Number("mg/mmol", 0, 5000)),
    ),
    _compute,
    ("chronic kidney disease itself needs the abnormality for more than three months",),
)
