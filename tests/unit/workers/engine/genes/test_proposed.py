"""Medicines that are proposed, and the genes that were tested: a question, never a prohibition."""

from __future__ import annotations

import pytest

from mappers.facts import Facts, GeneResult
from tests.unit.workers.engine.patients import facts, gene_result, medicine
from workers.engine.case import Case
from workers.engine.definitions import Knowledge
from workers.engine.genes.proposed import Objections, inhibiting, objections
from workers.engine.guards import Verdict, judge
from workers.engine.vocabulary import medicines

NOTHING = Objections((), (), (), ())
POOR = gene_result("SLCO1B1", "*5", "*5")
STATINS = medicines()["statin"]


def guarded(known: Facts, medicine: str, knowledge: Knowledge) -> Verdict:
    return judge(Case(known), knowledge.medicines[medicine])


def test_statins_are_asked_about_by_slco1b1():
    found = objections(facts(POOR), STATINS)
    assert {"simvastatin", "atorvastatin", "rosuvastatin"} <= set(found.names)
    assert set(found.names) <= STATINS
    assert (found.genes, found.gaps, found.evidence) == (("SLCO1B1",), (), (POOR.evidence,))


def test_normal_function_asks_nothing():
    assert objections(facts(gene_result("SLCO1B1", "*1", "*1")), STATINS) == NOTHING


@pytest.mark.parametrize("known", [facts(), facts(gene_result("CYP2D6", "*4", "*4"))])
def test_a_gene_that_was_not_tested_asks_nothing(known: Facts):
    assert objections(known, ["simvastatin"]) == NOTHING


def test_an_ingredient_without_a_table_asks_nothing():
    assert objections(facts(POOR), ["metformin"]) == NOTHING
    deficient = gene_result("G6PD", phenotype="Deficient with CNSHA")
    assert objections(facts(deficient), ["sulfamethoxazole", "trimethoprim"]) == NOTHING


@pytest.mark.parametrize(
    ("results", "gap"),
    [
        ([gene_result("SLCO1B1")], "a result of SLCO1B1 that can be read"),
        (
            [gene_result("SLCO1B1", phenotype="Poor Metabolizer")],
            "a key of CPIC's tables for this result of SLCO1B1",
        ),
    ],
)
def test_what_is_not_known_is_asked(results: list[GeneResult], gap: str):
    found = objections(facts(*results), ["simvastatin"])
    assert (found.names, found.gaps) == ((), (gap,))
    assert found.evidence == (results[0].evidence,)


def test_a_statin_draft_becomes_a_question(knowledge: Knowledge):
    statin = next(key for key in knowledge.medicines if "statin" in key)
    before, after = guarded(facts(), statin, knowledge), guarded(facts(POOR), statin, knowledge)
    (added,) = set(after.asks) - set(before.asks)
    assert added.startswith("which ")
    assert "CPIC's guideline has advice on " in added
    assert added.endswith(" by SLCO1B1")
    assert after.forbids == before.forbids
    assert POOR.evidence in after.evidence
    assert POOR.evidence not in before.evidence


def test_genes_that_call_for_no_change_leave_a_draft_as_it_is(knowledge: Knowledge):
    statin = next(key for key in knowledge.medicines if "statin" in key)
    normal = facts(gene_result("SLCO1B1", "*1", "*1"))
    assert guarded(normal, statin, knowledge) == guarded(facts(), statin, knowledge)


# --- beside inhibitors -------------------------------------------------------------------------------------

NORMAL = gene_result("CYP2D6", "*1", "*1")
TAKEN = {"paroxetine": (medicine("paroxetine").evidence,)}


def test_an_inhibitor_that_is_taken_is_counted_in():
    assert objections(facts(NORMAL), ["codeine"]) == NOTHING
    found = objections(facts(NORMAL), ["codeine"], TAKEN)
    assert (found.names, found.genes) == (("codeine",), ("CYP2D6",))
    assert set(found.evidence) == {NORMAL.evidence, *TAKEN["paroxetine"]}


def test_an_inhibitor_that_would_be_started_is_asked_about_for_what_is_taken():
    codeine = {"codeine": (medicine("codeine").evidence,)}
    found = inhibiting(facts(NORMAL), ["paroxetine", "sertraline"], codeine)
    assert found.names == ("paroxetine would change what CPIC says of codeine, which is taken",)
    assert found.evidence == (NORMAL.evidence,)
    assert inhibiting(facts(NORMAL), ["sertraline"], codeine) == NOTHING
    assert inhibiting(facts(), ["paroxetine"], codeine) == NOTHING
    assert inhibiting(facts(NORMAL), ["paroxetine"], {}) == NOTHING
