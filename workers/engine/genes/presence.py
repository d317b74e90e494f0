"""Genes of which an allele matters by being there (HLA): what is known of each allele that CPIC asks for.

A whole type answers for all of them. A test for one allele answers for that one, and a single allele that was
found for itself: none of the others is thereby absent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mappers.facts import GeneResult
from workers.engine.genes.pairing import usual
from workers.engine.genes.phenotype import Phenotype, genes


class Contradicted(Exception):  # noqa: N818 - it reads as what happened
    """Results that cannot be true at once."""

    def __init__(self, told: tuple[str, ...]) -> None:
        super().__init__()
        self.told = told


def statements(gene: str, results: Iterable[GeneResult]) -> list[Phenotype]:
    """Of each allele that is known to be there or not, what that means; raises ``Contradicted``."""
    told = list(results)
    types = {tuple(sorted(usual(gene, name) for name in one.alleles)) for one in told if len(one.alleles) > 1}
    if len(types) > 1:
        raise Contradicted(tuple(sorted("/".join(one) for one in types)))
    known: dict[str, bool] = {}
    for one in told:
        for allele, there in _known(gene, one):
            if known.setdefault(allele, there) != there:
                raise Contradicted((f"{gene}{allele} positive", f"{gene}{allele} negative"))
    return [
        Phenotype(row["phenotype"], row["lookup_key"])
        for row in genes()[gene]["table"]
        if known.get(row["allele"]) == row["present"]
    ]


def _known(gene: str, one: GeneResult) -> Iterator[tuple[str, bool]]:
    """What one result says of each allele that matters."""
    asked = {row["allele"] for row in genes()[gene]["table"]}
    names = {usual(gene, name) for name in one.alleles}
    if one.present is not None or len(one.alleles) == 1:
        there = one.present is not False
        yield from ((name, there) for name in sorted(names & asked))
    elif names:
        yield from ((name, name in names) for name in sorted(asked))
