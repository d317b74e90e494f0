"""Body mass index, with the classes of the WHO for adults."""

from __future__ import annotations

from workers.engine.scores.bands import below
from workers.engine.scores.inputs import Input, Number
from workers.engine.scores.score import Found, Given, Score, rounded

_CLASSES = (
    (18.5, "underweight"),
    (25, "normal"),
    (30, "overweight"),
    (35, "obesity_1"),
    (40, "obesity_2"),
)


def _compute(given: Given) -> Found:
    value = given["weight_kg"] / (given["height_cm"] / 100) ** 2
    return Found({"bmi": rounded(value)}, below(value, _CLASSES, "obesity_3"))


BMI = Score(
    "bmi",
    "Body mass index",
    "weight / (height / 100)²; kg/m²",
    "https://iris.who.int/handle/10665/42330",
    (Input("weight_kg", Number("kg", 20, 650)), Input("height_cm", Number("cm", 50, 260))),
    _compute,
    ("the classes are those of adults (WHO Technical Report Series 894)",),
)
