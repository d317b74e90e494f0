"""Questionnaires from a chart: the items of the newest day on which one was answered, added up.

An item that was not answered is missing, and a total that was sent for the same day must be the same: two
totals are a question, not a choice of ours.
"""

from __future__ import annotations

from datetime import date
from functools import partial

from mappers.codes import LOINC
from mappers.context import SurveyAnswer
from workers.engine.calendar import DAY, Span
from workers.engine.case import Case
from workers.engine.enrichers.asked import Asked, Told, sourced
from workers.engine.enrichers.charted import Gender, Heard, Worked
from workers.engine.scores.score import Answer

MAX_AGE = Span(12)
ITEMS = {
    "phq9": (
        "interest",
        "mood",
        "sleep",
        "energy",
        "appetite",
        "self_worth",
        "concentration",
        "movement",
        "self_harm",
    ),
    "gad7": ("nervous", "control", "worry", "relaxing", "restless", "irritable", "afraid"),
    "audit_c": ("frequency", "amount", "binges"),
}
"""The items in the order in which each questionnaire counts them."""


def answers(case: Case, instrument: str) -> tuple[dict[str, SurveyAnswer], date | None]:
    """The answers of the newest day that is not too old, by item, and the day on which they will be."""
    told = {one.item: one for one in case.facts.answered(instrument)}
    day = next((one.when for one in told.values()), None)
    stale = MAX_AGE.after(day) + DAY if day else None
    return (told, stale) if stale and case.today < stale else ({}, None)


def _responses(case: Case, instrument: str) -> Heard:
    told, stale = answers(case, instrument)
    if not told:
        return Heard(missing=(f"answers not older than {MAX_AGE}",))
    evidence = tuple(sorted({one.evidence for one in told.values()}))
    day = max(one.when for one in told.values())
    lacking = tuple(
        f"the answer to {item.replace('_', ' ')}" for item in ITEMS[instrument] if item not in told
    )
    if lacking:
        return Heard((), lacking, (), stale, day)
    given = tuple(told[item].score for item in ITEMS[instrument])
    sent = {one.low for one in case.readings(instrument) if one.when == day and one.low == one.high}
    if sent - {sum(given)}:
        return Heard((), ("which holds, the answers or the total that was sent",), (), stale, day)
    return Heard((given,), (), evidence, stale, day)


def _safety(answer: Answer) -> str | None:
    """The severity, and whatever the total that the item about harming oneself was answered above zero."""
    severity = str(answer.band).replace("_", " ")
    flag = answer.result["item9_flag"]
    return f"{severity}; self-harm was answered above 0: ask about safety" if flag else severity


def _severity(answer: Answer) -> str | None:
    return None if answer.band is None else answer.band.replace("_", " ")


def _input(instrument: str) -> Worked:
    return Worked("responses", partial(_responses, instrument=instrument))


PHQ_9 = Asked(
    "phq_9",
    sourced(
        "phq_9",
        "The PHQ-9: validity of a brief depression severity measure",
        "J Gen Intern Med 16:606",
        "2001-09-01",
    ),
    (_input("phq9"),),
    (Told("total", "PHQ-9", "{score}", 0, 1),),
    begins=("responses",),
    band=_safety,
    in_pregnancy=True,
    codings=((LOINC, "44261-6", "PHQ-9 total score"),),
    category="survey",
)
GAD_7 = Asked(
    "gad_7",
    sourced(
        "gad_7",
        "A brief measure for assessing generalized anxiety disorder",
        "Arch Intern Med 166:1092",
        "2006-05-22",
    ),
    (_input("gad7"),),
    (Told("total", "GAD-7", "{score}", 0, 1),),
    begins=("responses",),
    band=_severity,
    in_pregnancy=True,
    codings=((LOINC, "70274-6", "GAD-7 total score"),),
    category="survey",
)
AUDIT_C = Asked(
    "audit_c",
    sourced(
        "audit_c",
        "The AUDIT alcohol consumption questions (AUDIT-C)",
        "Arch Intern Med 158:1789",
        "1998-09-14",
    ),
    (_input("audit_c"), Gender()),
    (Told("total", "AUDIT-C", "{score}", 0, 1),),
    begins=("responses",),
    in_pregnancy=True,
    codings=((LOINC, "75626-2", "AUDIT-C total score"),),
    category="survey",
)
SURVEYS = (PHQ_9, GAD_7, AUDIT_C)
