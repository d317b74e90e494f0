"""From alleles to phenotype, activity score and lookup key, by CPIC's allele functions and rules.

An allele that CPIC does not list gives no phenotype: unknown is never normal. The tables lie in
``workers/knowledge/cpic`` with their versions and dates (CC0).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from workers.engine.scores.tables import document, rows

NONE = "n/a"
PRESENCE = "allele_presence"
"""The method of genes of which an allele matters by being there (HLA)."""
_AT_LEAST = "≥"
_PAIR = 2


@dataclass(frozen=True, slots=True)
class Allele:
    """What CPIC says of one allele; ``activity`` is empty for genes without activity values."""

    name: str
    function: str
    activity: str


@dataclass(frozen=True, slots=True)
class Phenotype:
    """What a pair of alleles makes of somebody, and the key under which recommendations are looked up.

    ``lookup_key`` is None where the guideline follows a chart instead of a table (VKORC1).
    """

    phenotype: str
    lookup_key: str | None
    activity_score: str | None = None


class NoPhenotype(Exception):  # noqa: N818 - it reads as what happened
    """The alleles give none; the text says why, without repeating them."""


@cache
def alleles() -> Mapping[str, Mapping[str, Allele]]:
    """Every allele of every gene by its name."""
    found: dict[str, dict[str, Allele]] = {}
    for row in rows("cpic/allele_functions.csv"):
        allele = Allele(row["allele"], row["function"], row["activity_value"])
        found.setdefault(row["gene"], {})[allele.name] = allele
    return found


@cache
def edition(gene: str) -> str:
    """The version and date of CPIC's table of a gene, as a person reads them; empty where there is none."""
    row = next((row for row in rows("cpic/allele_functions.csv") if row["gene"] == gene), None)
    told = (row["source"], row["source_version"], row["source_date"]) if row else ()
    return ", ".join(part for part in told if part)


@cache
def genes() -> Mapping[str, Mapping[str, Any]]:
    """The rules of every gene that has a phenotype."""
    found: Mapping[str, Mapping[str, Any]] = document("cpic/phenotype_rules.json")["genes"]
    return found


def phenotype(gene: str, names: Sequence[str]) -> Phenotype:
    """The phenotype that alleles give; raises ``NoPhenotype``."""
    rule = genes().get(gene)
    if rule is None:
        raise NoPhenotype(f"CPIC's tables hold these genes: {', '.join(sorted(genes()))}")
    return _METHODS[rule["method"]](gene, rule, names)


def _by_score(gene: str, rule: Mapping[str, Any], names: Sequence[str]) -> Phenotype:
    values = [one.activity for one in _known(gene, names, (_PAIR,))]
    if any(value in ("", NONE) for value in values):
        return Phenotype("Indeterminate", NONE, NONE)
    total = sum((Decimal(value.lstrip(_AT_LEAST)) for value in values), Decimal(0))
    sign = _AT_LEAST if any(value.startswith(_AT_LEAST) for value in values) else ""
    score = f"{sign}{float(total)}"
    for one in rule["intervals"]:
        if Decimal(str(one["min"])) <= total and (one["max"] is None or total <= Decimal(str(one["max"]))):
            return Phenotype(one["phenotype"], score, score)
    raise NoPhenotype("CPIC's intervals have no phenotype for this activity score")


def _by_functions(gene: str, rule: Mapping[str, Any], names: Sequence[str]) -> Phenotype:
    counts = tuple({len(row["functions"]) for row in rule["table"]})
    functions = sorted(one.function for one in _known(gene, names, counts))
    return _row(rule, "functions", functions)


def _by_names(gene: str, rule: Mapping[str, Any], names: Sequence[str]) -> Phenotype:
    _known(gene, names, (_PAIR,))
    return _row(rule, "alleles", sorted(names))


def _row(rule: Mapping[str, Any], column: str, wanted: list[str]) -> Phenotype:
    for row in rule["table"]:
        if row[column] == wanted:
            return Phenotype(row["phenotype"], row.get("lookup_key"))
    raise NoPhenotype("CPIC's table has no phenotype for these alleles together")


def _by_presence(_: str, rule: Mapping[str, Any], names: Sequence[str]) -> Phenotype:
    """Of an HLA gene: whether each allele that matters is there; of a name its first two fields count."""
    if not names:
        raise NoPhenotype("a gene that was not typed is unknown, never negative")
    typed = {":".join(name.split(":")[:2]) for name in names}
    found = [row for row in rule["table"] if row["present"] == (row["allele"] in typed)]
    return Phenotype(
        "; ".join(row["phenotype"] for row in found), "; ".join(row["lookup_key"] for row in found)
    )


def _known(gene: str, names: Sequence[str], counts: Sequence[int]) -> list[Allele]:
    if len(names) not in counts:
        raise NoPhenotype(f"{gene} takes {' or '.join(map(str, sorted(counts)))} allele(s)")
    listed = alleles().get(gene, {})
    if any(name not in listed for name in names):
        raise NoPhenotype(f"an allele is not in CPIC's table of {gene}: unknown is not normal")
    return [listed[name] for name in names]


_METHODS: Mapping[str, Callable[[str, Mapping[str, Any], Sequence[str]], Phenotype]] = {
    "activity_score": _by_score,
    "function_pair": _by_functions,
    "single_function": _by_functions,
    "function_pair_named": _by_names,
    "allele_presence": _by_presence,
}
