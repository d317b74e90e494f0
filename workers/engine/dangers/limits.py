"""Limits of medicines by disease and kidney function: two tables, and how a patient answers their rows.

Labels and guidelines set them for adults. Dialysis is below every limit of the kidney. Whoever has heart
failure of which the ejection fraction is not known answers a limit for a reduced one with unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from mappers.facts import Truth
from mappers.recommendations import Rule, Source
from workers.engine.answer import NO, Answer, all_of, any_of
from workers.engine.calendar import Span, at_least
from workers.engine.case import Case, Resolve
from workers.engine.dangers.kidneys import MEASURES, NAMES, UNITS
from workers.engine.known import Known, spell
from workers.engine.numbers import LEAVES
from workers.engine.people import has
from workers.engine.readings import ANYWHERE, Lens
from workers.engine.scores.tables import rows
from workers.engine.vocabulary import medicines, spelt, token

KIDNEY, DISEASES = "limits/kidney.csv", "limits/diseases.csv"
BARS = frozenset({"contraindicated", "avoid", "not-started"})
"""Verdicts under which a medicine is not started; ``caution`` changes its dose or what is watched."""
WORDS = {
    "contraindicated": "is contraindicated",
    "avoid": "is avoided",
    "not-started": "is not started",
    "caution": "needs care",
}
REDUCED, LOW_EJECTION = "reduced_ejection_fraction", Decimal(40)
_EJECTION = Lens(ANYWHERE, {"lvef": Span(24)})
ADULT = 18


@dataclass(frozen=True, slots=True)
class Limit:
    """One row: a medicine or class, and a disease, or a measure of the kidney and the limit."""

    key: str
    medicine: str
    problem: str
    measure: str
    below: Decimal
    inclusive: bool
    verdict: str
    severity: str
    consequence: str
    rule: Rule

    @property
    def ingredients(self) -> frozenset[str]:
        """Whom it concerns."""
        return medicines()[token(self.medicine)]

    @property
    def where(self) -> str:
        """When it holds, in words."""
        if self.problem:
            return f"with {spelt(self.problem)}"
        sign = "at or below" if self.inclusive else "below"
        return f"{sign} {NAMES[self.measure]} of {spell(self.below)} {UNITS[self.measure]}"


@cache
def limits() -> tuple[Limit, ...]:
    """Every row of both tables; raises ``ValueError`` for a name that nobody knows."""
    return tuple(_limit(row) for table in (KIDNEY, DISEASES) for row in rows(table))


@cache
def by_ingredient() -> Mapping[str, tuple[Limit, ...]]:
    """By ingredient: the limits that concern it, in the order of the tables."""
    names = {name for limit in limits() for name in limit.ingredients}
    return {name: tuple(one for one in limits() if name in one.ingredients) for name in sorted(names)}


def concerning(ingredients: Iterable[str]) -> tuple[Limit, ...]:
    """The limits that concern any of some ingredients."""
    wanted = {limit.key for name in ingredients for limit in by_ingredient().get(name, ())}
    return tuple(one for one in limits() if one.key in wanted)


def holds(case: Case, limit: Limit) -> Answer:
    """Whether a limit holds for a patient; unknown with what is missing."""
    return case.once(("limit", limit.key), lambda: _holds(case, limit))


def whole() -> Rule:
    """Both tables as one rule: what could not be asked of them."""
    source = Source("Limits of medicines", "Careloom", "1", "2026-11-22", "", "as each row says", False)
    return Rule("limits", "1", "Limits of medicines by disease and kidney function", source)


def _holds(case: Case, limit: Limit) -> Answer:
    grown = at_least(case.facts.person, ADULT, case.today)
    if grown.truth is Truth.FALSE:
        return Answer(Truth.FALSE, grown.until)
    found = _disease(case, limit.problem) if limit.problem else _kidney(case, limit)
    return all_of((Answer(grown.truth, grown.until, grown.missing), found))


def _kidney(case: Case, limit: Limit) -> Answer:
    return any_of((_answer(case, "dialysis"), _below(MEASURES[limit.measure](case), limit)))


def _below(known: Known, limit: Limit) -> Answer:
    values = [one for one in known.values if isinstance(one, Decimal)]
    if not values:
        return Answer(Truth.UNKNOWN, known.until, (known.gap,), known.evidence)
    under = {one < limit.below or (limit.inclusive and one == limit.below) for one in values}
    if len(under) > 1:
        missing = f"{NAMES[limit.measure]} on one side of {spell(limit.below)} {UNITS[limit.measure]}"
        return Answer(Truth.UNKNOWN, known.until, (missing,), known.evidence)
    return Answer(Truth.of(under.pop()), known.until, (), known.evidence)


def _disease(case: Case, key: str) -> Answer:
    found = _answer(case, key)
    if key != REDUCED or found.truth is Truth.TRUE:
        return found
    failing = _answer(case, "heart_failure")
    return all_of((failing, _weak(case))) if failing.truth is not Truth.FALSE else NO


def _weak(case: Case) -> Answer:
    """Whether the ejection fraction is 40 % or less."""
    known = LEAVES["value"][1]("lvef")(case, _EJECTION)
    values = [one for one in known.values if isinstance(one, Decimal)]
    weak = {one <= LOW_EJECTION for one in values}
    if len(weak) != 1:
        missing = known.gap or "an ejection fraction on one side of 40 %"
        return Answer(Truth.UNKNOWN, known.until, (missing,), known.evidence)
    return Answer(Truth.of(weak.pop()), known.until, (), known.evidence)


def _answer(case: Case, key: str) -> Answer:
    resolve: Resolve = has(key)
    known = case.once(("has", key, "limit"), lambda: resolve(case, Lens()))
    if not known.values:
        return Answer(Truth.UNKNOWN, known.until, (known.gap,), known.evidence)
    return Answer(Truth.of(known.values[0] is True), known.until, (), known.evidence)


def _limit(row: Mapping[str, str]) -> Limit:
    if token(row["medicine"]) not in medicines():
        raise ValueError(f"limits name a medicine that no other table has: {row['medicine']}")
    below = row.get("below", "")
    source = Source(
        row["source"],
        "Careloom, table of limits",
        row["version"],
        row["date"],
        row["url"],
        row["verdict"],
        confirmed=row["confirmed"] == "yes",
    )
    return Limit(
        key=row["key"],
        medicine=row["medicine"],
        problem=row.get("problem", ""),
        measure=row.get("measure", ""),
        below=Decimal(below.removeprefix("<=") or 0),
        inclusive=below.startswith("<="),
        verdict=row["verdict"],
        severity=row["severity"],
        consequence=row["consequence"],
        rule=Rule(f"limit-{row['key']}", row["version"], f"Limit of {spelt(row['medicine'])}", source),
    )
