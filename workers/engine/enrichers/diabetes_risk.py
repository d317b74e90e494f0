"""FINDRISC from a chart, for adults without diabetes whose waist was measured.

No chart tells whether somebody eats vegetables every day or moves for half an hour, so both are asked either
way and the score lies between two ends, three points apart. A family without diabetes is one of which some
parent, brother, sister or child is on record; a record of nobody says nothing.
"""

from __future__ import annotations

from workers.engine.case import Case
from workers.engine.enrichers.asked import PRESSURE_MEDICINES, Asked, Told, sourced
from workers.engine.enrichers.charted import Age, Any, Gender, Heard, Held, Number, Taken, Worked

DEGREES = {1: "first_degree", 2: "second_degree"}


def _family(case: Case) -> Heard:
    """The nearest relative by blood who has diabetes."""
    blood = [one for one in case.facts.relatives if one.degree in DEGREES]
    ill = [one for one in blood if one.is_a("diabetes")]
    nearest = min((one.degree for one in ill if one.degree), default=None)
    told = [one for one in ill if one.degree == nearest] if nearest else blood
    if nearest is None and not any(one.degree == 1 for one in blood):
        return Heard(missing=("whether diabetes runs in the family",))
    evidence = tuple(sorted({one.evidence for one in told}))
    return Heard((DEGREES[nearest] if nearest else "none",), (), evidence)


FINDRISC = Asked(
    "findrisc",
    sourced(
        "findrisc",
        "The diabetes risk score: a practical tool to predict type 2 diabetes risk",
        "Diabetes Care 26:725",
        "2003-03-01",
    ),
    (
        Age(),
        Number("bmi", "bmi", 24),
        Number("waist_cm", "waist_circumference", 24),
        Gender(),
        Any("daily_vegetables_fruit", (False, True)),
        Any("physically_active", (False, True)),
        Taken("antihypertensive_medication", PRESSURE_MEDICINES),
        Held("high_blood_glucose_history", ("prediabetes", "gestational_diabetes")),
        Worked("family_history", _family),
    ),
    (Told("score", "FINDRISC", "{score}", 0, 1),),
    unless=("diabetes",),
    begins=("waist_cm",),
    outcome="Type 2 diabetes within 10 years",
    band=lambda answer: str(answer.band).replace("_", " "),
    notes=(
        "The ends are those of somebody who eats vegetables and moves every day, and of one who does not.",
    ),
)
