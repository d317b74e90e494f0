"""Patients for the engine's tests: written out in a few words, or generated."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from mappers.drugs import classes_of
from mappers.facts import (
    Allergy,
    Evidence,
    Facts,
    GeneResult,
    Measurement,
    Medicine,
    Person,
    Problem,
    Setting,
    Sex,
    Truth,
    Unreadable,
)
from workers.engine.vocabulary import analytes

TODAY = date(2026, 6, 15)


def evidence(kind: str, number: object = 1) -> Evidence:
    return Evidence(f"{kind}/{number}/_history/1")


def month(year: int, number: int) -> tuple[date, date]:
    return date(year, number, 1), date(year, number, monthrange(year, number)[1])


def person(sex: Sex = Sex.MALE, born: tuple[date, date] | None = month(1966, 3), **more: object) -> Person:
    return Person(evidence("Patient"), sex, born, deceased=bool(more.pop("deceased", False)), **more)


def measured(
    analyte: str,
    value: str,
    when: date = date(2026, 6, 1),
    setting: Setting = Setting.AMBULATORY,
    comparator: str | None = None,
) -> Measurement:
    where = evidence("Observation", f"{analyte}-{value}-{when}-{setting.value}-{comparator}")
    return Measurement(analyte, Decimal(value), analytes()[analyte].unit, when, setting, where, comparator)


def problem(key: str, active: bool = True) -> Problem:
    return Problem(key, "", "", active, None, evidence("Condition", key))


def medicine(*ingredients: str, active: bool = True, **more: date | None) -> Medicine:
    named = ingredients or None
    where = evidence("MedicationRequest", "-".join(ingredients) or "unresolved")
    return Medicine(named, classes_of(named), active, more.get("started"), more.get("stopped"), where)


def allergy(*substances: str, active: bool = True, intolerance: bool = False) -> Allergy:
    named = substances or None
    where = evidence("AllergyIntolerance", "-".join(substances) or "unread")
    return Allergy(named, classes_of(named), active, intolerance, where)


def gene_result(gene: str | None, *alleles: str, phenotype: str | None = None, number: int = 1) -> GeneResult:
    where = evidence("Observation", f"{gene}-{'-'.join(alleles)}-{phenotype}-{number}")
    return GeneResult(gene, tuple(sorted(alleles)), phenotype, None, where)


def unread(kind: str) -> Unreadable:
    return Unreadable(evidence(kind, "unread"), kind, "is known only as text")


def facts(
    *known: object,
    who: Person | None = None,
    today: date = TODAY,
    pregnant: Truth = Truth.UNKNOWN,
    lactating: Truth = Truth.UNKNOWN,
) -> Facts:
    def only(kind: type) -> tuple:
        return tuple(one for one in known if isinstance(one, kind))

    return Facts(
        today,
        who or person(),
        only(Measurement),
        only(Problem),
        only(Medicine),
        only(Allergy),
        pregnant=pregnant,
        lactating=lactating,
        unreadable=only(Unreadable),
        genes=only(GeneResult),
    )


NUMBERS = {
    "hba1c": ("5.0", "12.0", 1),
    "systolic_bp": ("100", "200", 0),
    "diastolic_bp": ("60", "125", 0),
    "creatinine": ("0.5", "6.0", 2),
    "egfr": ("5", "110", 0),
    "urine_acr": ("1", "600", 0),
    "potassium": ("3.0", "6.5", 1),
    "body_weight": ("45", "150", 0),
    "body_height": ("150", "200", 0),
    "ldl": ("40", "200", 0),
}
PROBLEMS = [
    "type_2_diabetes",
    "hypertension",
    "ckd",
    "myocardial_infarction",
    "angioedema",
    "palliative_care",
    "dialysis",
    "menopause",
    "asthma",
]
MEDICINES = ["metformin", "lisinopril", "losartan", "atorvastatin", "amlodipine"]

days = st.dates(date(2023, 1, 1), TODAY)


@st.composite
def measurements(draw: st.DrawFn) -> Measurement:
    analyte = draw(st.sampled_from(sorted(NUMBERS)))
    low, high, places = NUMBERS[analyte]
    value = draw(st.decimals(Decimal(low), Decimal(high), places=places))
    comparator = draw(st.sampled_from([None, None, None, None, "<", ">"]))
    return measured(analyte, str(value), draw(days), draw(st.sampled_from(Setting)), comparator)


@st.composite
def persons(draw: st.DrawFn, youngest: int = 1930, oldest: int = 2015) -> Person:
    born = draw(
        st.none() | st.builds(month, st.integers(youngest, oldest), st.integers(1, 12))
        if youngest < 1990
        else st.builds(month, st.integers(youngest, oldest), st.integers(1, 12))
    )
    return person(draw(st.sampled_from(Sex)), born)


@st.composite
def medicines(draw: st.DrawFn) -> Medicine:
    name = draw(st.sampled_from(MEDICINES))
    stopped = draw(st.none() | st.dates(TODAY - timedelta(days=60), TODAY + timedelta(days=400)))
    return draw(st.sampled_from([medicine(name, stopped=stopped), medicine(name, active=False), medicine()]))


@st.composite
def patients(draw: st.DrawFn, who: st.SearchStrategy[Person] | None = None) -> Facts:
    known: list[object] = [
        *draw(st.lists(measurements(), max_size=14)),
        *(problem(key) for key in draw(st.lists(st.sampled_from(PROBLEMS), max_size=4, unique=True))),
        *draw(st.lists(medicines(), max_size=3)),
        *draw(
            st.lists(st.sampled_from([allergy(), allergy("lisinopril"), allergy("penicillin g")]), max_size=1)
        ),
        *draw(st.lists(st.sampled_from([unread("Condition"), unread("MedicationRequest")]), max_size=1)),
    ]
    return facts(
        *known,
        who=draw(persons() if who is None else who),
        pregnant=draw(st.sampled_from(Truth)),
        lactating=draw(st.sampled_from(Truth)),
    )
