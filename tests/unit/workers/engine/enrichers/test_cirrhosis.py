"""Child-Pugh: what the problem list says of two findings is none, or either grade."""

from __future__ import annotations

import pytest

from tests.unit.workers.engine.enrichers.asking import chart, ends, holds_until_named, missing, score, silent
from tests.unit.workers.engine.patients import measured, problem, unread

LABS = (measured("total_bilirubin", "2.5"), measured("albumin", "3.0"), measured("inr", "1.8"))
ILL = problem("cirrhosis")


def test_without_ascites_and_encephalopathy_both_are_none():
    """2 + 2 + 2 + 1 + 1."""
    found = score("child_pugh", chart(ILL, *LABS))
    assert (ends(found), found.band) == ([("8", "8")], "class B")


def test_what_the_list_does_not_grade_lies_between_two_ends():
    """2 + 2 + 2, ascites 2 or 3, encephalopathy 1: nine is B, ten is C."""
    found = score("child_pugh", chart(ILL, problem("ascites"), *LABS))
    assert (ends(found), found.band) == ([("9", "10")], "class B or class C")
    assert problem("ascites").evidence in found.inputs


@pytest.mark.parametrize("gone", LABS, ids=lambda one: one.analyte)
def test_law_8_no_class_from_a_part(gone):
    assert len(missing("child_pugh", chart(ILL, *(one for one in LABS if one is not gone)))) == 1


def test_law_8_a_diagnosis_that_could_not_be_read_may_be_ascites():
    assert "a diagnosis that could not be read" in missing(
        "child_pugh", chart(ILL, *LABS, unread("Condition"))
    )


def test_nobody_without_cirrhosis_hears_of_it():
    assert silent("child_pugh", chart(problem("liver_disease"), *LABS))
    assert silent("child_pugh", chart(ILL, LABS[1]))


def test_law_7_it_holds_until_the_day_that_is_named():
    holds_until_named("child_pugh", chart(ILL, *LABS))
