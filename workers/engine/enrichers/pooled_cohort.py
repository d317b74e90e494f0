"""The pooled cohort equations of 2013 from a chart: for those whose race is recorded, since they use it.

PREVENT is their successor and takes no race. This one is told beside it because thresholds of the guidelines
of 2018 and 2019 are written in it; who has no race on record, or two, hears nothing of it.
"""

from __future__ import annotations

from workers.engine.answer import NO, YES, Answer
from workers.engine.case import Case
from workers.engine.enrichers.asked import (
    CARDIOVASCULAR,
    LIPIDS,
    PRESSURE_MEDICINES,
    Asked,
    Told,
    sourced,
)
from workers.engine.enrichers.charted import Age, Gender, Heard, Held, Number, Smoking, Taken, Worked

RACES = {("2106-3",): "white", ("2054-5",): "black"}
"""The OMB categories of US Core that the equations have coefficients for."""


def _recorded(case: Case) -> Answer:
    return YES if case.facts.person.race in RACES else NO


def _race(case: Case) -> Heard:
    person = case.facts.person
    return Heard((RACES[person.race],) if person.race in RACES else (), (), (person.evidence,))


PCE_2013 = Asked(
    "pce_2013",
    sourced(
        "pce_2013",
        "2013 ACC/AHA guideline on the assessment of cardiovascular risk",
        "Circulation 129:S49",
        "2013-11-12",
    ),
    (
        Age(),
        Gender(),
        Worked("race", _race),
        Number("total_c", "total_cholesterol", LIPIDS),
        Number("hdl_c", "hdl", LIPIDS),
        Number("sbp", "systolic_bp", 12),
        Taken("bp_treated", PRESSURE_MEDICINES),
        Smoking("smoker"),
        Held("diabetes", ("diabetes",)),
    ),
    (Told("risk", "Atherosclerotic cardiovascular disease", years=10),),
    ages=(40, 79),
    unless=CARDIOVASCULAR,
    begins=("total_c", "hdl_c"),
    outcome="Atherosclerotic cardiovascular disease",
    who=(_recorded,),
)
