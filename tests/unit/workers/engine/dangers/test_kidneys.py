"""How well kidneys clear medicines, between two ends where an input is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from mappers.facts import Sex
from tests.unit.workers.engine.patients import facts, measured, month, person
from workers.engine.case import Case
from workers.engine.dangers.kidneys import clearance
from workers.engine.scores.score import answer
from workers.engine.scores.table import SCORES

WEIGHT, TEST = measured("body_weight", "72"), measured("creatinine", "1.2")


def test_it_is_the_score_that_bears_its_name():
    known = clearance(Case(facts(WEIGHT, TEST, who=person(Sex.FEMALE))))
    asked = {"age": 60, "weight_kg": 72.0, "sex": "female", "creatinine": 1.2}
    assert round(known.values[0], 1) == round(Decimal("0.85") * 80 * 72 / (72 * Decimal("1.2")), 1)
    score = answer(SCORES["cockcroft_gault"], asked).result["crcl"]
    assert score == pytest.approx(float(known.values[0]), abs=0.1)


def test_a_birthday_in_this_month_a_comparator_and_both_sexes_give_two_ends():
    turning = clearance(Case(facts(WEIGHT, TEST, who=person(born=month(1966, 6)))))
    assert len(turning.values) == 2
    assert turning.until == date(2026, 6, 30)
    under = clearance(Case(facts(WEIGHT, measured("creatinine", "1.2", comparator="<"))))
    assert under.values[-1] == Decimal("Infinity")
    both = clearance(Case(facts(WEIGHT, TEST, who=person(Sex.MALE, birth_sex=Sex.FEMALE))))
    assert both.values[0] == both.values[1] * Decimal("0.85")


@pytest.mark.parametrize(
    ("known", "who", "gap"),
    [
        ((TEST,), person(), "Body weight"),
        ((WEIGHT,), person(), "Creatinine"),
        ((WEIGHT, TEST), person(born=None), "date of birth"),
        ((WEIGHT, TEST), person(Sex.UNKNOWN), "sex"),
        ((WEIGHT, measured("creatinine", "1.2", date(2025, 6, 1))), person(), "Creatinine"),
    ],
)
def test_law_8_what_is_missing_is_named(known: tuple[object, ...], who: object, gap: str):
    found = clearance(Case(facts(*known, who=who)))
    assert found.values == ()
    assert gap in found.gap
