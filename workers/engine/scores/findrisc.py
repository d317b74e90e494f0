"""FINDRISC with 26 points: who may get type 2 diabetes within ten years."""

from __future__ import annotations

from workers.engine.scores.bands import below, up_to
from workers.engine.scores.inputs import MALE, Choice, Input, Number, adult, sex, truths
from workers.engine.scores.score import Found, Given, Score

_FAMILY = {"none": 0, "second_degree": 3, "first_degree": 5}
_WAIST = {True: (94, 102), False: (80, 88)}


def _compute(given: Given) -> Found:
    low, high = _WAIST[given["sex"] == MALE]
    points = (
        below(given["age"], ((45, 0), (55, 2), (65, 3)), 4)
        + below(given["bmi"], ((25, 0),), up_to(given["bmi"], ((30, 1),), 3))
        + below(given["waist_cm"], ((low, 0),), up_to(given["waist_cm"], ((high, 3),), 4))
        + 2 * (not given["physically_active"])
        + (not given["daily_vegetables_fruit"])
        + 2 * given["antihypertensive_medication"]
        + 5 * given["high_blood_glucose_history"]
        + _FAMILY[given["family_history"]]
    )
    band = up_to(points, ((6, "low"), (11, "slightly_elevated"), (14, "moderate"), (20, "high")), "very_high")
    return Found({"score": points}, band)


FINDRISC = Score(
    "findrisc",
    "FINDRISC (26 points)",
    "age 0 to 4, BMI 0, 1, 3, waist 0, 3, 4, not active 2, no daily vegetables or fruit 1, drugs for high "
    "pressure 2, "
    "high glucose ever 5, family 0, 3, 5; low to 6, slightly_elevated to 11, moderate to 14, high to 20, "
    "very_high",
    "https://doi.org/10.2337/diacare.26.3.725",
    (
        adult(),
        Input("bmi", Number("kg/m2", 8, 120)),
        Input("waist_cm", Number("cm", 30, 300)),
        sex(),
        *truths(
            "daily_vegetables_fruit",
            physically_active="30 minutes a day or more",
            antihypertensive_medication="ever, on a regular basis",
            high_blood_glucose_history="in illness or pregnancy too",
        ),
        Input("family_history", Choice(tuple(_FAMILY))),
    ),
    _compute,
    ("for people without known diabetes",),
)
