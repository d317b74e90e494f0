"""LACE and HOSPITAL: of whoever left hospital in the last 30 days, from the stays that are on record."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from mappers.facts import Deed, Setting
from tests.unit.workers.engine.enrichers.asking import (
    chart,
    ends,
    holds_until_named,
    missing,
    score,
    silent,
    stay,
)
from tests.unit.workers.engine.patients import TODAY, evidence, measured, problem
from workers.engine.calendar import DAY
from workers.engine.case import Case
from workers.engine.enrichers.readmission import admissions

START, END = date(2026, 6, 1), date(2026, 6, 6)
WARD = stay("inpatient", START, END, urgent=True)
FAILING = replace(problem("heart_failure"), icd10=("I50.9",))
LABS = (
    measured("hemoglobin", "10.9", date(2026, 6, 5), Setting.INPATIENT),
    measured("sodium", "134", date(2026, 6, 5), Setting.INPATIENT),
)


def test_lace_by_hand():
    """Five days 4, acute 3, a failing heart 2, one visit in half a year 1."""
    visits = (
        stay("emergency", date(2026, 3, 1), date(2026, 3, 1)),
        stay("emergency", date(2025, 11, 1), None),
    )
    found = score("lace", chart(WARD, FAILING, *visits))
    assert (ends(found), found.band) == ([("10", "10")], "high")
    assert {WARD.evidence, FAILING.evidence, visits[0].evidence} <= set(found.inputs)
    assert visits[1].evidence not in found.inputs
    assert found.when == END


def test_a_visit_that_led_to_the_stay_makes_it_acute_and_is_not_counted():
    ward = replace(WARD, urgent=None)
    assert missing("lace", chart(ward)) == ("whether the admission was an emergency",)
    for visit in (stay("emergency", START, START), stay("emergency", START - DAY, START - DAY)):
        assert ends(score("lace", chart(ward, visit))) == [("7", "7")]
    assert ends(score("lace", chart(replace(WARD, urgent=False)))) == [("4", "4")]


def test_kidney_disease_has_two_ends():
    """Four days 4 and acute 3, kidneys 2 or (from 4 on) 5."""
    ward = stay("inpatient", START, date(2026, 6, 5), urgent=True)
    assert ends(score("lace", chart(ward, problem("ckd")))) == [("9", "12")]


def test_hospital_by_hand():
    """Haemoglobin 1, sodium 1, procedure 1, urgent 1, two admissions before 2, five days 2."""
    before = [stay("inpatient", date(2026, number, 1), date(2026, number, 3)) for number in (1, 3)]
    done = Deed("procedure", "", "1", date(2026, 6, 2), evidence("Procedure"))
    found = score("hospital", chart(WARD, *before, done, *LABS))
    assert (ends(found), found.band) == ([("8", "8")], "high")
    assert ends(score("hospital", chart(WARD, *before[:1], *LABS))) == [("5", "5")]


@pytest.mark.parametrize("gone", LABS, ids=lambda one: one.analyte)
def test_law_8_no_hospital_score_without_the_numbers_of_the_stay(gone):
    after = replace(gone, when=END + DAY)
    kept = [one for one in LABS if one is not gone]
    assert len(missing("hospital", chart(WARD, *kept, after))) == 1


def test_who_has_cancer_is_asked_which_department_it_was():
    cancer = replace(problem("breast_cancer"), icd10=("C50.9",))
    assert missing("hospital", chart(WARD, cancer, *LABS)) == ("whether the discharge was from oncology",)


def test_stays_that_touch_are_one_and_a_stay_without_an_end_swallows_none():
    moved = stay("inpatient", END, END + timedelta(days=2))
    (one,) = admissions(Case(chart(WARD, moved)))
    assert (one.started, one.ended, one.urgent) == (START, END + timedelta(days=2), True)
    broken = stay("inpatient", date(2020, 1, 1), None)
    assert len(admissions(Case(chart(broken, WARD)))) == 2
    assert score("lace", chart(broken, WARD))


def test_after_30_days_at_home_or_in_hospital_again_nothing_is_said():
    late = replace(chart(WARD), as_of=END + timedelta(days=30))
    assert score("lace", late)
    assert silent("lace", replace(late, as_of=END + timedelta(days=31)))
    assert silent("lace", chart(WARD, stay("inpatient", TODAY - DAY, None)))
    assert silent("lace", chart(stay("emergency", START, END)))


def test_law_7_it_holds_until_the_day_that_is_named():
    holds_until_named("lace", chart(WARD, FAILING))
    holds_until_named("hospital", chart(WARD, *LABS))
