"""Strong inhibitors leave no activity, whatever the genes allow; nothing else does."""

from __future__ import annotations

import pytest

from mappers.facts import Evidence
from tests.unit.workers.engine.patients import evidence, gene_result
from workers.engine.genes.converting import TABLE, converted, inhibitors
from workers.engine.genes.results import Standing, keys_of, standings
from workers.engine.scores.tables import rows
from workers.engine.vocabulary import medicines

CODEINE = frozenset({"codeine"})


def cyp2d6(*alleles: str) -> Standing:
    return standings([gene_result("CYP2D6", *alleles)])["CYP2D6"]


def taken(*names: str) -> dict[str, tuple[Evidence, ...]]:
    return {name: (evidence("MedicationRequest", name),) for name in names}


@pytest.mark.parametrize("inhibitor", sorted(inhibitors()["CYP2D6"]))
def test_each_inhibitor_leaves_no_activity_and_is_evidence(inhibitor: str):
    found = converted(cyp2d6("*1", "*1"), taken(inhibitor, "codeine"), CODEINE)
    assert found.keys == ("0.0",)
    assert found.said == f"*1/*1 (Normal Metabolizer), which {inhibitor} may turn into Poor Metabolizer"
    assert set(found.evidence) == {*cyp2d6("*1", "*1").evidence, evidence("MedicationRequest", inhibitor)}


def test_two_inhibitors_are_both_named():
    found = converted(cyp2d6("*1", "*1"), taken("terbinafine", "bupropion"), CODEINE)
    assert "which bupropion and terbinafine may turn" in found.said
    assert len(found.evidence) == 3


@pytest.mark.parametrize(
    ("alleles", "names", "medicine"),
    [
        (("*1", "*1"), ("codeine", "citalopram"), CODEINE),
        (("*1", "*1"), ("paroxetine",), frozenset({"paroxetine"})),
        (("*4", "*4"), ("fluoxetine",), CODEINE),
        (("*1",), ("fluoxetine",), CODEINE),
        (("*1", "*22"), ("fluoxetine",), CODEINE),
    ],
    ids=["no inhibitor", "itself", "no activity anyway", "half a result", "no activity known"],
)
def test_nothing_else_changes_what_the_genes_say(
    alleles: tuple[str, ...], names: tuple[str, ...], medicine: frozenset[str]
):
    standing = cyp2d6(*alleles)
    assert converted(standing, taken(*names), medicine) == standing


def test_another_gene_is_not_inhibited():
    standing = standings([gene_result("CYP2C19", "*1", "*1")])["CYP2C19"]
    assert converted(standing, taken("fluoxetine"), CODEINE) == standing


def test_each_row_names_an_ingredient_a_key_and_its_phenotype_and_is_unverified():
    known = {name for held in medicines().values() for name in held}
    for row in rows(TABLE):
        assert row["inhibitor"] in known
        assert keys_of(row["gene"])[row["phenotype"]] == (row["key"],)
        assert row["confirmed"] == "no"
        assert row["source"]
