"""Two of a class side by side."""

from __future__ import annotations

import pytest

from mappers.facts import Facts
from mappers.recommendations import Issue
from tests.unit.workers.engine.patients import facts, medicine
from workers.engine.case import Case
from workers.engine.definitions import Knowledge
from workers.engine.recommenders.duplicates import TABLE, Duplicates
from workers.engine.scores.tables import rows
from workers.engine.vocabulary import medicines


def issues(patient: Facts, knowledge: Knowledge) -> tuple[Issue, ...]:
    return Duplicates().recommend(Case(patient), knowledge).issues


@pytest.mark.parametrize("row", rows(TABLE), ids=lambda row: row["class"])
def test_two_of_each_class_are_said_and_one_is_not(row: dict[str, str], knowledge: Knowledge):
    one, other, *_ = sorted(medicines()[row["class"]])
    (issue,) = [
        found
        for found in issues(facts(medicine(one), medicine(other)), knowledge)
        if found.key == f"duplicate-{row['class']}"
    ]
    assert issue.severity == "low"
    assert len(issue.implicated) == 2
    assert not issue.reasons[0].rule.source.confirmed
    assert issues(facts(medicine(one)), knowledge) == ()


def test_repeats_of_one_ingredient_are_none(knowledge: Knowledge):
    assert issues(facts(medicine("atorvastatin"), medicine("atorvastatin")), knowledge) == ()


def test_a_second_ingredient_in_the_same_tablet_is_none_of_the_class(knowledge: Knowledge):
    tablet = medicine("amlodipine", "atorvastatin")
    assert issues(facts(tablet), knowledge) == ()
    assert issues(facts(tablet, medicine("lisinopril")), knowledge) == ()
    (issue,) = issues(facts(tablet, medicine("simvastatin")), knowledge)
    assert issue.title == "two statins: atorvastatin and simvastatin"


def test_what_is_over_is_none(knowledge: Knowledge):
    assert issues(facts(medicine("atorvastatin"), medicine("simvastatin", active=False)), knowledge) == ()


def test_three_are_one_danger(knowledge: Knowledge):
    (issue,) = issues(facts(*map(medicine, ("ibuprofen", "naproxen", "diclofenac"))), knowledge)
    assert len(issue.implicated) == 3
