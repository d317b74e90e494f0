"""HAS-BLED from a chart, for those with atrial fibrillation whose drinking is known.

Most of it is diagnoses, numbers and medicines. Two inputs are worked out: how labile the INR is, as the share
of days in range by straight lines between the values (Rosendaal, only under a vitamin K antagonist), and how
many drinks a week the first two answers of AUDIT-C allow.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

from workers.engine.answer import soonest
from workers.engine.calendar import Span
from workers.engine.case import Case
from workers.engine.enrichers.asked import Asked, Told, sourced
from workers.engine.enrichers.charted import Age, Heard, Held, Number, Taken, Worked, either, reaches
from workers.engine.enrichers.surveys import answers
from workers.engine.readings import ANYWHERE, Lens, Reading, stale_on

MANY_DRINKS = 8
OLD = 65
IN_RANGE = (Decimal(2), Decimal(3))
STABLE = Decimal("0.6")
WINDOW, LONGEST_GAP, LEAST_SPAN, LEAST_VALUES = Span(6), timedelta(days=56), timedelta(days=60), 5
TWO_TO_THREE = "enough INR values for the time in range (5 over 60 days)"
OCCASIONS: tuple[tuple[float, float], ...] = ((0, 0), (0.01, 0.25), (0.5, 1), (2, 3), (4, 7))
"""Drinking days a week, at least and at most, by the points of AUDIT-C's first item."""
DRINKS: tuple[tuple[float, float], ...] = ((1, 2), (3, 4), (5, 6), (7, 9), (10, float("inf")))
"""Drinks on such a day, by the points of the second."""


def time_in_range(days: tuple[Reading, ...]) -> Decimal | None:
    """The share of days with an INR of 2 to 3, by straight lines between values; None where that is too
    little to tell. Values that lie more than 56 days apart have no line between them."""
    values = [one for one in days if one.low == one.high]
    pairs = [(one, other) for one, other in pairwise(values) if other.when - one.when <= LONGEST_GAP]
    span = sum(((other.when - one.when for one, other in pairs)), timedelta())
    if len(values) < LEAST_VALUES or span < LEAST_SPAN:
        return None
    inside = sum((_inside(one, other) for one, other in pairs), Decimal(0))
    return inside / span.days


def _inside(one: Reading, other: Reading) -> Decimal:
    """How many of the days between two values the line between them spends in range."""
    days = Decimal((other.when - one.when).days)
    low, high = sorted((one.low, other.low))
    if low == high:
        return days if IN_RANGE[0] <= low <= IN_RANGE[1] else Decimal(0)
    shared = min(high, IN_RANGE[1]) - max(low, IN_RANGE[0])
    return days * max(Decimal(0), shared) / (high - low)


def _labile(case: Case) -> Heard:
    taken = Taken("", ("vitamin_k_antagonist",)).heard(case)
    if taken.values != (True,):
        return taken
    lens = Lens(ANYWHERE, {"inr": WINDOW})
    recent = tuple(one for one in case.days("inr", lens) if case.today < stale_on(one, WINDOW))
    until = soonest((taken.until, *(stale_on(one, WINDOW) for one in recent[:1])))
    share = time_in_range(recent)
    if share is None:
        return Heard((), (TWO_TO_THREE,), (), until)
    evidence = tuple(sorted({*taken.evidence, *(piece for one in recent for piece in one.evidence)}))
    return Heard((share < STABLE,), (), evidence, until, recent[-1].when)


def _drinks(case: Case) -> Heard:
    told, stale = answers(case, "audit_c")
    frequency, amount = told.get("frequency"), told.get("amount")
    if frequency is None or (frequency.score > 0 and amount is None):
        return Heard(missing=("how many drinks a week (AUDIT-C)",))
    often = OCCASIONS[frequency.score]
    much = DRINKS[amount.score] if amount else DRINKS[0]
    least, most = often[0] * much[0], often[1] * much[1] if often[1] else 0.0
    values = (False,) if most < MANY_DRINKS else (True,) if least >= MANY_DRINKS else (False, True)
    evidence = tuple(sorted({one.evidence for one in (frequency, amount) if one}))
    return Heard(values, (), evidence, stale, frequency.when)


def _kidneys(case: Case) -> Heard:
    failing = Held("", ("dialysis", "kidney_transplant")).heard(case)
    high = reaches(Number("", "creatinine", 12), Decimal("2.26"))
    return failing if failing.values == (True,) else either((failing, high(case)))


def _liver(case: Case) -> Heard:
    """A bilirubin up to 2 mg/dL settles it; above, what counts is told against a laboratory's own limits."""
    cirrhosis = Held("", ("cirrhosis",)).heard(case)
    if cirrhosis.values == (True,):
        return cirrhosis
    high = reaches(Number("", "total_bilirubin", 12), Decimal(2), counts=False)(case)
    if True in high.values:
        said = "whether AST, ALT or alkaline phosphatase is over 3 times its upper limit"
        return Heard((), (*cirrhosis.missing, said), (), high.until, high.when)
    return either((cirrhosis, high))


def _older(case: Case) -> Heard:
    found = Age().heard(case)
    return Heard(
        tuple(sorted({int(str(age)) > OLD for age in found.values})),
        found.missing,
        found.evidence,
        found.until,
    )


HAS_BLED = Asked(
    "has_bled",
    sourced(
        "has_bled",
        "A novel user-friendly score (HAS-BLED) to assess 1-year risk of major bleeding",
        "Chest 138:1093",
        "2010-11-01",
    ),
    (
        Worked(
            "hypertension_uncontrolled",
            reaches(Number("", "systolic_bp", 12), Decimal(160), counts=False),
            ("systolic_bp",),
        ),
        Worked("abnormal_renal_function", _kidneys, ("creatinine",)),
        Worked("abnormal_liver_function", _liver, ("total_bilirubin",)),
        Held("stroke", ("stroke",)),
        Held(
            "bleeding_history",
            ("major_bleeding", "intracranial_haemorrhage", "gastrointestinal_bleeding", "anaemia"),
        ),
        Worked("labile_inr", _labile, ("inr",)),
        Worked("elderly_over_65", _older),
        Taken("drugs_antiplatelet_nsaid", ("antiplatelet", "nsaid", "salicylate")),
        Worked("alcohol_excess", _drinks),
    ),
    (Told("score", "HAS-BLED", "{score}", 0, 1),),
    of=("atrial_fibrillation",),
    begins=("alcohol_excess",),
    outcome="Major bleeding within a year under an anticoagulant",
    notes=("A high score asks for what can be changed; it is no reason to withhold an anticoagulant.",),
)
