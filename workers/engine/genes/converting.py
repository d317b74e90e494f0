"""Phenoconversion: a strong inhibitor makes of whatever the genes allow a phenotype without activity.

CPIC multiplies the activity score by 0. Which medicines are strong inhibitors was not read at its source, so
whatever follows from it bears that it is unverified, and stands beside what the genes say alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from mappers.facts import Evidence
from workers.engine.genes.phenotype import NONE
from workers.engine.genes.results import Standing
from workers.engine.scores.tables import rows

TABLE = "cpic/inhibitors.csv"


@cache
def inhibitors() -> Mapping[str, Mapping[str, tuple[str, str]]]:
    """By gene and inhibitor: the key and the phenotype that are left."""
    found: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
    for row in rows(TABLE):
        found[row["gene"]][row["inhibitor"]] = (row["key"], row["phenotype"])
    return found


def converted(
    standing: Standing, taken: Mapping[str, tuple[Evidence, ...]], medicine: frozenset[str]
) -> Standing:
    """What a gene comes to beside the inhibitors that are taken; the same where there are none.

    A medicine is no inhibitor of itself: CPIC's rows for it hold that already.
    """
    known = inhibitors().get(standing.gene, {})
    beside = sorted(name for name in known if name in taken and name not in medicine)
    if not beside or standing.gap or NONE in standing.keys:
        return standing
    key, phenotype = known[beside[0]]
    if standing.keys == (key,):
        return standing
    evidence = {*standing.evidence, *(piece for name in beside for piece in taken[name])}
    said = f"{standing.said}, which {' and '.join(beside)} may turn into {phenotype}"
    return replace(standing, said=said, keys=(key,), evidence=tuple(sorted(evidence)))
