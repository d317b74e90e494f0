"""Charlson's index from a chart: the ICD-10 codes of its diagnoses, and of ours those that stand for one.

An active diagnosis that has neither a name of ours nor an ICD-10 code could be any of the categories, so the
index is not told while there is one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from mappers.facts import Problem
from workers.engine.answer import NO, YES, Answer
from workers.engine.case import Case
from workers.engine.enrichers.asked import Asked, Told, sourced
from workers.engine.enrichers.charted import Age, Heard, Worked
from workers.engine.people import PROBLEM_RESOURCES, unreadable
from workers.engine.scores.charlson_quan import categories_of
from workers.engine.scores.tables import rows

UNCODED = "an ICD-10 code of each diagnosis that has no name here"
UNREAD = "a diagnosis that could not be read"


@cache
def _stands_for() -> Mapping[str, str]:
    """An ICD-10 code for each diagnosis of ours that belongs to a category."""
    return {row["problem"]: row["icd10"] for row in rows("charlson/problems.csv")}


def codes(case: Case) -> Heard:
    """The codes of all active diagnoses that count, each with its evidence."""
    return case.once(("charlson codes",), lambda: _codes(case))


def _codes(case: Case) -> Heard:
    active = [one for one in case.facts.problems if one.active]
    told = {code for one in active for code in _coded(one)}
    evidence = tuple(sorted({one.evidence for one in active if categories_of(_coded(one))}))
    read = {one.evidence for one in case.facts.problems}
    gap = [UNREAD] if unreadable(case.facts, PROBLEM_RESOURCES, read) else []
    gap += [UNCODED] if any(one.key is None and not one.icd10 for one in active) else []
    return Heard((), tuple(gap), evidence) if gap else Heard((tuple(sorted(told)),), (), evidence)


def _coded(problem: Problem) -> tuple[str, ...]:
    return problem.icd10 or tuple(_known(problem))


def _known(problem: Problem) -> Iterator[str]:
    keys = (key for key in (problem.key, *problem.classes) if key is not None)
    yield from [_stands_for()[key] for key in keys if key in _stands_for()][:1]


def _any(case: Case) -> Answer:
    """Whether any diagnosis belongs to a category: of others the index says nothing."""
    return YES if codes(case).evidence else NO


def lace_points(case: Case) -> Heard:
    """The points of LACE's own list of comorbidities; kidney disease has 2 or 4 by how severe it is."""
    found = codes(case)
    if found.missing:
        return found
    met = [row for row in rows("charlson/lace.csv") if row["category"] in categories_of(_given(found))]
    ends = {sum(int(row[end]) for row in met) for end in ("least", "most")}
    return Heard(tuple(sorted(ends)), (), found.evidence)


def _given(found: Heard) -> tuple[str, ...]:
    return tuple(str(code) for given in found.values if isinstance(given, tuple) for code in given)


CHARLSON = Asked(
    "charlson_quan",
    sourced(
        "charlson_quan",
        "Coding algorithms for defining comorbidities in ICD-10 administrative data",
        "Med Care 43:1130",
        "2005-11-01",
    ),
    (Worked("icd10", codes), Age()),
    (
        Told("weight_1987", "Charlson index, weights of 1987", "{score}", 0, 1),
        Told("weight_2011", "Charlson index, weights of 2011", "{score}", 0, 1),
        Told("age_adjusted_1987", "Charlson index with age, weights of 1987", "{score}", 0, 1),
    ),
    outcome="Death within a year, by comorbidity",
    who=(_any,),
    in_pregnancy=True,
)
