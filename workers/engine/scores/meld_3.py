"""MELD 3.0, for the severity of liver disease."""

from __future__ import annotations

from math import log

from workers.engine.scores.inputs import FEMALE, Input, Number, sex, truths
from workers.engine.scores.score import Found, Given, Score, half_up, rounded

_MOST = 40


def _within(low: float, value: float, high: float) -> float:
    return max(low, min(value, high))


def _compute(given: Given) -> Found:
    bilirubin, inr = log(max(1.0, given["bilirubin"])), log(max(1.0, given["inr"]))
    creatinine = log(3.0 if given["dialysis"] else _within(1.0, given["creatinine"], 3.0))
    salt = 137 - _within(125, given["sodium"], 137)
    albumin = 3.5 - _within(1.5, given["albumin"], 3.5)
    raw = (
        1.33 * (given["sex"] == FEMALE)
        + 4.56 * bilirubin
        + 0.82 * salt
        - 0.24 * salt * bilirubin
        + 9.09 * inr
        + 11.14 * creatinine
        + 1.85 * albumin
        - 1.83 * albumin * creatinine
        + 6
    )
    return Found({"raw": rounded(raw), "score": min(half_up(raw), _MOST)})


MELD_3 = Score(
    "meld_3",
    "MELD 3.0",
    "1.33 if female + 4.56 ln(bilirubin) + 0.82 (137 - Na) - 0.24 (137 - Na) ln(bilirubin) + 9.09 ln(INR) "
    "+ 11.14 ln(creatinine) "
    "+ 1.85 (3.5 - albumin) - 1.83 (3.5 - albumin) ln(creatinine) + 6, whole, 6 to 40; bilirubin and INR "
    "at least 1, creatinine 1 "
    "to 3 (3 on dialysis), sodium 125 to 137, albumin 1.5 to 3.5",
    "https://doi.org/10.1053/j.gastro.2021.08.050",
    (
        sex(),
        Input("bilirubin", Number("mg/dL", 0.05, 80)),
        Input("sodium", Number("mmol/L", 90, 200)),
        Input("inr", Number("{INR}", 0.5, 20)),
        Input("creatinine", Number("mg/dL", 0.1, 40)),
        Input("albumin", Number("g/dL", 0.5, 8)),
        *truths(dialysis="two or more dialyses, or 24 h of CVVHD, in the last 7 days"),
    ),
    _compute,
    ("higher means greater mortality within 90 days; from 18 years on",),
)
