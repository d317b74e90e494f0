"""What the results of a gene come to: the keys under which CPIC's tables are asked, or why there is none.

Two results that differ are unknown, with both told: the newer is not the truer, since genes do not change.
One allele of two is unknown, too. A phenotype as reported stands where there are no alleles, or where CPIC
does not list them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement

from mappers.facts import Evidence, GeneResult
from workers.engine.genes.phenotype import NoPhenotype, Phenotype, alleles, genes, phenotype

PRESENCE = "allele_presence"
_COPIES = re.compile(r"x([3-9]|[1-9][0-9])$")
_FIELDS = 2


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one gene. ``keys`` are all that may be true; none where there is a gap."""

    gene: str
    said: str
    """As a sentence shows it: ``*1/*2 (Intermediate Metabolizer)``."""
    keys: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    gap: str = ""


def standings(results: Iterable[GeneResult]) -> Mapping[str, Standing]:
    """What is known of each gene that has a result."""
    by_gene: dict[str, list[GeneResult]] = defaultdict(list)
    for one in results:
        if one.gene is not None:
            by_gene[one.gene].append(one)
    return {gene: _standing(gene, by_gene[gene]) for gene in sorted(by_gene)}


def _standing(gene: str, results: Sequence[GeneResult]) -> Standing:
    evidence = tuple(sorted({one.evidence for one in results}))
    reported = sorted({one.phenotype for one in results if one.phenotype})
    pairs = _pairs(gene, results)
    told = [_told(gene, pair) for pair in pairs]
    if len(pairs) > 1 or len(reported) > 1:
        return _gap(gene, evidence, _which(gene, [*told, *reported]))
    if not pairs and not reported:
        half = any(one.alleles for one in results)
        missing = f"the second allele of {gene}" if half else f"a result of {gene} that can be read"
        return _gap(gene, evidence, missing)
    try:
        found = phenotype(gene, pairs[0]) if pairs else None
    except NoPhenotype as none:
        found, why = None, f"a phenotype of {gene}: {none}"
        if not reported:
            return _gap(gene, evidence, why)
    if found is None:
        return _reported(gene, reported[0], evidence)
    if reported and found.phenotype != reported[0]:
        return _gap(gene, evidence, _which(gene, [*told, *reported]))
    return _keyed(gene, told[0], (found.lookup_key,) if found.lookup_key else (), evidence)


def _reported(gene: str, name: str, evidence: tuple[Evidence, ...]) -> Standing:
    return _keyed(gene, f"{name} (as reported)", keys_of(gene).get(name, ()), evidence)


def _keyed(gene: str, said: str, keys: tuple[str, ...], evidence: tuple[Evidence, ...]) -> Standing:
    gap = "" if keys else f"a key of CPIC's tables for this result of {gene}"
    return Standing(gene, said, keys, evidence, gap)


def _gap(gene: str, evidence: tuple[Evidence, ...], gap: str) -> Standing:
    return Standing(gene, "", (), evidence, gap)


def _which(gene: str, told: Sequence[str]) -> str:
    return f"which result of {gene} holds: {' or '.join(told)}"


def _told(gene: str, pair: tuple[str, ...]) -> str:
    names = "/".join(pair)
    try:
        return f"{names} ({phenotype(gene, pair).phenotype})"
    except NoPhenotype:
        return names


def _pairs(gene: str, results: Sequence[GeneResult]) -> list[tuple[str, ...]]:
    """The distinct pairs of alleles that are told; two single alleles that differ are one, too."""
    pairs = {tuple(sorted(_usual(gene, name) for name in one.alleles)) for one in results}
    whole = {pair for pair in pairs if len(pair) > 1}
    singles = {name for pair in pairs if len(pair) == 1 for name in pair}
    if len(singles) > 1 or (singles and whole and not all(singles <= set(pair) for pair in whole)):
        whole.add(tuple(sorted(singles)))
    return sorted(whole)


def _usual(gene: str, name: str) -> str:
    """An allele as CPIC's table spells it: an HLA type by two fields, three copies and more as ``x≥3``."""
    if genes().get(gene, {}).get("method") == PRESENCE:
        return ":".join(name.split(":")[:_FIELDS])
    return _by_star(gene).get(name) or _COPIES.sub("x≥3", name)


@cache
def _by_star(gene: str) -> Mapping[str, str]:
    """Of a gene whose alleles CPIC names by variant (DPYD): ``*2A`` is ``c.1905+1G>A (*2A)``."""
    listed = alleles().get(gene, {})
    found = {name.partition(" (")[2].rstrip(")"): name for name in listed if " (*" in name}
    return found | {"*1": "Reference"} if found and "Reference" in listed else found


@cache
def keys_of(gene: str) -> Mapping[str, tuple[str, ...]]:
    """By phenotype: every key that a pair of alleles with that phenotype can have."""
    if gene not in genes() or genes()[gene]["method"] == PRESENCE:
        return {}
    kinds = {(one.function, one.activity): one.name for one in alleles()[gene].values()}
    found: dict[str, set[str]] = defaultdict(set)
    for count in (1, 2):
        for names in combinations_with_replacement(sorted(kinds.values()), count):
            made = _made(gene, names)
            if made is not None and made.lookup_key is not None:
                found[made.phenotype].add(made.lookup_key)
    return {name: tuple(sorted(keys)) for name, keys in found.items()}


def _made(gene: str, names: Sequence[str]) -> Phenotype | None:
    try:
        return phenotype(gene, names)
    except NoPhenotype:
        return None
