"""LACE and HOSPITAL from a chart, for adults who left hospital in the last 30 days.

An admission is made of all stays that touch one another. It was acute where a stay says so, or where a visit
to an emergency department led to it; where nothing says how it came about the score is not told. Only what is
on record is counted: visits elsewhere are not known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from mappers.context import Stay
from mappers.facts import Evidence, Truth
from workers.engine.answer import NO, Answer
from workers.engine.calendar import DAY, Span
from workers.engine.case import Case
from workers.engine.enrichers.asked import Asked, Told, sourced
from workers.engine.enrichers.charted import Heard, Worked
from workers.engine.enrichers.comorbidity import codes, lace_points
from workers.engine.readings import by_day
from workers.engine.scores.charlson_quan import categories_of
from workers.engine.vocabulary import analytes

RISK = timedelta(days=30)
YEAR, HALF_YEAR = Span(-12), Span(-6)
CANCER = frozenset({"any_malignancy", "metastatic_solid_tumor"})


@dataclass(frozen=True, slots=True)
class Admission:
    """Stays that touch one another, as one; ``ended`` is None while the last of them goes on."""

    started: date
    ended: date | None
    urgent: bool | None
    evidence: tuple[Evidence, ...]


def admissions(case: Case) -> tuple[Admission, ...]:
    """Every admission to a hospital that has a first day, oldest first."""
    return case.once(("admissions",), lambda: tuple(_admissions(case)))


def _admissions(case: Case) -> Iterable[Admission]:
    nights = [one for one in case.facts.stays if one.kind == "inpatient" and one.started]
    visits = [one for one in case.facts.stays if one.kind == "emergency" and one.started]
    found: list[Admission] = []
    for stay in sorted(nights, key=lambda one: (one.started or date.max, one.evidence)):
        last = found[-1] if found else None
        if last and stay.started and last.ended and stay.started <= last.ended:
            found[-1] = _joined(last, stay)
        elif stay.started:
            found.append(Admission(stay.started, stay.ended, stay.urgent, (stay.evidence,)))
    ended_on: dict[date, list[Stay]] = defaultdict(list)
    for visit in visits:
        ended_on[visit.ended or visit.started or date.min].append(visit)
    return [_come(one, [*ended_on[one.started - DAY], *ended_on[one.started]]) for one in found]


def _joined(last: Admission, stay: Stay) -> Admission:
    ended = None if last.ended is None or stay.ended is None else max(last.ended, stay.ended)
    urgent = last.urgent if last.urgent is not None else stay.urgent
    return Admission(last.started, ended, urgent, (*last.evidence, stay.evidence))


def _come(one: Admission, led: Sequence[Stay]) -> Admission:
    """The admission, urgent where a visit to an emergency department led to it."""
    if one.urgent is not None or not led:
        return one
    evidence = (*one.evidence, *(visit.evidence for visit in led))
    return Admission(one.started, one.ended, True, evidence)


def _leads(visit: Stay, one: Admission) -> bool:
    """Whether a visit ended on the day of an admission or the day before, as one over midnight does."""
    ended = visit.ended or visit.started
    return ended is not None and one.started - DAY <= ended <= one.started


def _index(case: Case) -> Admission | None:
    """The admission that ended last, if that is at most 30 days ago."""
    over = [one for one in admissions(case) if one.ended and one.ended <= case.today]
    newest = max(over, key=lambda one: one.started, default=None)
    return newest if newest and newest.ended and case.today <= newest.ended + RISK else None


def _at_home(case: Case) -> Answer:
    """Whether somebody left hospital in the last 30 days and is not there again."""
    index = _index(case)
    if index is None or index.ended is None:
        return NO
    if any(one.ended is None and one.started >= index.ended for one in admissions(case)):
        return NO
    return Answer(Truth.TRUE, index.ended + RISK + DAY, evidence=index.evidence)


def _stay(case: Case) -> Heard:
    index = _index(case)
    if index is None or index.ended is None:
        return Heard(missing=("a stay in hospital",))
    return Heard((float((index.ended - index.started).days),), (), index.evidence, None, index.ended)


def _urgent(case: Case) -> Heard:
    index = _index(case)
    if index is None or index.urgent is None:
        return Heard(missing=("whether the admission was an emergency",))
    return Heard((index.urgent,), (), index.evidence)


def _visits(case: Case) -> Heard:
    """Visits to an emergency department in the six months before, without the one that led to the stay."""
    index = _index(case)
    if index is None:
        return Heard(missing=("a stay in hospital",))
    since = HALF_YEAR.after(index.started)
    told = [
        one
        for one in case.facts.stays
        if one.kind == "emergency"
        and one.started
        and since <= one.started < index.started
        and not _leads(one, index)
    ]
    return Heard((float(len(told)),), (), tuple(sorted(one.evidence for one in told)))


def _before(case: Case) -> Heard:
    index = _index(case)
    if index is None:
        return Heard(missing=("a stay in hospital",))
    since = YEAR.after(index.started)
    told = [one for one in admissions(case) if since <= one.started < index.started]
    return Heard((float(len(told)),), (), tuple(sorted(piece for one in told for piece in one.evidence)))


def _last(name: str, analyte: str) -> Worked:
    """The newest number of the stay, on its last day at the latest."""

    def how(case: Case) -> Heard:
        index = _index(case)
        called = analytes()[analyte].name
        if index is None or index.ended is None:
            return Heard(missing=(f"{called} of the stay",))
        days = [one for one in by_day(case.readings(analyte)) if index.started <= one.when <= index.ended]
        if not days:
            return Heard(missing=(f"{called} of the stay",))
        if days[-1].low != days[-1].high:
            return Heard(missing=(f"an exact {called}",))
        return Heard((float(days[-1].low),), (), days[-1].evidence)

    return Worked(name, how, (analyte,))


def _procedure(case: Case) -> Heard:
    index = _index(case)
    if index is None or index.ended is None:
        return Heard(missing=("a stay in hospital",))
    done = [
        one
        for one in case.facts.deeds
        if one.kind == "procedure" and one.when and index.started <= one.when <= index.ended
    ]
    return Heard((bool(done),), (), tuple(sorted(one.evidence for one in done)))


def _oncology(case: Case) -> Heard:
    """Who has no cancer was not in oncology; of others no chart tells which department they left."""
    found = codes(case)
    if found.missing:
        return Heard(missing=found.missing)
    told = [str(code) for given in found.values if isinstance(given, tuple) for code in given]
    if CANCER.intersection(categories_of(told)):
        return Heard(missing=("whether the discharge was from oncology",))
    return Heard((False,))


_DAYS = Worked("length_of_stay_days", _stay)
LACE = Asked(
    "lace",
    sourced(
        "lace",
        "Derivation and validation of an index to predict early death or unplanned readmission",
        "CMAJ 182:551",
        "2010-04-06",
    ),
    (
        _DAYS,
        Worked("acute_admission", _urgent),
        Worked("charlson_lace", lace_points),
        Worked("ed_visits_6_months", _visits),
    ),
    (Told("score", "LACE", "{score}", 0, 1),),
    outcome="Death or unplanned readmission within 30 days of discharge",
    who=(_at_home,),
    notes=("Visits elsewhere are not known.", "The points of comorbidity are unverified."),
)
HOSPITAL = Asked(
    "hospital",
    sourced(
        "hospital",
        "International validity of the HOSPITAL score to predict 30-day potentially avoidable readmissions",
        "JAMA Intern Med 176:496",
        "2016-04-01",
    ),
    (
        _last("hemoglobin_g_dl", "hemoglobin"),
        Worked("oncology_discharge", _oncology),
        _last("sodium_mmol_l", "sodium"),
        Worked("procedure", _procedure),
        Worked("urgent_admission", _urgent),
        Worked("admissions_previous_year", _before),
        _DAYS,
    ),
    (Told("score", "HOSPITAL", "{score}", 0, 1),),
    outcome="Avoidable readmission within 30 days of discharge",
    who=(_at_home,),
    notes=("Admissions elsewhere are not known.",),
)
READMISSION = (LACE, HOSPITAL)
