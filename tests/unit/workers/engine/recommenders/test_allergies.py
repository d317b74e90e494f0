"""What is taken in spite of an allergy."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mappers.facts import Allergy, Facts
from mappers.recommendations import Issue
from tests.unit.workers.engine.patients import allergy, evidence, facts, medicine, unread
from workers.engine.apply import plan
from workers.engine.case import Case
from workers.engine.definitions import Knowledge
from workers.engine.recommenders.allergies import TABLE, Allergies
from workers.engine.recommenders.interactions import GAP
from workers.engine.scores.tables import rows
from workers.engine.vocabulary import medicines


def issues(patient: Facts, knowledge: Knowledge) -> tuple[Issue, ...]:
    return Allergies().recommend(Case(patient), knowledge).issues


def to_class(name: str) -> Allergy:
    return Allergy((name.replace("_", " "),), (name,), True, False, evidence("AllergyIntolerance", name))


def test_the_substance_itself_is_high_and_an_intolerance_moderate(knowledge: Knowledge):
    (grave,) = issues(facts(medicine("amoxicillin"), allergy("amoxicillin")), knowledge)
    assert (grave.key, grave.severity) == ("allergy-amoxicillin-amoxicillin", "high")
    assert set(grave.implicated) == {
        evidence("MedicationRequest", "amoxicillin"),
        evidence("AllergyIntolerance", "amoxicillin"),
    }
    (less,) = issues(facts(medicine("amoxicillin"), allergy("amoxicillin", intolerance=True)), knowledge)
    assert less.severity == "moderate"


def test_a_class_that_was_recorded_reaches_its_members(knowledge: Knowledge):
    (issue,) = issues(facts(medicine("amoxicillin"), to_class("penicillin")), knowledge)
    assert issue.reasons[0].sentence == "An allergy to penicillin is recorded, and amoxicillin is taken."
    assert issue.reasons[0].rule.id == "allergy-taken"
    assert issues(facts(medicine("metformin"), to_class("penicillin")), knowledge) == ()


def test_one_medicine_reaches_another_only_within_the_classes_of_the_table(knowledge: Knowledge):
    (near,) = issues(facts(medicine("amoxicillin"), allergy("penicillin v")), knowledge)
    assert (near.severity, near.reasons[0].rule.source.confirmed) == ("high", False)
    (far,) = issues(facts(medicine("cephalexin"), allergy("penicillin v")), knowledge)
    assert far.severity == "low"
    assert issues(facts(medicine("clopidogrel"), allergy("aspirin")), knowledge) == ()


def test_a_tablet_of_two_is_said_for_the_one_that_matters(knowledge: Knowledge):
    found = issues(facts(medicine("lisinopril", "hydrochlorothiazide"), allergy("lisinopril")), knowledge)
    assert [one.key for one in found] == ["allergy-lisinopril-lisinopril"]


def test_what_is_no_longer_so_is_no_danger(knowledge: Knowledge):
    assert issues(facts(medicine("amoxicillin", active=False), allergy("amoxicillin")), knowledge) == ()
    assert issues(facts(medicine("amoxicillin"), allergy("amoxicillin", active=False)), knowledge) == ()


def test_what_cannot_be_read_is_missing_where_it_could_matter(knowledge: Knowledge):
    def missing(*known: object) -> list[str]:
        found = Allergies().recommend(Case(facts(*known)), knowledge)
        return [text for one in found.unanswered for text in one.missing]

    assert missing(medicine("amoxicillin")) == []
    assert missing(allergy()) == []
    assert missing(unread("AllergyIntolerance"), medicine("amoxicillin")) == [
        "what an allergy is to that could not be read"
    ]
    assert missing(medicine(), allergy("amoxicillin")) == [GAP]
    assert len(missing(medicine(), allergy())) == 2


def test_repeats_and_order_change_nothing(knowledge: Knowledge):
    one, other, against = medicine("amoxicillin"), medicine("cephalexin"), allergy("penicillin v")
    here = issues(facts(one, other, against), knowledge)
    there = issues(facts(other, one, against), knowledge)
    assert sorted(here, key=lambda issue: issue.key) == sorted(there, key=lambda issue: issue.key)
    assert len(here) == 2


def test_nothing_is_said_of_somebody_who_has_died(knowledge: Knowledge):
    patient = facts(medicine("amoxicillin"), allergy("amoxicillin"))
    dead = replace(patient, person=replace(patient.person, deceased=True))
    assert plan(dead, knowledge).issues == ()


@pytest.mark.parametrize("row", rows(TABLE), ids=lambda row: row["class"])
def test_each_class_of_the_table_is_one_that_medicines_have(row: dict[str, str]):
    assert row["class"] in medicines()
    assert row["severity"] in {"high", "moderate", "low"}
    assert row["source"]
    assert row["date"]
