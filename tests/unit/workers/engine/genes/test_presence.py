"""Alleles that matter by being there: a whole type answers for all, a test for one answers for one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.workers.engine.patients import gene_result
from workers.engine.genes.presence import Contradicted, statements


def looked_for(allele: str, present: bool):
    return replace(gene_result("HLA-B", allele), present=present)


def said(*results: object) -> list[str]:
    return [one.phenotype.removeprefix("HLA-B") for one in statements("HLA-B", results)]


def test_a_test_for_one_allele_says_nothing_of_the_others():
    assert said(looked_for("*57:01", False)) == ["*57:01 negative"]
    assert said(looked_for("*57:01", False), looked_for("*15:02", True)) == [
        "*15:02 positive",
        "*57:01 negative",
    ]
    assert said(looked_for("*07:02", True)) == []


def test_a_single_allele_that_was_found_is_there():
    assert said(gene_result("HLA-B", "*15:02:01")) == ["*15:02 positive"]


def test_a_whole_type_answers_for_all():
    assert said(gene_result("HLA-B", "*57:01", "*07:02")) == [
        "*15:02 negative",
        "*57:01 positive",
        "*58:01 negative",
    ]


@pytest.mark.parametrize(
    "results",
    [
        (looked_for("*57:01", False), looked_for("*57:01", True)),
        (looked_for("*57:01", False), gene_result("HLA-B", "*57:01", "*07:02")),
        (gene_result("HLA-B", "*07:02", "*08:01"), gene_result("HLA-B", "*57:01", "*07:02")),
    ],
)
def test_results_that_cannot_both_be_true_are_contradicted(results):
    with pytest.raises(Contradicted) as found:
        statements("HLA-B", results)
    assert len(found.value.told) == 2
