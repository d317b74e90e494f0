"""Variants of Genomics Reporting, by HGVS or dbSNP: which alleles of a gene they can be part of.

A table says it (``mappers/data/gene_variants.csv``); a variant that it does not name defines no allele here,
and neither does one that is told by its place in the genome alone. On how many chromosomes it lies is the
allelic state; without that nobody knows. That one variant is absent says nothing of the rest of the gene,
unless the gene has that one site only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from mappers import codes
from mappers.codes import LOINC, Code
from mappers.fhir_to_facts.displays import displays
from mappers.lossless import Json
from mappers.tables import parts, rows

ASSESSMENT = "69548-6"
NAMES = frozenset({"48004-6", "48005-3", "81252-9", "81255-2", "47998-0"})
"""Questions that a variant's name answers: c.HGVS, p.HGVS, the discrete variant, dbSNP, its name."""
STATE = "53034-5"
PRESENT = frozenset({Code(LOINC, "LA9633-4"), Code(LOINC, "LA6576-8")})
ABSENT = frozenset({Code(LOINC, "LA9634-2"), Code(LOINC, "LA6577-6")})
STATES = {"LA6705-3": 2, "LA6706-1": 1, "LA6707-9": 1, "LA6704-6": 1, "LA6703-8": 1}
"""Homozygous, heterozygous, hemizygous, homoplasmic, heteroplasmic: on how many chromosomes."""
ALONE = frozenset({"LA6707-9", "LA6704-6", "LA6703-8"})
"""States of a chromosome without a partner."""
SITE = "dbSNP"

_HGVS = re.compile(r"([A-Z]{2}_[0-9]+)\.[0-9]+(?:\([A-Z0-9-]+\))?:((?:[cm]\.|p\.).+)")
_SITE = re.compile(r"rs[0-9]{1,12}")
_DELETED = re.compile(r"(?<=del)[ACGT]+$")


class Row(NamedTuple):
    """What a change means: the alleles that have it, and the allele of a chromosome that does not, where the
    site alone decides."""

    gene: str
    alleles: tuple[str, ...]
    otherwise: str | None
    confirmed: bool


class Found(NamedTuple):
    """A variant that was looked for: what it is part of, whether it is there, on how many chromosomes."""

    row: Row
    present: bool
    copies: int | None
    alone: bool


@cache
def _table() -> Mapping[tuple[str, str], Row]:
    return {
        (row["reference"], row["change"]): Row(
            row["gene"], parts(row["alleles"]), row["otherwise"] or None, row["confirmed"] == "yes"
        )
        for row in rows("gene_variants.csv")
    }


def is_variant(body: Mapping[str, Json]) -> bool:
    """Whether an Observation is about a variant that was looked for."""
    return ASSESSMENT in codes.plain(body.get("code"), LOINC)


def named(body: Mapping[str, Json]) -> set[Row]:
    """What the names that an Observation gives to its variant mean, where the table knows them."""
    known = [row for row in map(_table().get, _names(body)) if row is not None]
    # A name that was read at its source vouches for another of the same variant.
    sure = {(row.gene, row.alleles) for row in known if row.confirmed}
    return {row._replace(confirmed=(row.gene, row.alleles) in sure) for row in known}


def is_named(body: Mapping[str, Json]) -> bool:
    """Whether an Observation gives its variant a name at all."""
    return any(True for _ in _names(body))


def found(body: Mapping[str, Json], row: Row) -> Found | None:
    """Whether a variant is there; None where the value does not say."""
    told = set(codes.codes(body.get("valueCodeableConcept")))
    said = {True for code in told if code in PRESENT} | {False for code in told if code in ABSENT}
    if len(said) != 1:
        return None
    state = _state(body)
    return Found(row, said.pop(), STATES.get(state or ""), state in ALONE)


def _state(body: Mapping[str, Json]) -> str | None:
    told = {
        code.code
        for part in body.get("component", ())
        if STATE in codes.plain(part.get("code"), LOINC)
        for code in codes.codes(part.get("valueCodeableConcept"))
        if code.code in STATES
    }
    return told.pop() if len(told) == 1 else None


def _names(body: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """Each name as (reference sequence without its version, change)."""
    for part in body.get("component", ()):
        if NAMES.isdisjoint(codes.plain(part.get("code"), LOINC)):
            continue
        for text in _texts(part):
            hgvs = _HGVS.fullmatch(text)
            if hgvs:
                yield hgvs[1], _usual(hgvs[2])
            elif _SITE.fullmatch(text):
                yield SITE, text


def _texts(part: Mapping[str, Json]) -> Iterator[str]:
    concept = part.get("valueCodeableConcept")
    yield from (code.code for code in codes.codes(concept))
    yield from displays(concept)
    if isinstance(part.get("valueString"), str):
        yield part["valueString"]


def _usual(change: str) -> str:
    """A change as the table spells it: a protein without brackets, a deletion without its bases."""
    bare = change.replace("(", "").replace(")", "") if change.startswith("p.") else change
    return _DELETED.sub("", bare)
