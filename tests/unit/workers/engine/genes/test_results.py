"""What results of a gene come to: one key, several that may be true, or a gap that is told."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from mappers.facts import GeneResult
from mappers.tables import rows
from tests.unit.workers.engine.patients import gene_result
from workers.engine.genes.phenotype import PRESENCE, genes, phenotype
from workers.engine.genes.results import Standing, keys_of, standings


def standing(*results: GeneResult) -> Standing:
    (found,) = standings(results).values()
    return found


def test_a_pair_of_alleles_has_its_key_and_says_its_phenotype():
    found = standing(gene_result("CYP2C19", "*1", "*2"))
    assert (found.gene, found.keys, found.gap) == ("CYP2C19", ("Intermediate Metabolizer",), "")
    assert found.said == "*1/*2 (Intermediate Metabolizer)"
    assert [one.reference for one in found.evidence] == ["Observation/CYP2C19-*1-*2-None-1/_history/1"]


@pytest.mark.parametrize(
    ("alleles", "key"),
    [(("*1", "*4"), "1.0"), (("*1x2", "*4"), "2.0"), (("*1x3", "*4"), "≥3.0"), (("*1x12", "*4"), "≥3.0")],
)
def test_copies_count_and_from_three_on_are_one_row(alleles: tuple[str, ...], key: str):
    assert standing(gene_result("CYP2D6", *alleles)).keys == (key,)


@pytest.mark.parametrize(
    ("star", "key"),
    [(("*1", "*1"), "2.0"), (("*1", "*2A"), "1.0"), (("*13", "*2A"), "0.0"), (("*4", "*9A"), "2.0")],
)
def test_star_alleles_of_dpyd_are_those_that_cpic_names_by_variant(star: tuple[str, ...], key: str):
    assert standing(gene_result("DPYD", *star)).keys == (key,)


def test_copies_that_nobody_counted_are_unknown():
    found = standing(gene_result("CYP2D6", "*1xN", "*4"))
    assert not found.keys
    assert "unknown is not normal" in found.gap


def test_an_hla_type_counts_by_two_fields():
    one = standing(gene_result("HLA-B", "*57:01:01", "*15:01"))
    assert one.keys == ("*15:02 negative; *57:01 positive; *58:01 negative",)
    assert (
        standing(gene_result("HLA-B", "*57:01:01", "*15:01"), gene_result("HLA-B", "*15:01", "*57:01")).gap
        == ""
    )


def test_two_haplotypes_that_differ_are_a_pair():
    assert (
        standing(gene_result("CYP2C19", "*1"), gene_result("CYP2C19", "*2")).said
        == "*1/*2 (Intermediate Metabolizer)"
    )


@pytest.mark.parametrize("results", [1, 2])
def test_one_allele_is_half_however_often_it_is_told(results: int):
    """The same haplotype twice may be one chromosome told twice."""
    found = standing(*(gene_result("CYP2C19", "*2", number=number) for number in range(results)))
    assert (found.keys, found.gap) == ((), "the second allele of CYP2C19")


def test_a_haplotype_of_the_pair_changes_nothing():
    pair, half = gene_result("CYP2C19", "*1", "*2"), gene_result("CYP2C19", "*2")
    assert standing(pair, half).keys == standing(pair).keys


@pytest.mark.parametrize(
    ("results", "told"),
    [
        (
            [gene_result("CYP2C19", "*1", "*1"), gene_result("CYP2C19", "*1", "*2")],
            "*1/*1 (Normal Metabolizer) or *1/*2 (Intermediate Metabolizer)",
        ),
        (
            [gene_result("CYP2C19", "*1", "*2"), gene_result("CYP2C19", phenotype="Poor Metabolizer")],
            "*1/*2 (Intermediate Metabolizer) or Poor Metabolizer",
        ),
        (
            [gene_result("CYP2C19", phenotype=name) for name in ("Normal Metabolizer", "Poor Metabolizer")],
            "Normal Metabolizer or Poor Metabolizer",
        ),
        ([gene_result("CYP2C19", name) for name in ("*1", "*2", "*3")], None),
        ([gene_result("CYP2C19", "*1", "*2"), gene_result("CYP2C19", "*17")], None),
    ],
)
def test_results_that_differ_are_unknown_with_both_told(results: list[GeneResult], told: str | None):
    found = {standing(*order) for order in permutations(results)}
    (one,) = found
    assert one.keys == ()
    if told is not None:
        assert one.gap == f"which result of CYP2C19 holds: {told}"
    else:
        assert one.gap
    assert len(one.evidence) == len(results)


def test_a_phenotype_that_agrees_with_the_alleles_is_no_second_opinion():
    pair, said = gene_result("CYP2C19", "*2", "*2"), gene_result("CYP2C19", phenotype="Poor Metabolizer")
    assert standing(pair, said).keys == ("Poor Metabolizer",)


def test_a_phenotype_stands_where_cpic_does_not_list_the_alleles():
    found = standing(
        gene_result("CYP2C19", "*1", "*999"), gene_result("CYP2C19", phenotype="Normal Metabolizer")
    )
    assert (found.keys, found.said) == (("Normal Metabolizer",), "Normal Metabolizer (as reported)")


def test_a_phenotype_leaves_each_activity_score_open_that_could_be():
    assert standing(gene_result("CYP2D6", phenotype="Intermediate Metabolizer")).keys == (
        "0.25",
        "0.5",
        "0.75",
        "1.0",
    )
    assert standing(gene_result("CYP2D6", phenotype="Poor Metabolizer")).keys == ("0.0",)


@pytest.mark.parametrize(
    ("gene", "word"), [("CYP2C19", "Poor Function"), ("HLA-B", "Normal"), ("NAT3", "Normal")]
)
def test_a_phenotype_that_the_gene_cannot_have_is_unknown(gene: str, word: str):
    found = standing(gene_result(gene, phenotype=word))
    assert (found.keys, found.gap) == ((), f"a key of CPIC's tables for this result of {gene}")


def test_what_could_not_be_read_is_a_gap_and_what_has_no_gene_is_of_none():
    assert standing(gene_result("CYP2C19")).gap == "a result of CYP2C19 that can be read"
    assert standings([gene_result(None)]) == {}


def test_a_gene_without_a_table_of_keys_has_none():
    assert standing(gene_result("VKORC1", "rs9923231 reference (C)", "rs9923231 variant (T)")).gap


@pytest.mark.parametrize("gene", sorted(genes()))
def test_the_keys_of_a_phenotype_are_those_of_its_alleles(gene: str):
    if genes()[gene]["method"] == PRESENCE:
        assert keys_of(gene) == {}
        return
    for name, keys in keys_of(gene).items():
        assert keys
        assert name
    normal = {"CYP2C19": ("*1", "*1"), "SLCO1B1": ("*1", "*1"), "TPMT": ("*1", "*1")}.get(gene)
    if normal:
        found = phenotype(gene, normal)
        assert keys_of(gene)[found.phenotype] == (found.lookup_key,)


def test_every_phenotype_that_is_read_is_one_that_some_gene_can_have():
    known = {name for gene in genes() for name in keys_of(gene)}
    assert {row["phenotype"] for row in rows("gene_phenotypes.csv")} <= known


def scored(gene: str, activity: str) -> GeneResult:
    return replace(gene_result(gene), activity=activity)


def variant(gene: str, *names: str, copies: int | None = 1) -> GeneResult:
    return replace(gene_result(gene, number=len(names)), variant=names, copies=copies)


def test_an_activity_score_as_reported_is_a_key():
    found = standing(scored("CYP2D6", "1.0"))
    assert (found.keys, found.phenotype, found.activity) == (("1.0",), "Intermediate Metabolizer", "1.0")
    assert standing(gene_result("CYP2D6", "*1", "*4"), scored("CYP2D6", "1.0")).keys == ("1.0",)


@pytest.mark.parametrize(
    ("results", "choices"),
    [
        (
            [gene_result("CYP2D6", "*1", "*4"), scored("CYP2D6", "2.0")],
            ("*1/*4 (Intermediate Metabolizer)", "activity score 2.0"),
        ),
        (
            [gene_result("CYP2C19", "*1", "*2"), gene_result("CYP2C19", phenotype="Poor Metabolizer")],
            ("*1/*2 (Intermediate Metabolizer)", "Poor Metabolizer"),
        ),
        (
            [gene_result("CYP2C19", "*1", "*17"), variant("CYP2C19", "*2")],
            ("*1/*17 (Rapid Metabolizer)", "*2"),
        ),
        (
            [scored("CYP2D6", "1.0"), gene_result("CYP2D6", phenotype="Poor Metabolizer")],
            ("activity score 1.0", "Poor Metabolizer"),
        ),
    ],
)
def test_what_cannot_be_true_at_once_is_a_choice(results: list[GeneResult], choices: tuple[str, ...]):
    for order in permutations(results):
        found = standing(*order)
        assert (found.choices, found.keys) == (choices, ())
        assert found.gap == f"which result of {found.gene} holds: {' or '.join(choices)}"


def test_one_chromosome_settles_what_the_other_cannot_change():
    """Of RYR1 one variant of malignant hyperthermia is enough; of DPYD the other allele matters."""
    found = standing(variant("RYR1", "c.103T>C"))
    assert found.keys == ("Malignant Hyperthermia Susceptibility",)
    assert found.said == "c.103T>C beside any other allele (Malignant Hyperthermia Susceptibility)"
    half = standing(variant("DPYD", "c.1905+1G>A (*2A)"))
    assert (half.keys, half.gap) == ((), "the second allele of DPYD")
    two = standing(variant("DPYD", "c.1905+1G>A (*2A)"), variant("DPYD", "c.2846A>T", copies=None))
    assert two.gap == "whether what was found in DPYD lies on one chromosome or on two"


def test_a_variant_on_both_chromosomes_has_the_phenotype_of_whatever_it_is_part_of():
    found = standing(variant("TPMT", "*3A", "*3B", copies=2))
    assert (found.keys, found.phenotype) == (("Poor Metabolizer",), "Poor Metabolizer")
    assert found.alleles == "*3A/*3A or *3A/*3B or *3B/*3B"


def test_a_half_narrows_what_copies_leave_open_and_agrees_with_a_pair():
    three = replace(gene_result("CYP2D6", "*1", "*4"), copies=3)
    assert standing(three).keys == ("1.0", "2.0")
    assert standing(three, gene_result("CYP2D6", "*1x2")).keys == ("2.0",)
    assert standing(three, scored("CYP2D6", "1.0")).keys == ("1.0",)
    assert standing(gene_result("TPMT", "*1", "*3A"), variant("TPMT", "*3A", "*3B")).keys == (
        "Intermediate Metabolizer",
    )


def test_a_test_for_one_allele_has_its_key_alone():
    found = standing(replace(gene_result("HLA-B", "*57:01"), present=False))
    assert found.keys == ("*57:01 negative",)
    both = replace(gene_result("HLA-B", "*57:01"), present=True), gene_result("HLA-B", "*07:02", "*08:01")
    assert standing(*both).choices == ("HLA-B*57:01 positive", "HLA-B*57:01 negative")


def test_what_was_not_read_at_its_source_is_not_confirmed():
    sure = gene_result("CYP2C19", "*1", "*2")
    assert standing(sure).confirmed
    assert not standing(sure, replace(variant("CYP2C19", "*2"), confirmed=False)).confirmed
