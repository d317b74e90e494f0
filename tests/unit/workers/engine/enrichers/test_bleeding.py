"""HAS-BLED: nine points, of which two are worked out from answers and from a line between values."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from mappers.context import SurveyAnswer
from tests.unit.workers.engine.enrichers.asking import (
    answered,
    chart,
    ends,
    holds_until_named,
    missing,
    score,
    silent,
)
from tests.unit.workers.engine.patients import evidence, measured, medicine, person, problem, unread
from workers.engine.enrichers.bleeding import TWO_TO_THREE, time_in_range
from workers.engine.readings import AMBULATORY, Reading

NONE = answered("audit_c", frequency=0)
PLAIN = (
    problem("atrial_fibrillation"),
    measured("systolic_bp", "140"),
    measured("creatinine", "1.0"),
    measured("total_bilirubin", "0.8"),
)
START = date(2026, 2, 1)


def inrs(*values: str, apart: int = 20) -> list:
    return [
        measured("inr", value, START + timedelta(days=apart * place)) for place, value in enumerate(values)
    ]


def test_nobody_without_atrial_fibrillation_or_answers_about_drinking_hears_of_it():
    assert silent("has_bled", chart(*PLAIN))
    assert silent("has_bled", chart(*PLAIN[1:], *NONE))


POINTS = [
    ((), "0", None),
    ((measured("systolic_bp", "161", date(2026, 6, 10)),), "1", None),
    ((measured("creatinine", "2.26", date(2026, 6, 10)),), "1", None),
    ((problem("dialysis"),), "1", None),
    ((problem("cirrhosis"),), "1", None),
    ((problem("ischaemic_stroke"),), "1", None),
    ((problem("anaemia"), problem("major_bleeding")), "1", None),
    ((medicine("aspirin"), medicine("ibuprofen")), "1", None),
    ((problem("ischaemic_stroke"), problem("anaemia"), medicine("clopidogrel")), "3", "high"),
]


@pytest.mark.parametrize(("more", "points", "band"), POINTS)
def test_each_point_counts_once(more, points, band):
    found = score("has_bled", chart(*PLAIN, *NONE, *more))
    assert (ends(found), found.band) == ([(points, points)], band)


def test_over_65_is_a_point_and_65_is_none():
    for year, points in ((1961, "0"), (1960, "1")):
        who = person(born=(date(year, 1, 1), date(year, 1, 1)))
        assert ends(score("has_bled", chart(*PLAIN, *NONE, who=who))) == [(points, points)]


@pytest.mark.parametrize(
    ("frequency", "amount", "wanted"),
    [(0, 4, ("0", "0")), (2, 2, ("0", "0")), (4, 1, ("1", "1")), (3, 2, ("1", "1")), (3, 1, ("0", "1"))],
)
def test_drinks_a_week_lie_between_what_the_answers_allow(frequency: int, amount: int, wanted):
    """Twice to three times a week three or four drinks: 6 to 12, which may be 8."""
    told = answered("audit_c", frequency=frequency, amount=amount)
    assert ends(score("has_bled", chart(*PLAIN, *told))) == [wanted]


@pytest.mark.parametrize("gone", PLAIN[1:], ids=lambda one: one.analyte)
def test_law_8_no_points_from_a_part(gone):
    kept = [one for one in PLAIN if one is not gone]
    assert len(missing("has_bled", chart(*kept, *NONE))) == 1
    assert missing("has_bled", chart(*PLAIN, *NONE, unread("Condition"), unread("MedicationRequest")))


def test_a_high_bilirubin_asks_for_the_limits_of_the_laboratory():
    (text,) = missing("has_bled", chart(*PLAIN, *NONE, measured("total_bilirubin", "2.1", date(2026, 6, 10))))
    assert text == "whether AST, ALT or alkaline phosphatase is over 3 times its upper limit"


def test_the_inr_matters_under_a_vitamin_k_antagonist_alone():
    warfarin = medicine("warfarin")
    assert missing("has_bled", chart(*PLAIN, *NONE, warfarin)) == (TWO_TO_THREE,)
    steady = inrs("2.5", "2.4", "2.6", "2.5", "2.5")
    assert ends(score("has_bled", chart(*PLAIN, *NONE, warfarin, *steady))) == [("0", "0")]
    wild = inrs("1.2", "4.8", "1.2", "4.8", "1.2")
    assert ends(score("has_bled", chart(*PLAIN, *NONE, warfarin, *wild))) == [("1", "1")]
    assert ends(score("has_bled", chart(*PLAIN, *NONE, *wild))) == [("0", "0")]


def test_the_share_of_time_in_range_by_hand():
    """20 days from 1 to 3 spend 10 in range; 20 from 3 to 3 all; 20 from 3 to 5 none."""
    days = [
        Reading(
            Decimal(value), Decimal(value), START + timedelta(days=20 * place), min(AMBULATORY, key=str), ()
        )
        for place, value in enumerate((1, 3, 3, 5, 5))
    ]
    assert time_in_range(tuple(days)) == Decimal(30) / 80
    assert time_in_range(tuple(days[:4])) is None
    far = [Reading(one.low, one.high, START + 57 * (one.when - START) // 20, one.setting, ()) for one in days]
    assert time_in_range(tuple(far)) is None


def test_law_7_it_holds_until_the_day_that_is_named():
    steady = inrs("2.5", "2.4", "2.6", "2.5", "2.5", "2.2")
    holds_until_named("has_bled", chart(*PLAIN, *NONE, medicine("warfarin"), *steady), times=8)


def test_an_answer_without_an_amount_is_none():
    told = [SurveyAnswer("audit_c", "frequency", 2, date(2026, 6, 1), evidence("Observation"))]
    assert silent("has_bled", chart(*PLAIN, *told))
