"""Phenotypes: every diplotype that the allele table can form, and what is not a diplotype."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import combinations_with_replacement
from pathlib import Path

import pytest

from workers.engine.genes.phenotype import NONE, NoPhenotype, Phenotype, alleles, genes, phenotype

PAIRED = sorted(gene for gene, rule in genes().items() if rule["method"] != "allele_presence")
SCORED = sorted(gene for gene, rule in genes().items() if rule["method"] == "activity_score")


def diplotypes(gene: str) -> Iterator[tuple[str, ...]]:
    names = sorted(alleles()[gene])
    if genes()[gene]["method"] == "single_function":
        return ((name,) for name in names)
    return combinations_with_replacement(names, 2)


@pytest.mark.parametrize("gene", PAIRED)
def test_every_diplotype_has_the_phenotype_of_its_functions(gene: str):
    """Whatever alleles make it up: the functions alone decide, and in either order."""
    by_functions: dict[tuple[tuple[str, str], ...], Phenotype] = {}
    for names in diplotypes(gene):
        found = phenotype(gene, names)
        assert found == phenotype(gene, names[::-1])
        functions = tuple(
            sorted((alleles()[gene][name].function, alleles()[gene][name].activity) for name in names)
        )
        assert by_functions.setdefault(functions, found) == found
        assert found.phenotype


@pytest.mark.parametrize("gene", SCORED)
def test_an_activity_score_is_the_sum_and_never_falls_with_a_better_allele(gene: str):
    ranks: dict[Decimal, str] = {}
    for names in diplotypes(gene):
        found = phenotype(gene, names)
        values = [alleles()[gene][name].activity for name in names]
        if NONE in values:
            assert found == Phenotype("Indeterminate", NONE, NONE)
            continue
        total = sum((Decimal(value.lstrip("≥")) for value in values), Decimal(0))
        assert found.activity_score is not None
        assert found.activity_score.startswith("≥") == any(value.startswith("≥") for value in values)
        assert Decimal(found.activity_score.lstrip("≥")) == total
        assert "." in found.activity_score
        assert found.lookup_key == found.activity_score
        assert ranks.setdefault(total, found.phenotype) == found.phenotype
    order = ["Poor Metabolizer", "Intermediate Metabolizer", "Normal Metabolizer", "Ultrarapid Metabolizer"]
    told = [order.index(name) for _, name in sorted(ranks.items())]
    assert told == sorted(told)


@pytest.mark.parametrize(
    ("gene", "names", "wanted"),
    [
        ("CYP2C19", ["*1", "*2"], Phenotype("Intermediate Metabolizer", "Intermediate Metabolizer")),
        ("CYP2C19", ["*2", "*2"], Phenotype("Poor Metabolizer", "Poor Metabolizer")),
        ("CYP2C19", ["*17", "*17"], Phenotype("Ultrarapid Metabolizer", "Ultrarapid Metabolizer")),
        ("CYP2D6", ["*1", "*4"], Phenotype("Intermediate Metabolizer", "1.0", "1.0")),
        ("CYP2D6", ["*4", "*4"], Phenotype("Poor Metabolizer", "0.0", "0.0")),
        ("CYP2D6", ["*1", "*1x≥3"], Phenotype("Ultrarapid Metabolizer", "≥4.0", "≥4.0")),
        ("CYP2C9", ["*1", "*3"], Phenotype("Intermediate Metabolizer", "1.0", "1.0")),
        ("TPMT", ["*1", "*3A"], Phenotype("Intermediate Metabolizer", "Intermediate Metabolizer")),
        ("SLCO1B1", ["*5", "*5"], Phenotype("Poor Function", "Poor Function")),
        ("VKORC1", ["rs9923231 variant (T)", "rs9923231 reference (C)"], Phenotype("-1639 AG", None)),
        ("HLA-A", ["*31:01:02", "*02:01"], Phenotype("HLA-A*31:01 positive", "*31:01 positive")),
        ("HLA-A", ["*03:01", "*02:01"], Phenotype("HLA-A*31:01 negative", "*31:01 negative")),
    ],
)
def test_well_known_diplotypes_have_their_phenotypes(gene: str, names: list[str], wanted: Phenotype):
    assert phenotype(gene, names) == wanted


def test_of_a_gene_with_several_alleles_that_matter_each_is_told():
    found = phenotype("HLA-B", ["*57:01", "*07:02"])
    assert found.phenotype == "HLA-B*15:02 negative; HLA-B*57:01 positive; HLA-B*58:01 negative"


@pytest.mark.parametrize(
    ("gene", "names"),
    [
        ("CYP2C19", ["*1", "*999"]),
        ("CYP2C19", ["*1"]),
        ("CYP2D6", ["*1", "*1", "*4"]),
        ("MT-RNR1", ["1555A>G", "1555A>G"]),
        ("HLA-B", []),
        ("CYP9Z9", ["*1", "*1"]),
        ("CYP2D6", []),
    ],
)
def test_what_is_not_known_is_never_normal(gene: str, names: list[str]):
    with pytest.raises(NoPhenotype) as refusal:
        phenotype(gene, names)
    assert "999" not in str(refusal.value)


def test_every_row_of_the_alleles_says_where_it_is_from():
    from workers.engine.scores.tables import rows

    for row in rows("cpic/allele_functions.csv"):
        assert row["source"]
        assert row["source_date"]


def test_every_diplotype_agrees_with_the_reference_tables_for_all_genes(shared_data: Path):
    """The reference tables read again, without our code: every pair of every gene."""
    folder = shared_data / "knowledge" / "cpic"
    rules = json.loads((folder / "phenotype_rules.json").read_text("utf-8"))["genes"]
    listed: dict[str, dict[str, tuple[str, str]]] = {}
    with (folder / "allele_functions.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            listed.setdefault(row["gene"], {})[row["allele"]] = (row["function"], row["activity_value"])
    assert {gene: set(names) for gene, names in listed.items()} == {
        gene: set(names) for gene, names in alleles().items()
    }
    compared = 0
    for gene in PAIRED:
        table = {tuple(row["functions"]): row for row in rules[gene].get("table", ()) if "functions" in row}
        named = {tuple(row["alleles"]): row for row in rules[gene].get("table", ()) if "alleles" in row}
        for names in diplotypes(gene):
            told = [listed[gene][name] for name in names]
            if rules[gene]["method"] == "activity_score":
                wanted = by_score(rules[gene]["intervals"], [value for _, value in told])
            else:
                row = (
                    named.get(tuple(sorted(names))) or table[tuple(sorted(function for function, _ in told))]
                )
                wanted = row["phenotype"], row.get("lookup_key")
            found = phenotype(gene, names)
            assert (found.phenotype, found.lookup_key) == wanted, (gene, names)
            compared += 1
    assert compared > 50_000


def by_score(intervals: list[dict], values: list[str]) -> tuple[str, str]:
    if NONE in values or "" in values:
        return "Indeterminate", NONE
    total = sum(float(value.lstrip("≥")) for value in values)
    (name,) = [
        one["phenotype"]
        for one in intervals
        if one["min"] <= total and (one["max"] is None or total <= one["max"])
    ]
    return name, f"{'≥' if any('≥' in value for value in values) else ''}{total}"
