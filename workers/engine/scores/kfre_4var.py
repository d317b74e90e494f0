"""The kidney failure risk equation with four variables, over two and five years."""

from __future__ import annotations

from math import exp, log

from workers.engine.scores.inputs import MALE, Choice, Input, Number, adult, sex
from workers.engine.scores.score import Found, Given, Score, rounded

_BASE = {"north_america": (0.9750, 0.9240), "other": (0.9832, 0.9365)}


def _compute(given: Given) -> Found:
    total = (
        -0.2201 * (given["age"] / 10 - 7.036)
        + 0.2467 * ((given["sex"] == MALE) - 0.5642)
        - 0.5567 * (given["egfr"] / 5 - 7.222)
        + 0.4510 * (log(given["acr"]) - 5.137)
    )
    two, five = (rounded(1 - survival ** exp(total)) for survival in _BASE[given["region"]])
    return Found({"risk_2y": two, "risk_5y": five})


KFRE_4VAR = Score(
    "kfre_4var",
    "Kidney failure risk, 4 variables, 2 and 5 years",
    "1 - S0^exp(-0.2201 (age/10 - 7.036) + 0.2467 (male - 0.5642) - 0.5567 (eGFR/5 - 7.222) + 0.4510 (ln "
    "ACR - 5.137)); "
    "S0 0.9750 and 0.9240 in North America, 0.9832 and 0.9365 elsewhere",
    "https://doi.org/10.1001/jama.2015.18202",
    (
        adult(),
        sex(),
        Input("egfr", Number("mL/min/{1.73_m2}", 0.1, 59.999999, "chronic kidney disease G3a to G5")),
        Input("acr", Number("mg/g", 0.1, 50000)),
        Input("region", Choice(tuple(_BASE))),
    ),
    _compute,
    ("for adults with chronic kidney disease who are not on dialysis",),
)
