"""From a medicine and the keys of genes to CPIC's recommendation: the row of the table, or why there is none.

A key that no row has is unknown, never "no action". What CPIC has changed since the table was drawn is not
told at all: its text is left behind when the table is read, and the current guideline is linked instead.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

from mappers import drug_words
from workers.engine.genes.phenotype import NONE
from workers.engine.scores.tables import document, rows

TABLE = "cpic/recommendations.csv"
CHARTS = "cpic/drugs_without_table.json"
NO_CHANGE = "cpic/no_change.csv"
NO_RESULT = "No Result"
"""CPIC's key of a gene that was not tested."""

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Guideline:
    """Where a recommendation stands."""

    title: str
    url: str
    version: str
    date: str


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One row. ``text``, ``strength`` and ``implications`` are empty where CPIC has changed it since."""

    population: str
    text: str
    strength: str
    implications: tuple[str, ...]
    further: bool
    """Whether the guideline has a remark that the table does not carry."""
    changed: str
    """The day on which CPIC changed the recommendations of this medicine, or empty."""

    @property
    def usual(self) -> bool:
        """Whether it asks for nothing but what is usual."""
        return self.text in no_change()


@dataclass(frozen=True, slots=True)
class Table:
    """The recommendations for one medicine, by one key for each of its genes, in the order of ``genes``."""

    drug: str
    ingredients: frozenset[str]
    genes: tuple[str, ...]
    guideline: Guideline
    rows: Mapping[Key, tuple[Recommendation, ...]]
    rxcui: str = ""
    """RxNorm's code of the medicine, where CPIC gives one."""

    def keys(self, gene: str) -> frozenset[str]:
        """The keys that rows of this medicine have for a gene."""
        return frozenset(key[self.genes.index(gene)] for key in self.rows)


@dataclass(frozen=True, slots=True)
class Chart:
    """A medicine with a guideline that no table can hold."""

    drug: str
    genes: tuple[str, ...]
    guideline: Guideline


@dataclass(frozen=True, slots=True)
class Found:
    """The rows for a patient, one for each population that the guideline tells apart; or what is missing."""

    recommendations: tuple[Recommendation, ...] = ()
    missing: tuple[str, ...] = ()


@cache
def tables() -> Mapping[str, Table]:
    """Every medicine that has a table, by CPIC's name."""
    found: dict[str, dict[Key, list[Recommendation]]] = defaultdict(lambda: defaultdict(list))
    heads: dict[str, tuple[tuple[str, ...], Guideline]] = {}
    codes: dict[str, str] = {}
    for row in rows(TABLE):
        key = json.loads(row["lookup_key"])
        heads[row["drug"]] = (tuple(sorted(key)), _guideline(row))
        codes[row["drug"]] = row["rxcui"]
        found[row["drug"]][tuple(key[gene] for gene in sorted(key))].append(_recommendation(row))
    return {
        drug: Table(
            drug,
            _ingredients(drug),
            *heads[drug],
            {key: tuple(one) for key, one in held.items()},
            codes[drug],
        )
        for drug, held in found.items()
    }


def _guideline(row: Mapping[str, str]) -> Guideline:
    return Guideline(row["guideline"], row["guideline_url"], row["cpic_version"], row["cpic_date"])


def _recommendation(row: Mapping[str, str]) -> Recommendation:
    changed = row["changed_by_cpic_after"]
    told = json.loads(row["implications"]) if row["implications"] and not changed else {}
    return Recommendation(
        row["population"],
        "" if changed else row["recommendation"],
        "" if changed else row["strength"],
        tuple(f"{gene}: {told[gene]}" for gene in sorted(told) if told[gene] != NONE),
        row["has_further_comment"] == "yes",
        changed,
    )


def _ingredients(drug: str) -> frozenset[str]:
    """Our names of a medicine's ingredients: all of them must be taken for the table to concern anybody."""
    return frozenset(drug_words.name_of(one) or one for one in drug.split(" / "))


@cache
def no_change() -> frozenset[str]:
    """CPIC's sentences that ask for nothing but what is usual; any other asks for something."""
    return frozenset(row["recommendation"] for row in rows(NO_CHANGE))


@cache
def charts() -> Mapping[str, Chart]:
    """Every medicine whose guideline follows a chart instead of a table."""
    content = document(CHARTS)
    return {
        one["drug"]: Chart(
            one["drug"],
            tuple(one["genes"].split(";")),
            Guideline(one["guideline"], one["url"], content["cpic_version"], content["cpic_date"]),
        )
        for one in content["drugs"]
    }


def recommend(table: Table, keys: Mapping[str, Sequence[str]]) -> Found:
    """What CPIC recommends. ``keys`` has, of each gene that was tested, all keys that may be true; those that
    are true at once (HLA) stand in one, with ``; `` between. A gene that was not tested is not in it."""
    options = [_options(table, gene, keys.get(gene)) for gene in table.genes]
    missing = tuple(gap for _, gap in options if gap)
    if missing:
        return Found(missing=missing)
    found = {table.rows.get(key) for key in product(*(chosen for chosen, _ in options))}
    if None in found:
        return Found(missing=(f"a row of CPIC's table for these results of {' and '.join(table.genes)}",))
    if len(found) > 1:
        return Found(missing=(f"the exact result of {' and '.join(_open(table, options))}",))
    return Found(found.pop() or ())


def _open(table: Table, options: Sequence[tuple[tuple[str, ...], str]]) -> list[str]:
    return [gene for gene, (chosen, _) in zip(table.genes, options, strict=True) if len(chosen) > 1]


def _options(table: Table, gene: str, keys: Sequence[str] | None) -> tuple[tuple[str, ...], str]:
    """The keys of a gene that the table is asked by, and what is missing."""
    known = table.keys(gene)
    if keys is None:
        return ((NO_RESULT,), "") if NO_RESULT in known else ((), f"a result of {gene}")
    chosen = tuple(part for key in keys for part in [key, *key.split("; ")] if part in known)
    if keys and not chosen and NO_RESULT in known and _of_others(keys):
        return (NO_RESULT,), ""
    if not keys or len(set(chosen)) < len(keys):
        return (), f"a row of CPIC's table for this result of {gene}"
    return tuple(dict.fromkeys(chosen)), ""


def _of_others(keys: Sequence[str]) -> bool:
    """Whether keys speak of single alleles, none of which a table asks for: of those it does nobody knows."""
    return all(part.endswith((" positive", " negative")) for key in keys for part in key.split("; "))
