"""FIB-4: how likely liver fibrosis is."""

from __future__ import annotations

from math import sqrt

from workers.engine.scores.bands import below, up_to
from workers.engine.scores.inputs import Input, Number, adult
from workers.engine.scores.score import Found, Given, Score, rounded

_OLDER = 65


def _compute(given: Given) -> Found:
    value = given["age"] * given["ast"] / (given["platelets"] * sqrt(given["alt"]))
    low = 2.0 if given["age"] >= _OLDER else 1.3
    return Found(
        {"fib4": rounded(value)},
        below(value, ((low, "low"),), up_to(value, ((2.67, "indeterminate"),), "high")),
    )


FIB_4 = Score(
    "fib_4",
    "FIB-4",
    "age × AST / (platelets × √ALT)",
    "https://doi.org/10.1002/hep.21178",
    (
        adult(35, why="not reliable under 35"),
        Input("ast", Number("U/L", 1, 20000)),
        Input("alt", Number("U/L", 1, 20000)),
        Input("platelets", Number("10*9/L", 1, 3000)),
    ),
    _compute,
    ("low below 1.3 (2.0 from 65 years on), high above 2.67",),
)
