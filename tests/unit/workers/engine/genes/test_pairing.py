"""Pairs that may be true: by copies, by variants, by one chromosome alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mappers.tables import parts, rows
from tests.unit.workers.engine.patients import gene_result
from workers.engine.genes.pairing import Half, counted, halves, holding, readings
from workers.engine.genes.phenotype import alleles, genes


def pairs(*found: str) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(sorted(one.split("/"))) for one in found)


@pytest.mark.parametrize(
    ("names", "copies", "wanted"),
    [
        (("*1", "*4"), None, pairs("*1/*4")),
        (("*1", "*4"), 2, pairs("*1/*4")),
        (("*1", "*4"), 3, pairs("*1x2/*4", "*1/*4x2")),
        (("*1x2", "*4"), 3, pairs("*1x2/*4")),
        (("*1xN", "*4"), 3, pairs("*1x2/*4")),
        (("*1xN", "*4"), 4, pairs("*1x≥3/*4")),
        (("*1x2", "*4"), 2, frozenset()),
        (("*1", "*1"), 1, pairs("*1/*5")),
        (("*1", "*4"), 1, frozenset()),
        (("*1x2", "*4"), 1, frozenset()),
    ],
)
def test_copies_that_were_counted(names: tuple[str, ...], copies: int | None, wanted):
    assert counted("CYP2D6", names, copies) == wanted


def variant(gene: str, *names: str, copies: int | None = 1, whole: bool = False):
    return replace(gene_result(gene), variant=names, copies=copies, whole=whole)


def test_a_variant_on_both_chromosomes_is_as_many_pairs_as_it_can_be():
    assert readings("TPMT", [variant("TPMT", "*3A", "*3B", copies=2)]) == [
        pairs("*3A/*3A", "*3A/*3B", "*3B/*3B")
    ]
    assert readings("MT-RNR1", [variant("MT-RNR1", "m.1555A>G", whole=True)]) == [pairs("m.1555A>G")]
    assert readings("TPMT", [variant("TPMT", "*3A", "*3B")]) == []


def test_what_tells_of_one_chromosome_is_half():
    one, other = variant("TPMT", "*3A", "*3B"), gene_result("TPMT", "*1")
    assert halves("TPMT", [one, one, other]) == [Half(("*3A", "*3B"), False), Half(("*1",), True)]
    assert halves("HLA-B", [replace(gene_result("HLA-B", "*57:01"), present=True)]) == []
    assert len(holding("TPMT", Half(("*2",), True))) == len(alleles()["TPMT"])
    assert holding("TPMT", Half(("*999",), True)) == frozenset()


def test_every_allele_that_a_variant_names_is_in_cpics_table():
    for row in rows("gene_variants.csv"):
        named = {*parts(row["alleles"]), *([row["otherwise"]] if row["otherwise"] else [])}
        assert named <= alleles()[row["gene"]].keys(), row
        assert row["gene"] in genes()
    for row in rows("gene_alleles.csv"):
        assert row["allele"] in alleles()[row["gene"]]
