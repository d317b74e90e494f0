"""eGFR by CKD-EPI 2021 from creatinine, without race: the equation that the enricher uses."""

from __future__ import annotations

from decimal import Decimal

from mappers.facts import Sex
from workers.engine.enrichers.egfr import ckd_epi_2021
from workers.engine.scores.inputs import Input, Number, adult, sex
from workers.engine.scores.score import Found, Given, Score, rounded
from workers.engine.staging import g_stage


def _compute(given: Given) -> Found:
    value = ckd_epi_2021(Decimal(str(given["creatinine"])), int(given["age"]), Sex(given["sex"]))
    return Found({"egfr": rounded(float(value))}, g_stage(value))


CKD_EPI_2021 = Score(
    "ckd_epi_2021",
    "eGFR, CKD-EPI 2021 creatinine equation (no race)",
    "142 × min(Scr/κ, 1)^α × max(Scr/κ, 1)^-1.200 × 0.9938^age × 1.012 if female; κ 0.7 and α -0.241 female, "
    "κ 0.9 and α -0.302 male; mL/min/1.73 m²",
    "https://doi.org/10.1056/NEJMoa2102953",
    (adult(), sex(), Input("creatinine", Number("mg/dL", 0.1, 40))),
    _compute,
    ("reported as a whole number; the stage is of the value before rounding",),
)
