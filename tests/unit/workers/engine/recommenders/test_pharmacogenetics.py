"""Medicines that are taken and genes that were tested: dangers, what needs no change, what is not known."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from mappers.facts import Facts
from mappers.recommendations import ActKind
from tests.unit.workers.engine.patients import facts, gene_result, medicine
from workers.engine.apply import plan
from workers.engine.case import Case
from workers.engine.definitions import Knowledge, Strength
from workers.engine.genes.recommending import NO_CHANGE, TABLE, no_change
from workers.engine.recommenders import Findings
from workers.engine.recommenders.pharmacogenetics import CHOICE, TOLD, Pharmacogenetics
from workers.engine.scores.tables import rows

POOR = gene_result("SLCO1B1", "*5", "*5")
NORMAL = gene_result("SLCO1B1", "*1", "*1")


def said(patient: Facts, knowledge: Knowledge) -> Findings:
    return Pharmacogenetics().recommend(Case(patient), knowledge)


def missing(patient: Facts, knowledge: Knowledge) -> list[tuple[str, tuple[str, ...]]]:
    found = said(patient, knowledge)
    assert not found.issues
    assert not [one for one in found.proposals if one.offer is not CHOICE]
    return [(one.rule.id, one.missing) for one in found.unanswered]


def test_poor_function_speaks_against_what_is_taken(knowledge: Knowledge):
    (issue,) = said(facts(medicine("simvastatin"), POOR), knowledge).issues
    assert (issue.key, issue.severity) == ("genes-simvastatin", "high")
    assert issue.title == "simvastatin and SLCO1B1"
    (reason,) = issue.reasons
    assert reason.sentence.startswith("simvastatin is taken, and SLCO1B1 is *5/*5 (Poor Function). SLCO1B1: ")
    assert "CPIC: Prescribe an alternative statin" in reason.sentence
    assert reason.sentence.endswith("The guideline has a further remark.")
    assert set(issue.implicated) == {medicine("simvastatin").evidence, POOR.evidence}
    assert reason.would_change == ("the medicine is stopped", "another result of the gene SLCO1B1")


def test_a_recommendation_names_cpic_with_version_date_strength_and_link(knowledge: Knowledge):
    (issue,) = said(facts(medicine("simvastatin"), POOR), knowledge).issues
    source = issue.reasons[0].rule.source
    assert (source.publisher, source.version, source.date) == ("CPIC", "v1.30.0", "2023-08-07")
    assert source.strength == "Strong"
    assert source.url == "https://cpicpgx.org/guidelines/cpic-guideline-for-statins/"


def test_what_calls_for_no_change_is_told_in_one_line_and_is_no_danger(knowledge: Knowledge):
    tpmt = gene_result("CYP2C19", "*1", "*1")
    found = said(facts(medicine("simvastatin"), medicine("citalopram"), NORMAL, tpmt), knowledge)
    assert found.issues == ()
    assert {one.offer for one in found.proposals} == {TOLD}
    assert {one.strength for one in found.proposals} == {Strength.STRONG}
    (activity,) = plan(facts(medicine("simvastatin"), NORMAL), knowledge).activities
    assert (activity.act.key, activity.act.kind) == ("inform-genotype-medicines", ActKind.INFORM)


def test_a_moderate_recommendation_is_a_moderate_danger(knowledge: Knowledge):
    (issue,) = said(facts(medicine("amitriptyline"), gene_result("CYP2C19", "*2", "*2")), knowledge).issues
    assert issue.severity == "moderate"
    assert "CYP2D6" not in issue.reasons[0].sentence.partition("CPIC")[0]


def test_what_cpic_has_changed_since_links_the_guideline_and_says_no_more(knowledge: Knowledge):
    (issue,) = said(facts(medicine("clopidogrel"), gene_result("CYP2C19", "*2", "*2")), knowledge).issues
    (reason,) = issue.reasons
    assert reason.sentence == (
        "clopidogrel is taken, and CYP2C19 is *2/*2 (Poor Metabolizer). CPIC has changed its recommendation "
        "on 2023-10-20: consult the current guideline."
    )
    assert reason.rule.source.url.startswith("https://cpicpgx.org/")
    assert reason.rule.source.strength == "none stated"


def test_a_chart_is_linked_where_one_of_its_genes_was_tested(knowledge: Knowledge):
    (issue,) = said(facts(medicine("warfarin"), gene_result("CYP2C9", "*1", "*3")), knowledge).issues
    assert (issue.key, issue.severity) == ("genes-warfarin", "low")
    assert issue.reasons[0].sentence.endswith("see the guideline.")
    assert said(facts(medicine("warfarin"), POOR), knowledge).issues == ()


def test_populations_are_each_told(knowledge: Knowledge):
    hla = gene_result("HLA-B", "*15:02", "*57:01")
    (issue,) = said(facts(medicine("carbamazepine"), hla), knowledge).issues
    assert [reason.sentence.count("CPIC (CBZ") for reason in issue.reasons] == [1, 1, 1]


def test_two_ingredients_in_two_prescriptions_are_one_medicine(knowledge: Knowledge):
    deficient = gene_result("G6PD", phenotype="Deficient")
    one, other = medicine("sulfamethoxazole"), medicine("trimethoprim")
    assert said(facts(one, deficient), knowledge) == Findings()
    (proposal,) = said(facts(one, other, deficient), knowledge).proposals
    assert set(proposal.reason.evidence) == {one.evidence, other.evidence, deficient.evidence}


@pytest.mark.parametrize(
    ("results", "gap"),
    [
        ([POOR, NORMAL], "which result of SLCO1B1 holds: *1/*1 (Normal Function) or *5/*5 (Poor Function)"),
        ([gene_result("SLCO1B1")], "a result of SLCO1B1 that can be read"),
        ([gene_result("SLCO1B1", "*5")], "the second allele of SLCO1B1"),
        ([gene_result(None)], "a result of a gene that could not be read"),
    ],
)
def test_what_cannot_be_told_is_unanswered(results: list, gap: str, knowledge: Knowledge):
    for order in permutations(results):
        assert missing(facts(medicine("simvastatin"), *order), knowledge) == [("cpic-simvastatin", (gap,))]


def test_a_result_of_no_known_gene_leaves_a_gene_that_was_tested_as_it_is(knowledge: Knowledge):
    found = said(facts(medicine("simvastatin"), POOR, gene_result(None)), knowledge)
    assert [one.key for one in found.issues] == ["genes-simvastatin"]
    assert found.unanswered == ()
    both = facts(medicine("amitriptyline"), gene_result("CYP2C19", "*2", "*2"), gene_result(None))
    assert missing(both, knowledge) == [
        ("cpic-amitriptyline", ("a result of a gene that could not be read",))
    ]


def test_a_medicine_that_may_be_anything_is_unanswered(knowledge: Knowledge):
    assert missing(facts(medicine(), POOR), knowledge) == [
        ("cpic", ("ingredients of a medicine that could not be resolved",))
    ]


def test_without_genes_or_without_their_medicines_nothing_is_said(knowledge: Knowledge):
    assert said(facts(medicine("simvastatin"), medicine()), knowledge) == Findings()
    assert said(facts(medicine("metformin"), POOR), knowledge) == Findings()
    assert said(facts(medicine("simvastatin", active=False), POOR), knowledge) == Findings()
    assert said(facts(medicine("simvastatin"), gene_result("CYP2D6", "*1", "*1")), knowledge) == Findings()


def test_order_and_doubles_change_nothing(knowledge: Knowledge):
    known = [
        medicine("simvastatin"),
        medicine("codeine"),
        POOR,
        gene_result("CYP2D6", "*4", "*4"),
        gene_result("CYP2D6", phenotype="Poor Metabolizer"),
    ]
    wanted = said(facts(*known), knowledge)
    assert [one.key for one in wanted.issues] == ["genes-codeine", "genes-simvastatin"]
    assert all(said(facts(*order), knowledge) == wanted for order in permutations(known))
    twice = facts(*known)
    assert said(replace(twice, genes=(*twice.genes, *twice.genes)), knowledge) == wanted


def test_a_danger_reaches_the_plan(knowledge: Knowledge):
    found = plan(facts(medicine("simvastatin"), POOR), knowledge)
    assert "genes-simvastatin" in [one.key for one in found.issues]
    assert "genes-simvastatin" not in [
        one.key for one in plan(facts(medicine("simvastatin")), knowledge).issues
    ]


def test_an_inhibitor_is_told_beside_what_the_genes_say_and_is_unverified(knowledge: Knowledge):
    inhibitor, normal = medicine("fluoxetine"), gene_result("CYP2D6", "*1", "*1")
    (issue,) = said(facts(medicine("codeine"), inhibitor, normal), knowledge).issues
    alone, beside = issue.reasons
    assert "is *1/*1 (Normal Metabolizer). CYP2D6" in alone.sentence
    assert "which fluoxetine may turn into Poor Metabolizer" in beside.sentence
    assert "Avoid codeine use because of possibility of diminished analgesia" in beside.sentence
    assert (alone.rule.source.confirmed, beside.rule.source.confirmed) == (True, False)
    assert beside.rule.source.strength == "Strong; unverified: clinical review needed"
    assert inhibitor.evidence in issue.implicated
    assert inhibitor.evidence not in alone.evidence


def test_a_medicine_does_not_inhibit_itself(knowledge: Knowledge):
    found = said(facts(medicine("paroxetine"), gene_result("CYP2D6", "*1", "*1")), knowledge)
    assert found.issues == ()
    assert len(found.proposals) == 1


def test_each_sentence_that_asks_for_nothing_is_one_of_cpics():
    told = {row["recommendation"] for row in rows(TABLE) if not row["changed_by_cpic_after"]}
    assert no_change() <= told
    assert {row["confirmed"] for row in rows(NO_CHANGE)} == {"no"}


@pytest.mark.parametrize("word", ["avoid ", "alternative", "reduc", "do not use", "contraindicated", "≤"])
def test_no_sentence_that_asks_for_something_is_among_them(word: str):
    found = {text for text in no_change() if word in text.lower().replace("no reason to avoid ", "")}
    assert found == set()


def test_a_test_for_another_allele_is_no_result_of_those_that_matter(knowledge: Knowledge):
    """Carbamazepine asks for HLA-A*31:01 and HLA-B*15:02: an answer about HLA-B*57:01 is none to either."""
    other = replace(gene_result("HLA-B", "*57:01"), present=False)
    asked = replace(gene_result("HLA-A", "*31:01"), present=True)
    (issue,) = said(facts(medicine("carbamazepine"), other, asked), knowledge).issues
    assert all("HLA-A" in reason.sentence for reason in issue.reasons)
    both = replace(gene_result("HLA-B", "*15:02"), present=True)
    assert said(facts(medicine("carbamazepine"), both, asked), knowledge).issues != (issue,)


def test_results_that_contradict_one_another_are_one_question(knowledge: Knowledge):
    twice = gene_result("CYP2C19", phenotype="Poor Metabolizer")
    found = said(facts(POOR, NORMAL, gene_result("CYP2C19", "*1", "*2"), twice), knowledge)
    assert [one.offer for one in found.proposals] == [CHOICE, CHOICE]
    assert [one.reason.sentence.partition(":")[0] for one in found.proposals] == ["CYP2C19", "SLCO1B1"]
    assert {one.evidence for one in (POOR, NORMAL)} <= set(found.proposals[1].reason.evidence)
