"""Each row of CPIC's table is found by its key, and what has no row is unknown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import product

import pytest

from workers.engine.genes.phenotype import genes
from workers.engine.genes.recommending import (
    NO_RESULT,
    TABLE,
    charts,
    recommend,
    tables,
)
from workers.engine.genes.results import keys_of
from workers.engine.scores.tables import rows
from workers.engine.vocabulary import medicines

PRESENT = ("*15:02 negative; *57:01 positive; *58:01 negative",)


def possible(gene: str) -> set[str]:
    """Every key that a patient can have."""
    return {key for keys in keys_of(gene).values() for key in keys}


def asked(key: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    return {gene: (one,) for gene, one in key.items() if one != NO_RESULT}


def test_every_row_is_found_by_its_key():
    assert len(rows(TABLE)) == 2098
    for row in rows(TABLE):
        found = recommend(tables()[row["drug"]], asked(json.loads(row["lookup_key"])))
        assert found.missing == ()
        (one,) = [each for each in found.recommendations if each.population == row["population"]]
        assert one.further == (row["has_further_comment"] == "yes")
        assert one.changed == row["changed_by_cpic_after"]
        assert (one.text, one.strength) == (
            ("", "") if one.changed else (row["recommendation"], row["strength"])
        )


def test_what_cpic_has_changed_since_is_told_with_no_word_of_the_old_text():
    changed = [
        one for table in tables().values() for held in table.rows.values() for one in held if one.changed
    ]
    assert len(changed) == 150
    assert {(one.text, one.strength, one.implications) for one in changed} == {("", "", ())}


@pytest.mark.parametrize("drug", sorted(tables()))
def test_every_combination_without_a_row_is_unknown(drug: str):
    table = tables()[drug]
    every = [sorted((possible(gene) | table.keys(gene)) | {NO_RESULT}) for gene in table.genes]
    for key in product(*every):
        found = recommend(table, asked(dict(zip(table.genes, key, strict=True))))
        assert bool(found.recommendations) == (key in table.rows)
        assert bool(found.missing) != bool(found.recommendations)


def test_a_gene_that_was_not_tested_is_asked_as_no_result_where_rows_have_it():
    (one,) = recommend(tables()["amitriptyline"], {"CYP2C19": ("Poor Metabolizer",)}).recommendations
    assert one.text.startswith("Avoid tertiary amine use")
    assert recommend(tables()["simvastatin"], {}).missing == ("a result of SLCO1B1",)


def test_of_an_hla_gene_the_allele_counts_that_the_medicine_asks_for():
    (one,) = recommend(tables()["abacavir"], {"HLA-B": PRESENT}).recommendations
    assert one.text == "Abacavir is not recommended"
    (other,) = recommend(tables()["allopurinol"], {"HLA-B": PRESENT}).recommendations
    assert other.text == "Use allopurinol per standard dosing guidelines"


def test_keys_that_may_all_be_true_answer_where_they_answer_alike():
    scores = keys_of("CYP2D6")
    found = recommend(tables()["codeine"], {"CYP2D6": scores["Intermediate Metabolizer"]})
    assert found.recommendations[0].text.startswith("Use codeine label recommended")
    unlike = recommend(tables()["codeine"], {"CYP2D6": (*scores["Poor Metabolizer"], "2.0")})
    assert unlike.missing == ("the exact result of CYP2D6",)


def test_one_key_without_a_row_among_several_is_unknown():
    found = recommend(tables()["simvastatin"], {"SLCO1B1": ("Poor Function", "No such function")})
    assert found.missing == ("a row of CPIC's table for this result of SLCO1B1",)
    assert recommend(tables()["simvastatin"], {"SLCO1B1": ()}).missing


def test_populations_are_told_apart_and_never_chosen_between():
    found = recommend(tables()["atomoxetine"], {"CYP2D6": ("0.0",)})
    assert {one.population for one in found.recommendations} == {"adults", "pediatrics"}


def test_each_medicine_is_one_that_facts_can_name():
    known = {name for held in medicines().values() for name in held}
    assert not {drug for drug, table in tables().items() if not table.ingredients <= known}


@pytest.mark.parametrize("drug", sorted(tables()))
def test_each_table_asks_for_genes_with_rules_and_links_its_guideline(drug: str):
    table = tables()[drug]
    assert table.ingredients
    assert set(table.genes) <= genes().keys()
    assert table.guideline.url.startswith("https://cpicpgx.org/")


def test_two_ingredients_are_one_medicine_only_together():
    assert tables()["sulfamethoxazole / trimethoprim"].ingredients == {"sulfamethoxazole", "trimethoprim"}
    assert tables()["vitamin c"].ingredients == {"ascorbic acid"}
    assert tables()["vitamin k"].ingredients == {"phytonadione"}


def test_a_chart_is_linked():
    assert charts()["warfarin"].genes == ("CYP2C9", "CYP4F2", "VKORC1")
    assert charts()["warfarin"].guideline.url.startswith("https://cpicpgx.org/")
