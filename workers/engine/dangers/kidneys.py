"""How well the kidneys clear medicines, as labels ask: by eGFR, or by creatinine clearance (Cockcroft-Gault).

Both are known between two ends where an input is: a birthday in this month, a laboratory's ``<``, a record of
both sexes. A limit between the ends answers unknown. Values older than a year are missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, localcontext
from itertools import product

from mappers.facts import Sex
from workers.engine.answer import ordered, soonest
from workers.engine.calendar import Span, birthday
from workers.engine.case import Case
from workers.engine.known import Known, absent, between
from workers.engine.numbers import LEAVES
from workers.engine.people import SEXES, sexes
from workers.engine.readings import ANYWHERE, DIGITS, Lens

YEAR = Span(12)
LENS = Lens(ANYWHERE, {"egfr": YEAR, "creatinine": YEAR, "body_weight": YEAR})
FEMALE_FACTOR = {Sex.FEMALE: Decimal("0.85"), Sex.MALE: Decimal(1)}
UNITS = {"egfr": "mL/min/1.73 m²", "crcl": "mL/min"}
NAMES = {"egfr": "an eGFR", "crcl": "a creatinine clearance"}


def egfr(case: Case) -> Known:
    """The newest eGFR of a year, in mL/min/1.73 m²."""
    return LEAVES["value"][1]("egfr")(case, LENS)


def clearance(case: Case) -> Known:
    """Creatinine clearance in mL/min (doi 10.1159/000180580): age, sex, weight and creatinine of a year."""
    person, age = case.facts.person, case.facts.person.age(case.today)
    parts = [LEAVES["value"][1](analyte)(case, LENS) for analyte in ("body_weight", "creatinine")]
    gaps = [*([] if age else ["date of birth"]), *([] if sexes(person) else ["sex"])]
    gaps += [part.gap for part in parts if part.gap]
    until = soonest(part.until for part in parts)
    if gaps or age is None or person.born is None:
        return absent("; ".join(ordered(gaps)), until)
    turns = (birthday(person.born[1], age.low + 1), birthday(person.born[0], age.high + 1))
    weights, tests = ([one for one in part.values if isinstance(one, Decimal)] for part in parts)
    found = [
        _cockcroft_gault(years, weight, creatinine, sex)
        for years, weight, creatinine in product({age.low, age.high}, weights, tests)
        for sex in SEXES & sexes(person)
    ]
    evidence = tuple(sorted({person.evidence, *(piece for part in parts for piece in part.evidence)}))
    until = soonest((until, *(day for day in turns if day > case.today)))
    return between(min(found), max(found), evidence, until)


def _cockcroft_gault(years: int, weight: Decimal, creatinine: Decimal, sex: Sex) -> Decimal:
    if creatinine <= 0 or not weight.is_finite():
        return Decimal("Infinity")
    with localcontext(prec=DIGITS):
        return max(Decimal(0), (140 - years) * weight / (72 * creatinine) * FEMALE_FACTOR[sex])


MEASURES: Mapping[str, Callable[[Case], Known]] = {"egfr": egfr, "crcl": clearance}
