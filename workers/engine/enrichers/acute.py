"""NEWS2, qSOFA and CURB-65 from a chart: today's numbers of somebody who is acutely ill, and only today's.

Each input is the newest of today. They say how ill somebody is now, so the answer holds for this day alone.
NEWS2 and qSOFA count what was measured in a hospital or an emergency department; CURB-65, which general
practice uses as well, whatever was measured today.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from mappers.facts import Setting, Truth
from workers.engine.answer import NO, YES, Answer
from workers.engine.calendar import DAY
from workers.engine.case import Case
from workers.engine.enrichers.asked import Asked, Told, sourced
from workers.engine.enrichers.charted import Age, Any, Heard, Held, Worked, either
from workers.engine.readings import ANYWHERE
from workers.engine.vocabulary import analytes

HOSPITAL = frozenset({Setting.INPATIENT, Setting.EMERGENCY})
ALERT = "alert"
AWAKE = Decimal(15)
AIR = Decimal(21)
FROM_OUTSIDE = timedelta(days=2)
"""A pneumonia that begins on the third day of a stay or later was caught in hospital."""
# One mg/dL of urea nitrogen, two atoms of it in a molecule of urea.
MMOL_OF_UREA = Decimal("0.357")


@dataclass(frozen=True, slots=True)
class Today:
    """The newest number of today in one of some settings, in the unit of the score."""

    analyte: str
    settings: frozenset[Setting] = HOSPITAL
    factor: Decimal = Decimal(1)

    def __call__(self, case: Case) -> Heard:
        """The value; it is today's alone."""
        told = [
            one
            for one in case.readings(self.analyte)
            if one.when == case.today and one.setting in self.settings
        ]
        name, until = analytes()[self.analyte].name, case.today + DAY
        if not told:
            return Heard(missing=(f"{name} of today",))
        newest = told[-1]
        if newest.low != newest.high:
            return Heard((), (f"an exact {name}",), (), until, case.today)
        return Heard((float(newest.low * self.factor),), (), newest.evidence, until, case.today)


def _input(name: str, today: Today) -> Worked:
    return Worked(name, today, (today.analyte,))


def _awake(case: Case, settings: frozenset[Setting]) -> Heard:
    """Whether somebody is alert: by the level of responsiveness, or by 15 points of Glasgow."""
    said = [one for one in case.facts.findings if one.key == "consciousness" and one.when == case.today]
    coma = Today("glasgow_coma_score", settings)(case)
    if not said and not coma.values:
        return Heard(missing=("how awake the patient is today",))
    told = {said[-1].value == ALERT} if said else set()
    told |= {Decimal(str(value)) >= AWAKE for value in coma.values}
    if len(told) > 1:
        return Heard((), ("which holds of how awake the patient is",), (), case.today + DAY, case.today)
    evidence = {*coma.evidence, *(one.evidence for one in said[-1:])}
    return Heard(tuple(told), (), tuple(sorted(evidence)), case.today + DAY, case.today)


def _consciousness(case: Case) -> Heard:
    found = _awake(case, HOSPITAL)
    words = tuple("alert" if awake else "confusion-or-vpu" for awake in found.values)
    return Heard(words, found.missing, found.evidence, found.until, found.when)


def _altered(case: Case) -> Heard:
    found = _awake(case, HOSPITAL)
    return Heard(
        tuple(not awake for awake in found.values), found.missing, found.evidence, found.until, found.when
    )


def _confused(case: Case) -> Heard:
    """Who is not awake is confused; whether that is new must be asked of somebody with dementia."""
    found = _awake(case, ANYWHERE)
    if found.values == (False,) and Held("", ("dementia",)).heard(case).values != (False,):
        return Heard((), ("whether the confusion is new",), (), found.until, found.when)
    return Heard(
        tuple(not awake for awake in found.values), found.missing, found.evidence, found.until, found.when
    )


def _on_oxygen(case: Case) -> Heard:
    flow, share = (Today(name)(case) for name in ("inhaled_oxygen_flow_rate", "inhaled_oxygen_concentration"))
    given = [
        Heard(
            tuple(Decimal(str(value)) > limit for value in one.values), (), one.evidence, one.until, one.when
        )
        for one, limit in ((flow, Decimal(0)), (share, AIR))
        if one.values
    ]
    return either(given) if given else Heard(missing=("whether oxygen is given today",))


def _from_outside(case: Case) -> Answer:
    """Whether no pneumonia that is known began on the third day of a stay in hospital, or later."""
    begun = [one.onset for one in case.facts.active_problems("pneumonia") if one.onset]
    stays = [one for one in case.facts.stays if one.kind == "inpatient" and one.started]
    caught = any(
        stay.started + FROM_OUTSIDE <= day and (stay.ended is None or day <= stay.ended)
        for day in begun
        for stay in stays
        if stay.started
    )
    return NO if caught else YES


def _not_expecting(case: Case) -> Answer:
    return NO if case.facts.pregnant is Truth.TRUE else YES


_VITALS = (
    _input("respiratory_rate", Today("respiratory_rate")),
    _input("systolic_bp", Today("systolic_bp")),
)
NEWS2 = Asked(
    "news2",
    sourced("news2", "National Early Warning Score (NEWS) 2", "Royal College of Physicians", "2017-12-19"),
    (
        *_VITALS,
        _input("spo2", Today("oxygen_saturation")),
        Any("spo2_scale", ("1", "2")),
        Worked("on_oxygen", _on_oxygen),
        _input("pulse", Today("heart_rate")),
        Worked("consciousness", _consciousness, ("glasgow_coma_score",)),
        _input("temperature", Today("body_temperature")),
    ),
    (Told("total", "NEWS2", "{score}", 0, 1),),
    ages=(16, None),
    begins=("respiratory_rate",),
    outcome="Deterioration",
    band=lambda answer: str(answer.band).replace("_", "-"),
    notes=(
        "Where the ends differ they are those of the two scales of saturation.",
        "The second scale is for those alone for whom a clinician set a target of 88 to 92 %.",
    ),
)
QSOFA = Asked(
    "qsofa",
    sourced(
        "qsofa",
        "The Third International Consensus Definitions for Sepsis and Septic Shock (Sepsis-3)",
        "JAMA 315:801",
        "2016-02-23",
    ),
    (*_VITALS, Worked("altered_mentation", _altered, ("glasgow_coma_score",))),
    (Told("score", "qSOFA", "{score}", 0, 1),),
    of=("pneumonia", "sepsis"),
    begins=("respiratory_rate",),
    outcome="Death or a long stay in intensive care with an infection",
    notes=("Not for ruling sepsis out.",),
)
CURB_65 = Asked(
    "curb_65",
    sourced(
        "curb_65",
        "Defining community acquired pneumonia severity on presentation to hospital",
        "Thorax 58:377",
        "2003-05-01",
    ),
    (
        Worked("confusion", _confused, ("glasgow_coma_score",)),
        _input("urea_mmol_l", Today("urea_nitrogen", ANYWHERE, MMOL_OF_UREA)),
        _input("respiratory_rate", Today("respiratory_rate", ANYWHERE)),
        _input("systolic_bp", Today("systolic_bp", ANYWHERE)),
        _input("diastolic_bp", Today("diastolic_bp", ANYWHERE)),
        Age(),
    ),
    (Told("score", "CURB-65", "{score}", 0, 1),),
    of=("pneumonia",),
    begins=("respiratory_rate", "urea_mmol_l"),
    outcome="Death within 30 days of a pneumonia",
    who=(_from_outside, _not_expecting),
)
ACUTE = (NEWS2, QSOFA, CURB_65)
