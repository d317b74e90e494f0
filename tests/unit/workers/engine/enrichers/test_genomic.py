"""What is written back of genes: phenotypes that alleles gave, and CPIC's words about what is taken."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import permutations

import pytest

from mappers.facts import Facts
from mappers.recommendations import Implication
from tests.unit.workers.engine.patients import facts, gene_result, medicine
from workers.engine.case import Case
from workers.engine.enrichers import Enrichment
from workers.engine.enrichers.genomic import Genomic

POOR = replace(gene_result("CYP2C19", "*2", "*2"), when=date(2026, 3, 1))


def enriched(patient: Facts) -> Enrichment:
    return Genomic().enrich(Case(patient))


def implications(*known: object) -> tuple[Implication, ...]:
    return enriched(facts(*known)).implications


def test_a_gene_has_the_phenotype_of_its_alleles():
    (one,) = enriched(facts(POOR)).phenotypes
    assert (one.key, one.gene, one.alleles, one.phenotype) == (
        "phenotype-cyp2c19",
        "CYP2C19",
        "*2/*2",
        "Poor Metabolizer",
    )
    assert (one.inputs, one.when) == ((POOR.evidence,), date(2026, 3, 1))
    assert (one.rule.source.publisher, one.rule.source.date) == ("CPIC", "2025-11-05")
    (scored,) = enriched(facts(gene_result("CYP2D6", "*1", "*4"))).phenotypes
    assert scored.activity == "1.0"


@pytest.mark.parametrize(
    "results",
    [
        (gene_result("CYP2C19", phenotype="Poor Metabolizer"),),
        (gene_result("CYP2C19", "*2"),),
        (POOR, gene_result("CYP2C19", "*1", "*2")),
        (gene_result("CYP2C19"),),
    ],
    ids=["as reported", "half", "contradicted", "unreadable"],
)
def test_law_8_no_phenotype_of_ours_without_alleles_that_hold(results: tuple):
    assert enriched(facts(*results)).phenotypes == ()


def test_an_implication_names_medicine_genes_words_strength_and_results():
    (one,) = implications(POOR, medicine("voriconazole", started=date(2026, 4, 1)))[:1]
    assert (one.drug, one.rxcui, one.genes) == ("voriconazole", "121243", (("CYP2C19", "Poor Metabolizer"),))
    assert one.words.startswith("CYP2C19: ")
    assert one.strength
    assert one.inputs == (POOR.evidence,)
    assert (one.rule.source.version, one.rule.source.date) == ("v1.30.0", "2023-08-07")
    assert one.rule.source.url.startswith("https://cpicpgx.org/")


def test_each_population_has_its_own_and_a_usual_row_is_told_too():
    found = implications(POOR, medicine("voriconazole"))
    assert len({one.key for one in found}) == len(found) == 2
    assert {one.population for one in found} == {"adults", "pediatrics"}
    assert implications(gene_result("SLCO1B1", "*1", "*1"), medicine("simvastatin"))


def test_a_row_that_cpic_changed_since_says_so_and_no_more():
    (one,) = implications(POOR, medicine("clopidogrel"))[:1]
    assert one.words.startswith(
        "CPIC has changed its recommendation on 2023-10-20: consult the current guideline"
    )
    assert (one.strength, one.rule.source.strength) == ("", "none stated")


def test_an_inhibitor_has_an_implication_of_its_own_that_is_unverified():
    found = implications(gene_result("CYP2D6", "*1", "*1"), medicine("codeine"), medicine("fluoxetine"))
    alone, beside = [one for one in found if one.drug == "codeine"]
    assert alone.rule.source.confirmed
    assert not beside.rule.source.confirmed
    assert "fluoxetine may turn into Poor Metabolizer" in beside.genes[0][1]


def test_nothing_is_implied_where_nothing_can_be_told():
    assert implications(POOR) == ()
    assert implications(medicine("voriconazole")) == ()
    assert implications(POOR, gene_result("CYP2C19", "*1", "*1"), medicine("voriconazole")) == ()
    assert enriched(facts(medicine("voriconazole"))) == Enrichment()


def test_a_variant_by_a_table_that_was_not_read_is_not_confirmed():
    found = replace(gene_result("CYP2C19"), variant=("*2",), copies=2, confirmed=False)
    known = enriched(facts(found, medicine("voriconazole")))
    assert not known.phenotypes[0].rule.source.confirmed
    assert not any(one.rule.source.confirmed for one in known.implications)


def test_order_and_doubles_change_nothing_and_a_course_that_ends_turns():
    known = [POOR, gene_result("CYP2D6", "*4", "*4"), medicine("voriconazole"), medicine("codeine")]
    wanted = enriched(facts(*known))
    assert all(enriched(facts(*order)) == wanted for order in permutations(known))
    assert enriched(facts(*known, *known)) == wanted
    ending = facts(POOR, medicine("voriconazole", stopped=date(2026, 6, 20)))
    assert enriched(ending).until == date(2026, 6, 21)
