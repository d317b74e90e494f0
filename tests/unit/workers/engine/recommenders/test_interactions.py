"""Interactions between what is taken, and with what would be started."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from mappers.facts import Evidence, Facts
from mappers.recommendations import ActKind, Issue
from tests.unit.workers.engine.patients import (
    TODAY,
    evidence,
    facts,
    measured,
    medicine,
    month,
    person,
    problem,
    unread,
)
from workers.engine.apply import plan
from workers.engine.case import Case
from workers.engine.dangers.pairs import members, pairs
from workers.engine.definitions import Knowledge
from workers.engine.recommenders import Findings
from workers.engine.recommenders.interactions import GAP, Interactions


def asked(patient: Facts, knowledge: Knowledge) -> Findings:
    return Interactions().recommend(Case(patient), knowledge)


def titles(issues: tuple[Issue, ...]) -> list[str]:
    return [one.title for one in issues]


def test_two_medicines_of_a_pair_are_a_danger_with_both_as_evidence(knowledge: Knowledge):
    found = asked(facts(medicine("tizanidine"), medicine("ciprofloxacin")), knowledge)
    (issue,) = found.issues
    assert issue.key == "interaction-13-ciprofloxacin-tizanidine"
    assert issue.severity == "high"
    assert set(issue.implicated) == {
        evidence("MedicationRequest", "tizanidine"),
        evidence("MedicationRequest", "ciprofloxacin"),
    }
    assert "taken together" in issue.reasons[0].sentence


def test_repeats_of_a_prescription_are_one_danger_with_all_of_them(knowledge: Knowledge):
    again = medicine("tizanidine")
    more = type(again)(
        again.ingredients, again.classes, True, None, None, Evidence("MedicationRequest/second/_history/1")
    )
    (issue,) = asked(facts(again, more, medicine("ciprofloxacin")), knowledge).issues
    assert len(issue.implicated) == 3


def test_a_tablet_with_two_ingredients_counts_with_each(knowledge: Knowledge):
    found = asked(facts(medicine("simvastatin", "ezetimibe"), medicine("clarithromycin")), knowledge)
    assert titles(found.issues) == ["clarithromycin with simvastatin: rhabdomyolysis"]


def test_what_is_over_or_not_begun_is_no_danger_and_its_day_is_looked_at(knowledge: Knowledge):
    over = medicine("ciprofloxacin", stopped=date(2026, 6, 1))
    later = medicine("ciprofloxacin", started=date(2026, 7, 1))
    assert asked(facts(medicine("tizanidine"), over), knowledge).issues == ()
    found = asked(facts(medicine("tizanidine"), later), knowledge)
    assert (found.issues, found.until) == ((), date(2026, 7, 1))
    assert (
        asked(facts(medicine("tizanidine"), medicine("ciprofloxacin", active=False)), knowledge).issues == ()
    )


def test_a_medicine_that_may_be_anything_makes_unknown_what_it_could_complete(knowledge: Knowledge):
    def missing(*known: object) -> list[tuple[str, ...]]:
        return [one.missing for one in asked(facts(*known), knowledge).unanswered]

    assert missing(medicine()) == []
    assert missing(medicine(), medicine("metformin")) == []
    assert missing(medicine(), medicine("tizanidine")) == [(GAP,)]
    assert missing(medicine(), unread("MedicationStatement")) == [(GAP,)]


def test_a_child_is_asked_too(knowledge: Knowledge):
    child = facts(medicine("tizanidine"), medicine("ciprofloxacin"), who=person(born=month(2020, 1)))
    assert len(plan(child, knowledge).issues) == 1


@given(
    st.lists(st.sampled_from(sorted(members())), unique=True, max_size=6).flatmap(
        lambda one: st.tuples(st.just(one), st.permutations(one))
    )
)
def test_law_7_the_order_of_medicines_changes_nothing(both: tuple[list[str], list[str]]):
    here, there = (Interactions().recommend(Case(facts(*map(medicine, names))), None) for names in both)  # type: ignore[arg-type]
    assert here == there


@given(st.lists(st.sampled_from(sorted(members())), unique=True, max_size=6))
def test_every_two_that_stand_in_a_row_are_found_and_no_others(names: list[str]):
    found = Interactions().recommend(Case(facts(*map(medicine, names))), None)  # type: ignore[arg-type]
    wanted = {
        (pair.number, *sorted((one, other)))
        for pair in pairs()
        for one in names
        for other in names
        if one != other and one in pair.objects and other in pair.precipitants
    }
    told = {
        (issue.reasons[0].rule.id.rpartition("-")[2], *issue.title.partition(":")[0].split(" with "))
        for issue in found.issues
    }
    assert told == wanted


# --- what would be started ---------------------------------------------------------------------------------

HEART = (problem("myocardial_infarction"), measured("ldl", "120"))


def test_a_class_of_which_some_interact_becomes_a_question_that_names_them(knowledge: Knowledge):
    plain = plan(facts(*HEART), knowledge)
    statin = next(one for one in plain.activities if "statin" in one.act.key)
    with_antibiotic = plan(facts(*HEART, medicine("clarithromycin")), knowledge)
    asked_for = next(one for one in with_antibiotic.activities if one.act.key == statin.act.key)
    assert asked_for.act.kind is ActKind.QUESTION
    question = next(text for text in asked_for.questions if "clarithromycin" in text)
    assert "lovastatin, simvastatin must not be taken with clarithromycin" in question
    assert not any("clarithromycin" in text for text in statin.questions)
    assert evidence("MedicationRequest", "clarithromycin") in asked_for.reasons[0].evidence


def test_the_day_of_the_facts_is_the_only_clock(knowledge: Knowledge):
    patient = facts(medicine("tizanidine"), medicine("ciprofloxacin", stopped=TODAY))
    assert asked(patient, knowledge).issues
    assert asked(patient, knowledge).until is not None
