"""Reads alleles as laboratories write them: ``CYP2C19*2/*17``, ``*1.001``, ``hla#3.23.0#HLA-B*15:01+…``.

A string that leaves anything open (a choice between alleles, an HLA type of one field, an allele that is not
expressed) gives nothing: half of a genotype would look like a whole one.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_GL_STRING = re.compile(r"hla#[0-9.]+#")
_PART = re.compile(r"(?:(?P<gene>[A-Z][A-Z0-9-]*)[ _]?)?(?P<allele>\*[^\s*]+)")
_STAR = re.compile(r"\*[0-9]{1,3}[A-Z]?(?:\.[0-9]{3})?(?:x(?:[0-9]{1,2}|N|≥[0-9]))?")
_HLA = re.compile(r"\*[0-9]{2,3}(?::[0-9]{2,4}){1,3}[GP]?")
_SUBALLELE = re.compile(r"\.[0-9]{3}")
_LOCI = frozenset("ABC")
PAIR = 2


class Alleles(NamedTuple):
    """The gene, where the string names it, and one allele or two, sorted."""

    gene: str | None
    names: tuple[str, ...]


def read(text: str) -> Alleles | None:
    """The alleles that a string states; None where it states none, more than two, or leaves any open."""
    bare = _GL_STRING.sub("", text.strip(), count=1)
    if "+" in bare and "/" in bare:
        return None
    parts = [_part(one) for one in re.split(r"\s*[/+]\s*", bare)]
    named = [one for one in parts if one is not None]
    genes = {gene for gene, _ in named if gene}
    if len(named) != len(parts) or len(parts) > PAIR or len(genes) > 1:
        return None
    return Alleles(next(iter(genes), None), tuple(sorted(name for _, name in named)))


def _part(text: str) -> tuple[str | None, str] | None:
    found = _PART.fullmatch(text)
    if found is None:
        return None
    gene, allele = found["gene"], found["allele"]
    gene = f"HLA-{gene}" if gene in _LOCI else gene
    if ":" in allele:
        return (gene, allele.rstrip("GP")) if _HLA.fullmatch(allele) else None
    if (gene or "").startswith("HLA-") or _STAR.fullmatch(allele) is None:
        return None
    return gene, _SUBALLELE.sub("", allele)
