"""Questionnaires that add up: PHQ-9, GAD-7 and AUDIT-C. Their wording is not needed here, and is not here."""

from __future__ import annotations

from workers.engine.scores.bands import up_to
from workers.engine.scores.inputs import MALE, Answers, Input, sex
from workers.engine.scores.score import Found, Given, Score

_ITEM_9 = 8


def _phq_9(given: Given) -> Found:
    total = sum(given["responses"])
    severity = up_to(
        total, ((4, "minimal"), (9, "mild"), (14, "moderate"), (19, "moderately_severe")), "severe"
    )
    flag = given["responses"][_ITEM_9] > 0
    notes = ("item 9 was answered above 0: ask about safety, whatever the total",) if flag else ()
    return Found({"total": total, "severity": severity, "item9_flag": flag}, severity, notes)


def _gad_7(given: Given) -> Found:
    total = sum(given["responses"])
    severity = up_to(total, ((4, "minimal"), (9, "mild"), (14, "moderate")), "severe")
    return Found({"total": total, "severity": severity}, severity)


def _audit_c(given: Given) -> Found:
    total = sum(given["responses"])
    positive = total >= (4 if given["sex"] == MALE else 3)
    return Found({"total": total, "positive": positive}, "positive" if positive else None)


PHQ_9 = Score(
    "phq_9",
    "PHQ-9",
    "sum of 9 items of 0 to 3; minimal to 4, mild to 9, moderate to 14, moderately_severe to 19, severe",
    "https://doi.org/10.1046/j.1525-1497.2001.016009606.x",
    (Input("responses", Answers(9, 3)),),
    _phq_9,
    ("item 9 above 0 is a flag of safety, whatever the total",),
)
GAD_7 = Score(
    "gad_7",
    "GAD-7",
    "sum of 7 items of 0 to 3; minimal to 4, mild to 9, moderate to 14, severe",
    "https://doi.org/10.1001/archinte.166.10.1092",
    (Input("responses", Answers(7, 3)),),
    _gad_7,
)
AUDIT_C = Score(
    "audit_c",
    "AUDIT-C",
    "sum of 3 items of 0 to 4; positive from 4 on (men) or 3 (women)",
    "https://doi.org/10.1001/archinte.158.16.1789",
    (Input("responses", Answers(3, 4)), sex()),
    _audit_c,
)
