"""What genes say of a medicine before it is started: never a prohibition, always a question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mappers.facts import Evidence, Facts
from workers.engine.answer import ordered
from workers.engine.genes.recommending import Table, recommend, tables
from workers.engine.genes.results import Standing, standings


@dataclass(frozen=True, slots=True)
class Objections:
    """The ingredients to which CPIC's tables have something to say, by which genes, and what is not known."""

    names: tuple[str, ...]
    genes: tuple[str, ...]
    gaps: tuple[str, ...]
    evidence: tuple[Evidence, ...]


def objections(facts: Facts, ingredients: Iterable[str]) -> Objections:
    """What stands against some ingredients in the genes that were tested; of others nothing is asked."""
    if not facts.genes:
        return Objections((), (), (), ())
    known, wanted = standings(facts.genes), set(ingredients)
    names: list[str] = []
    gaps: list[str] = []
    told: set[Standing] = set()
    for drug, table in tables().items():
        tested = [known[gene] for gene in table.genes if gene in known]
        if len(table.ingredients) > 1 or not table.ingredients <= wanted or not tested:
            continue
        missing, speaks = _asked(table, tested)
        names += [drug] if speaks else []
        gaps += missing
        told |= set(tested) if speaks or missing else set()
    pieces = {piece for one in told for piece in one.evidence}
    genes = tuple(sorted(one.gene for one in told))
    return Objections(tuple(sorted(names)), genes, ordered(gaps), tuple(sorted(pieces)))


def _asked(table: Table, tested: Sequence[Standing]) -> tuple[tuple[str, ...], bool]:
    """What is missing for a row, and whether the row asks for anything but what is usual."""
    gaps = tuple(one.gap for one in tested if one.gap)
    if gaps:
        return gaps, False
    found = recommend(table, {one.gene: one.keys for one in tested})
    return found.missing, not all(one.usual for one in found.recommendations)
