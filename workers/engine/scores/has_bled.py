"""HAS-BLED: what could be changed about the risk of bleeding."""

from __future__ import annotations

from workers.engine.scores.inputs import truths
from workers.engine.scores.score import Found, Given, Score

_HIGH = 3
_INPUTS = truths(
    hypertension_uncontrolled="systolic over 160 mm[Hg]",
    abnormal_renal_function="dialysis, transplant or creatinine from 2.26 mg/dL on",
    abnormal_liver_function="cirrhosis, or bilirubin > 2 and AST, ALT or ALP > 3 times the upper limit",
    stroke="",
    bleeding_history="major bleeding, anaemia or another tendency to bleed",
    labile_inr="in range less than 60 % of the time",
    elderly_over_65="older than 65",
    drugs_antiplatelet_nsaid="",
    alcohol_excess="8 or more drinks a week",
)


def _compute(given: Given) -> Found:
    points = sum(map(bool, given.values()))
    return Found({"score": points}, "high" if points >= _HIGH else None)


HAS_BLED = Score(
    "has_bled",
    "HAS-BLED",
    "one point each, 0 to 9; high from 3 on",
    "https://doi.org/10.1378/chest.10-0134",
    _INPUTS,
    _compute,
    ("a high score asks for a review of what can be changed; it is no reason to withhold anticoagulation",),
)
