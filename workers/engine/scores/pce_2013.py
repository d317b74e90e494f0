"""The pooled cohort equations of 2013, atherosclerotic disease in ten years. They use race, and say so."""

from __future__ import annotations

from math import exp, log

from workers.engine.scores.bands import below
from workers.engine.scores.inputs import Choice, Input, Number, adult, sex, truths
from workers.engine.scores.score import Found, Given, Score, rounded

_TERMS = (
    "ln_age",
    "ln_age_sq",
    "ln_tc",
    "ln_age_ln_tc",
    "ln_hdl",
    "ln_age_ln_hdl",
    "ln_sbp_treated",
    "ln_age_ln_sbp_treated",
    "ln_sbp_untreated",
    "ln_age_ln_sbp_untreated",
    "smoker",
    "ln_age_smoker",
    "diabetes",
)
_COEFFICIENTS = {
    ("female", "white"): (
        (-29.799, 4.884, 13.54, -3.114, -13.578, 3.149, 2.019, 0, 1.957, 0, 7.574, -1.665, 0.661),
        -29.1817,
        0.9665,
    ),
    ("female", "black"): (
        (17.114, 0, 0.94, 0, -18.92, 4.475, 29.291, -6.432, 27.82, -6.087, 0.691, 0, 0.874),
        86.6081,
        0.9533,
    ),
    ("male", "white"): (
        (12.344, 0, 11.853, -2.664, -7.99, 1.769, 1.797, 0, 1.764, 0, 7.837, -1.795, 0.658),
        61.1816,
        0.9144,
    ),
    ("male", "black"): (
        (2.469, 0, 0.302, 0, -0.307, 0, 1.916, 0, 1.809, 0, 0.549, 0, 0.645),
        19.5425,
        0.8954,
    ),
}
"""By sex and race: the coefficients in the order of the terms, the mean of their sum, and the survival S0."""
_BANDS = ((0.05, "low"), (0.075, "borderline"), (0.2, "intermediate"))


def _terms(given: Given) -> tuple[float, ...]:
    age, total, hdl, pressure = (log(given[name]) for name in ("age", "total_c", "hdl_c", "sbp"))
    treated, untreated = (pressure, 0.0) if given["bp_treated"] else (0.0, pressure)
    smoker = float(given["smoker"])
    return (
        age,
        age * age,
        total,
        age * total,
        hdl,
        age * hdl,
        treated,
        age * treated,
        untreated,
        age * untreated,
        smoker,
        age * smoker,
        float(given["diabetes"]),
    )


def _compute(given: Given) -> Found:
    coefficients, mean, survival = _COEFFICIENTS[given["sex"], given["race"]]
    total = sum(one * term for one, term in zip(coefficients, _terms(given), strict=True))
    risk = 1 - survival ** exp(total - mean)
    return Found({"risk": rounded(risk)}, below(risk, _BANDS, "high"), ("this equation uses race",))


PCE_2013 = Score(
    "pce_2013",
    "Pooled cohort equations (atherosclerotic disease, 10 years)",
    "1 - S0^exp(sum - mean) over " + ", ".join(_TERMS),
    "https://doi.org/10.1161/01.cir.0000437741.48606.98",
    (
        adult(40, 79, "the equations were fitted from 40 to 79"),
        sex(),
        Input(
            "race", Choice(("white", "black"), "the equations have only these two; other groups use white")
        ),
        Input("total_c", Number("mg/dL", 20, 1200)),
        Input("hdl_c", Number("mg/dL", 5, 250)),
        Input("sbp", Number("mm[Hg]", 30, 320)),
        *truths("bp_treated", "smoker", "diabetes"),
    ),
    _compute,
    ("PREVENT of 2023 is its successor and takes no race",),
)
