"""Scores of somebody who is acutely ill: today's numbers, from where they count, and only today's."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from mappers.facts import Finding, Setting, Truth
from tests.unit.workers.engine.enrichers.asking import (
    chart,
    ends,
    enriched,
    holds_until_named,
    missing,
    score,
    silent,
    stay,
)
from tests.unit.workers.engine.patients import TODAY, evidence, measured, month, person, problem
from workers.engine.calendar import DAY

WARD = Setting.INPATIENT


def now(analyte: str, value: str, setting: Setting = WARD):
    return measured(analyte, value, TODAY, setting)


def awake(value: str = "alert") -> Finding:
    return Finding("consciousness", value, TODAY, evidence("Observation", "consciousness"))


VITALS = (
    now("respiratory_rate", "22"),
    now("systolic_bp", "100"),
    now("oxygen_saturation", "97"),
    now("inhaled_oxygen_flow_rate", "2"),
    now("heart_rate", "112"),
    now("body_temperature", "38.5"),
)


def test_the_points_of_a_feverish_patient_on_oxygen():
    """22 breaths 2, 97 % none or (scale 2, oxygen) 3, oxygen 2, 100 mm[Hg] 2, 112 beats 2, 38.5 1."""
    found = score("news2", chart(*VITALS, awake()))
    assert (ends(found), found.band) == ([("9", "12")], "high")
    assert found.when == TODAY


def test_an_alert_patient_with_normal_numbers_on_air():
    fine = ("16", "120", "97", "0", "80", "37.0")
    calm = [replace(one, value=type(one.value)(text)) for one, text in zip(VITALS, fine, strict=True)]
    found = score("news2", chart(*calm, awake()))
    assert (ends(found), found.band) == ([("0", "0")], "low")
    assert ends(score("news2", chart(*calm, awake("confused")))) == [("3", "3")]
    assert score("news2", chart(*calm, awake("voice"))).band == "low-medium"


def test_the_newest_of_today_counts_and_no_mean_of_the_day():
    later = now("respiratory_rate", "12")
    assert ends(score("news2", chart(*VITALS, awake(), later))) == [("7", "10")]


@pytest.mark.parametrize("gone", [*VITALS[1:], awake()], ids=lambda one: getattr(one, "analyte", "awake"))
def test_law_8_no_early_warning_from_a_part(gone):
    kept = [one for one in (*VITALS, awake()) if one != gone]
    assert len(missing("news2", chart(*kept))) == 1


def test_yesterday_and_a_practice_are_no_acute_illness():
    assert silent("news2", chart(*(replace(one, when=TODAY - DAY) for one in VITALS), awake()))
    assert silent("news2", chart(*(replace(one, setting=Setting.AMBULATORY) for one in VITALS), awake()))
    assert enriched("news2", chart(*VITALS, awake())).until == TODAY + DAY
    holds_until_named("news2", chart(*VITALS, awake()))


def test_from_16_on_and_not_in_pregnancy():
    youth = person(born=month(2010, 1))
    assert score("news2", chart(*VITALS, awake(), who=youth))
    assert silent("news2", chart(*VITALS, awake(), who=person(born=month(2011, 1))))
    assert silent("news2", replace(chart(*VITALS, awake()), pregnant=Truth.TRUE))


def test_glasgow_says_it_too_and_a_contradiction_is_asked():
    assert ends(score("news2", chart(*VITALS, now("glasgow_coma_score", "15")))) == [("9", "12")]
    assert ends(score("news2", chart(*VITALS, now("glasgow_coma_score", "14")))) == [("12", "15")]
    assert missing("news2", chart(*VITALS, awake(), now("glasgow_coma_score", "9"))) == (
        "which holds of how awake the patient is",
    )


@pytest.mark.parametrize(
    ("breaths", "coma", "points", "band"), [("22", "14", "3", "positive"), ("20", "15", "1", None)]
)
def test_qsofa_of_a_pneumonia_in_hospital(breaths: str, coma: str, points: str, band: str | None):
    told = (now("respiratory_rate", breaths), now("systolic_bp", "100"), now("glasgow_coma_score", coma))
    found = score("qsofa", chart(problem("pneumonia"), *told))
    assert (ends(found), found.band) == ([(points, points)], band)
    assert silent("qsofa", chart(*told))


HOME = Setting.AMBULATORY
CAUGHT = (
    now("urea_nitrogen", "20", HOME),
    now("respiratory_rate", "30", HOME),
    now("systolic_bp", "118", HOME),
    now("diastolic_bp", "60", HOME),
    awake(),
)


def test_curb_65_counts_in_a_practice_too():
    """20 mg/dL are 7.14 mmol/L of urea: 1, 30 breaths 1, 60 mm[Hg] 1, 60 years none."""
    found = score("curb_65", chart(problem("pneumonia"), *CAUGHT))
    assert (ends(found), found.band) == ([("3", "3")], "high")
    low = [one for one in CAUGHT if getattr(one, "analyte", "") != "urea_nitrogen"]
    assert ends(score("curb_65", chart(problem("pneumonia"), now("urea_nitrogen", "19.6", HOME), *low))) == [
        ("2", "2")
    ]


def test_curb_65_is_not_for_what_was_caught_in_hospital():
    def ill(onset: date):
        return replace(problem("pneumonia"), onset=onset)

    ward = stay("inpatient", date(2026, 6, 10), None)
    assert score("curb_65", chart(ill(date(2026, 6, 11)), ward, *CAUGHT))
    assert silent("curb_65", chart(ill(date(2026, 6, 12)), ward, *CAUGHT))
    old = stay("inpatient", date(2026, 5, 1), date(2026, 5, 9))
    assert score("curb_65", chart(ill(date(2026, 6, 12)), old, *CAUGHT))


def test_confusion_of_somebody_with_dementia_may_be_old():
    told = (*CAUGHT[:-1], awake("confused"))
    assert ends(score("curb_65", chart(problem("pneumonia"), *told))) == [("4", "4")]
    assert missing("curb_65", chart(problem("pneumonia"), problem("dementia"), *told)) == (
        "whether the confusion is new",
    )
