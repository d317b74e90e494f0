"""FINDRISC: between those who eat vegetables and move every day and those who do not."""

from __future__ import annotations

import pytest

from mappers.context import Relative
from mappers.problems import names
from tests.unit.workers.engine.enrichers.asking import chart, ends, holds_until_named, missing, score, silent
from tests.unit.workers.engine.patients import evidence, measured, medicine, problem

BODY = (measured("bmi", "31"), measured("waist_circumference", "103"))


def relative(degree: int | None, key: str) -> Relative:
    where = evidence("FamilyMemberHistory", f"{degree}-{key}")
    return Relative("mother", degree, key, "", "", None, where, names()[key].classes)


HEALTHY = relative(1, "asthma")


@pytest.mark.parametrize(
    ("more", "low", "high", "band"),
    [
        # 60 years 3, BMI 3, waist of a man 4; 3 more for who neither eats vegetables nor moves
        ((HEALTHY,), "10", "13", "slightly elevated or moderate"),
        ((relative(1, "type_2_diabetes"),), "15", "18", "high"),
        ((HEALTHY, relative(2, "type_1_diabetes")), "13", "16", "moderate or high"),
        ((HEALTHY, medicine("lisinopril"), problem("prediabetes")), "17", "20", "high"),
    ],
)
def test_the_points_of_a_man_of_60(more, low, high, band):
    found = score("findrisc", chart(*BODY, *more))
    assert ends(found) == [(low, high)]
    assert set((found.band or "").split(" or ")) == set(band.split(" or "))


def test_law_8_a_family_of_whom_nobody_is_on_record_is_not_healthy():
    assert missing("findrisc", chart(*BODY)) == ("whether diabetes runs in the family",)
    assert missing("findrisc", chart(*BODY, relative(2, "asthma"))) == (
        "whether diabetes runs in the family",
    )
    assert missing("findrisc", chart(*BODY, relative(None, "type_2_diabetes"))) == (
        "whether diabetes runs in the family",
    )


def test_who_has_diabetes_or_no_waist_on_record_hears_nothing():
    assert silent("findrisc", chart(*BODY, HEALTHY, problem("type_2_diabetes")))
    assert silent("findrisc", chart(BODY[0], HEALTHY))


def test_law_7_it_holds_until_the_day_that_is_named():
    holds_until_named("findrisc", chart(*BODY, HEALTHY))
