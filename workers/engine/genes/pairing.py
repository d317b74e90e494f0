"""Which pairs of alleles may be true: every reading of what was reported of one gene.

A pair that was reported is one reading. A variant on both chromosomes is as many as it can be a part of;
copies that were counted but not assigned are one for each allele that can have them. What tells of one
chromosome alone (a haplotype, a heterozygous variant) narrows what others leave open, and by itself is half:
all pairs that hold it are possible.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement

from mappers.facts import GeneResult
from workers.engine.genes.phenotype import PRESENCE, alleles, genes

_COPIES = re.compile(r"x([3-9]|[1-9][0-9])$")
_COUNTED = re.compile(r"(.+?)(?:x([0-9]+|N|≥3))?$")
_DELETED = "*5"
"""CYP2D6's allele of a chromosome without the gene."""
_FIELDS = 2
_TWO, _THREE = 2, 3

Pair = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Half:
    """What is known of one chromosome: the alleles that it can be; ``phased`` where a haplotype told it."""

    alleles: tuple[str, ...]
    phased: bool


def usual(gene: str, name: str) -> str:
    """An allele as CPIC's table spells it: an HLA type by two fields, three copies and more as ``x≥3``."""
    if genes().get(gene, {}).get("method") == PRESENCE:
        return ":".join(name.split(":")[:_FIELDS])
    return _by_star(gene).get(name) or _COPIES.sub("x≥3", name)


@cache
def _by_star(gene: str) -> dict[str, str]:
    """Of a gene whose alleles CPIC names by variant (DPYD): ``*2A`` is ``c.1905+1G>A (*2A)``."""
    listed = alleles().get(gene, {})
    found = {name.partition(" (")[2].rstrip(")"): name for name in listed if " (*" in name}
    return found | {"*1": "Reference"} if found and "Reference" in listed else found


def readings(gene: str, results: Iterable[GeneResult]) -> list[frozenset[Pair]]:
    """What each whole result can mean; two haplotypes that differ are a pair."""
    told = [found for one in results if (found := _whole(gene, one))]
    singles = {usual(gene, one.alleles[0]) for one in results if len(one.alleles) == 1 and not one.whole}
    fits = all(any(singles <= set(pair) for pair in found) for found in told)
    if len(singles) > 1 or (singles and told and not fits):
        told.append(frozenset({tuple(sorted(singles))}))
    return list(dict.fromkeys(told))


def _whole(gene: str, one: GeneResult) -> frozenset[Pair]:
    if one.variant and one.whole:
        return frozenset((usual(gene, name),) for name in one.variant)
    if one.variant and one.copies == _TWO:
        return frozenset(combinations_with_replacement(sorted(one.variant), _TWO))
    if len(one.alleles) > 1 or (one.alleles and one.whole):
        return counted(gene, one.alleles, one.copies)
    return frozenset()


def halves(gene: str, results: Iterable[GeneResult]) -> list[Half]:
    """What tells of one chromosome alone, each once."""
    found = [
        Half(tuple(usual(gene, name) for name in one.alleles or one.variant), bool(one.alleles))
        for one in results
        if one.present is None
        and (
            (len(one.alleles) == 1 and not one.whole)
            or (one.variant and one.copies != _TWO and not one.whole)
        )
    ]
    return list(dict.fromkeys(found))


def narrowed(possible: frozenset[Pair], known: Iterable[Half]) -> frozenset[Pair]:
    """The pairs that hold, of every half, one of the alleles that it can be."""
    return frozenset(pair for pair in possible if all(set(half.alleles) & set(pair) for half in known))


def holding(gene: str, half: Half) -> frozenset[Pair]:
    """Every pair of listed alleles that holds one of a half."""
    listed = sorted(alleles().get(gene, {}))
    known = [name for name in half.alleles if name in listed]
    if len(known) < len(half.alleles):
        return frozenset()
    return frozenset(tuple(sorted((one, other))) for one in known for other in listed)


def counted(gene: str, names: Sequence[str], copies: int | None) -> frozenset[Pair]:
    """The pairs that alleles can be when so many copies of the gene were counted; none where that cannot be.

    ``*1/*4`` with three copies is ``*1x2/*4`` or ``*1/*4x2``; ``*1xN/*4`` with three is the first.
    """
    plain = tuple(sorted(usual(gene, name) for name in names))
    parted = [_COUNTED.fullmatch(name) for name in names]
    told = [found[2] for found in parted if found]
    if copies is None or (copies == _TWO and not any(told)) or len(names) != _TWO or len(told) != _TWO:
        return frozenset({plain})
    bare = [found[1] for found in parted if found]
    if copies < _TWO:
        return _lost(gene, bare, copies) if not any(told) else frozenset()
    return frozenset(
        tuple(sorted(usual(gene, _times(name, count)) for name, count in zip(bare, split, strict=True)))
        for split in ((first, copies - first) for first in range(1, copies))
        if all(_fits(count, said, told) for count, said in zip(split, told, strict=True))
    )


def _lost(gene: str, bare: Sequence[str], copies: int) -> frozenset[Pair]:
    """Fewer than two copies: what looks like a pair of the same is one beside a chromosome without any."""
    if _DELETED not in alleles().get(gene, {}) or len(set(bare)) > copies:
        return frozenset()
    return frozenset({tuple(sorted((*sorted(set(bare))[:copies], *[_DELETED] * (_TWO - copies))))})


def _fits(count: int, said: str | None, told: Sequence[str | None]) -> bool:
    """Whether a chromosome can have so many copies beside what its name says."""
    if said is None:
        return count == 1 or not any(told)
    if said.isdigit():
        return count == int(said)
    return count >= (_THREE if said == "≥3" else _TWO)


def _times(name: str, count: int) -> str:
    return name if count == 1 else f"{name}x{count}"
