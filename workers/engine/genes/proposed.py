"""What genes say of a medicine before it is started: never a prohibition, always a question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mappers.facts import Evidence, Facts
from workers.engine.answer import ordered
from workers.engine.dangers.taken import Taken
from workers.engine.genes.converting import converted
from workers.engine.genes.recommending import Table, recommend, tables
from workers.engine.genes.results import Standing, standings


@dataclass(frozen=True, slots=True)
class Objections:
    """The ingredients to which CPIC's tables have something to say, by which genes, and what is not known."""

    names: tuple[str, ...]
    genes: tuple[str, ...]
    gaps: tuple[str, ...]
    evidence: tuple[Evidence, ...]


NOTHING = Objections((), (), (), ())
NOTHING_TAKEN: Taken = {}


def objections(facts: Facts, ingredients: Iterable[str], taken: Taken = NOTHING_TAKEN) -> Objections:
    """What stands against some ingredients in the genes that were tested, as they are and as the inhibitors
    that are taken leave them; of other genes nothing is asked."""
    if not facts.genes:
        return NOTHING
    known, wanted = standings(facts.genes), set(ingredients)
    names: list[str] = []
    gaps: list[str] = []
    told: set[Standing] = set()
    for drug, table in tables().items():
        tested = [known[gene] for gene in table.genes if gene in known]
        if len(table.ingredients) > 1 or not table.ingredients <= wanted or not tested:
            continue
        beside = [converted(one, taken, table.ingredients) for one in tested]
        missing, speaks = _either(table, tested, beside)
        names += [drug] if speaks else []
        gaps += missing
        told |= set(beside) if speaks or missing else set()
    pieces = {piece for one in told for piece in one.evidence}
    genes = tuple(sorted(one.gene for one in told))
    return Objections(tuple(sorted(names)), genes, ordered(gaps), tuple(sorted(pieces)))


def inhibiting(facts: Facts, started: Iterable[str], taken: Taken) -> Objections:
    """What is taken of which CPIC would say something else beside an inhibitor among ``started``."""
    known = standings(facts.genes) if facts.genes else {}
    told: list[str] = []
    touched: set[Standing] = set()
    for drug, table in tables().items():
        tested = [known[gene] for gene in table.genes if gene in known]
        if not tested or not table.ingredients <= taken.keys():
            continue
        for new in sorted(set(started) - table.ingredients):
            beside = [converted(one, {new: ()}, table.ingredients) for one in tested]
            if beside != tested and _asked(table, beside)[1]:
                told.append(f"{new} would change what CPIC says of {drug}, which is taken")
                touched |= set(tested)
    pieces = {piece for one in touched for piece in one.evidence}
    return Objections(tuple(told), tuple(sorted(one.gene for one in touched)), (), tuple(sorted(pieces)))


def _either(
    table: Table, tested: Sequence[Standing], beside: Sequence[Standing]
) -> tuple[tuple[str, ...], bool]:
    """As ``_asked``, of the genes alone and beside inhibitors: each may call for something."""
    missing, speaks = _asked(table, tested)
    more, beside_speaks = (missing, speaks) if beside == tested else _asked(table, beside)
    return ordered([*missing, *more]), speaks or beside_speaks


def _asked(table: Table, tested: Sequence[Standing]) -> tuple[tuple[str, ...], bool]:
    """What is missing for a row, and whether the row asks for anything but what is usual."""
    gaps = tuple(one.gap for one in tested if one.gap)
    if gaps:
        return gaps, False
    found = recommend(table, {one.gene: one.keys for one in tested})
    return found.missing, not all(one.usual for one in found.recommendations)
