"""Child-Pugh: the class of cirrhosis."""

from __future__ import annotations

from workers.engine.scores.bands import below, up_to
from workers.engine.scores.inputs import Choice, Input, Number
from workers.engine.scores.score import Found, Given, Score

_ASCITES = ("none", "mild", "moderate-severe")
_ENCEPHALOPATHY = ("none", "grade1-2", "grade3-4")


def _rising(value: float, low: float, high: float) -> int:
    return below(value, ((low, 1),), up_to(value, ((high, 2),), 3))


def _compute(given: Given) -> Found:
    points = (
        _rising(given["bilirubin"], 2, 3)
        + (4 - _falling(given["albumin"]))
        + _rising(given["inr"], 1.7, 2.3)
        + _ASCITES.index(given["ascites"])
        + _ENCEPHALOPATHY.index(given["encephalopathy"])
        + 2
    )
    grade = up_to(points, ((6, "A"), (9, "B")), "C")
    return Found({"score": points, "class": grade}, grade)


def _falling(albumin: float) -> int:
    """3 above 3.5, 2 down to 2.8, 1 below: the points turned round."""
    return below(albumin, ((2.8, 1),), up_to(albumin, ((3.5, 2),), 3))


CHILD_PUGH = Score(
    "child_pugh",
    "Child-Pugh",
    "1 to 3 points each: bilirubin < 2, 2 to 3, > 3 mg/dL; albumin > 3.5, 2.8 to 3.5, < 2.8 g/dL; INR < "
    "1.7, 1.7 to 2.3, > 2.3; "
    "ascites; encephalopathy; A 5 to 6, B 7 to 9, C 10 to 15",
    "https://doi.org/10.1002/bjs.1800600817",
    (
        Input("bilirubin", Number("mg/dL", 0.05, 80)),
        Input("albumin", Number("g/dL", 0.5, 8)),
        Input("inr", Number("{INR}", 0.5, 20)),
        Input("ascites", Choice(_ASCITES)),
        Input("encephalopathy", Choice(_ENCEPHALOPATHY)),
    ),
    _compute,
)
