"""How answers combine, and how long what they say holds."""

from __future__ import annotations

from datetime import date
from itertools import product

import pytest

from mappers.facts import Evidence, Truth
from workers.engine.answer import NO, YES, Answer, all_of, any_of, negate, ordered, soonest, unknown

EARLY, LATE = date(2026, 1, 1), date(2027, 1, 1)


@pytest.mark.parametrize(("left", "right"), list(product(Truth, Truth)))
def test_law_8_answers_combine_as_kleene_says(left: Truth, right: Truth):
    pair = Answer(left), Answer(right)
    assert all_of(pair).truth is left & right
    assert any_of(pair).truth is left | right
    assert negate(pair[0]).truth is ~left


def test_law_7_all_true_holds_until_the_first_turns():
    assert all_of([Answer(Truth.TRUE, LATE), Answer(Truth.TRUE, EARLY), YES]).until == EARLY


def test_law_7_one_no_is_enough_and_the_longest_counts():
    assert (
        all_of([Answer(Truth.FALSE, EARLY), Answer(Truth.FALSE, LATE), Answer(Truth.TRUE, EARLY)]).until
        == LATE
    )
    assert all_of([Answer(Truth.FALSE, EARLY), NO]) == NO


def test_law_7_any_of_holds_as_long_as_one_yes():
    assert any_of([Answer(Truth.TRUE, EARLY), Answer(Truth.TRUE, LATE)]).until == LATE


def test_a_lasting_no_spares_the_other_questions():
    def asked():
        yield NO
        raise AssertionError("asked on")

    assert all_of(asked()) == NO


def test_law_8_what_was_missed_is_gathered_once_and_only_from_what_is_unknown():
    told = [unknown("b", "a"), Answer(Truth.TRUE, missing=("c",)), unknown("a")]
    assert all_of(told).missing == ("b", "a")


def test_evidence_is_gathered():
    told = [Answer(Truth.TRUE, evidence=(Evidence(name),)) for name in ("B", "A", "B")]
    assert all_of(told).evidence == (Evidence("A"), Evidence("B"))


def test_nothing_is_never():
    assert soonest([]) is None
    assert soonest([None, LATE, EARLY]) == EARLY
    assert ordered(["b", "a", "b"]) == ("b", "a")
