"""Scores from a chart: computed where it says everything, else silent or with the name of what is missing.

What is expected was worked outside of this code: by hand, with the published vectors of each score (PREVENT:
a woman of 50, 14.7, 9.2 and 8.1 %), or from the grid of the guideline.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mappers.facts import Evidence, Facts, Finding, Setting, Sex, Truth
from mappers.recommendations import Scored
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
from workers.engine.calendar import DAY
from workers.engine.case import Case
from workers.engine.enrichers import Enrichment
from workers.engine.enrichers.bmi import Bmi
from workers.engine.enrichers.egfr import Egfr
from workers.engine.enrichers.scored import SCORED

BY_ID = {one.asked.key: one for one in SCORED}
RECENT = date(2026, 6, 1)
briefly = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def enriched(id_: str, patient: Facts) -> Enrichment:
    case = Case(patient)
    Egfr().enrich(case)
    Bmi().enrich(case)
    return BY_ID[id_].enrich(case)


def smokes(value: str, when: date = RECENT, number: int = 1) -> Finding:
    return Finding("smoking_status", value, when, evidence("Observation", f"smoking-{number}"))


def chart(*known: object, who: object = None, today: date = TODAY) -> Facts:
    findings = tuple(one for one in known if isinstance(one, Finding))
    return replace(facts(*known, who=who, today=today), findings=findings)


KNOWN: dict[str, tuple[object, ...]] = {
    "kdigo_ckd_risk": (
        problem("ckd"),
        measured("egfr", "50", date(2026, 2, 1)),
        measured("egfr", "44"),
        measured("urine_acr", "150"),
    ),
    "kfre_4var": (problem("ckd"), measured("egfr", "28"), measured("urine_acr", "420")),
    "fib_4": (
        problem("type_2_diabetes"),
        measured("ast", "40"),
        measured("alt", "64"),
        measured("platelets", "200"),
    ),
    "cockcroft_gault": (problem("ckd"), measured("body_weight", "72"), measured("creatinine", "1.6")),
    "meld_3": (
        problem("cirrhosis"),
        measured("total_bilirubin", "2.0"),
        measured("sodium", "130"),
        measured("inr", "1.5"),
        measured("creatinine", "1.2"),
        measured("albumin", "3.0"),
    ),
    "cha2ds2_va": (problem("atrial_fibrillation"), problem("hypertension"), problem("ischaemic_stroke")),
    "cha2ds2_vasc": (
        problem("atrial_fibrillation"),
        problem("heart_failure"),
        problem("myocardial_infarction"),
    ),
    "prevent": (
        problem("type_2_diabetes"),
        measured("systolic_bp", "160"),
        measured("total_cholesterol", "200"),
        measured("hdl", "45"),
        measured("egfr", "90"),
        measured("bmi", "35"),
        smokes("never"),
        medicine("lisinopril"),
    ),
}
WOMAN_OF_50 = person(Sex.FEMALE, month(1976, 3))


def patient(id_: str, *more: object, without: object = None, today: date = TODAY) -> Facts:
    known = [one for one in KNOWN[id_] if one is not without]
    return chart(*known, *more, who=WOMAN_OF_50 if id_ == "prevent" else None, today=today)


def score(id_: str, of: Facts) -> Scored:
    (found,) = enriched(id_, of).scores
    return found


def missing(id_: str, of: Facts) -> tuple[str, ...]:
    found = enriched(id_, of)
    assert not found.scores
    return tuple(text for one in found.unanswered for text in one.missing)


def ends(found: Scored) -> list[tuple[str, str]]:
    return [(f"{one.low:f}", f"{one.high:f}") for one in found.estimates]


EXPECTED = {
    # G3b by the highest of 90 days is 50: G3a; A2; the grid says high.
    "kdigo_ckd_risk": ([], "high (G3a A2)"),
    # 60 × 40 / (200 × √64)
    "fib_4": ([("1.50", "1.50")], "indeterminate"),
    # (140 - 60) × 72 / (72 × 1.6)
    "cockcroft_gault": ([("50", "50")], None),
    # hypertension 1, stroke 2, age 60 none
    "cha2ds2_va": ([("3", "3")], None),
    # failing heart 1, diseased vessels 1, age 60 and a man none
    "cha2ds2_vasc": ([("2", "2")], None),
    # 4.56 ln 2 + 0.82 × 7 - 0.24 × 7 ln 2 + 9.09 ln 1.5 + 11.14 ln 1.2 + 0.925 - 0.915 ln 1.2 + 6
    "meld_3": ([("20", "20")], None),
    "prevent": ([("14.7", "14.7"), ("9.2", "9.2"), ("8.1", "8.1")], None),
}


@pytest.mark.parametrize("id_", EXPECTED)
def test_a_chart_that_says_everything_has_its_score(id_: str):
    found = score(id_, patient(id_))
    assert (ends(found), found.band) == EXPECTED[id_]
    assert found.rule.source.url.startswith("https://doi.org/")
    assert not found.rule.source.confirmed, "how a chart answers a score waits for a clinician"


def test_the_kidney_failure_equation_lies_between_its_two_calibrations():
    """60 years, male, eGFR 28, 420 mg/g, by the equation written out again: elsewhere, then North America."""
    found = score("kfre_4var", patient("kfre_4var"))
    assert [(one.years, one.name) for one in found.estimates] == [
        (2, "Kidney failure"),
        (5, "Kidney failure"),
    ]
    assert ends(found) == [("8.4", "12.3"), ("28.8", "33.6")]


@pytest.mark.parametrize("id_", KNOWN)
def test_law_9_what_was_measured_is_evidence(id_: str):
    found = score(id_, patient(id_))
    numbers = {one.evidence for one in patient(id_).measurements}
    assert numbers <= set(found.inputs)
    assert found.when == (RECENT if numbers else None)


WITHOUT = [
    (id_, one)
    for id_, known in KNOWN.items()
    for one in known
    if getattr(one, "analyte", None) or isinstance(one, Finding)
]


@pytest.mark.parametrize(
    ("id_", "gone"), WITHOUT, ids=[f"{a}-{getattr(b, 'analyte', b.evidence)}" for a, b in WITHOUT]
)
def test_law_8_without_an_input_there_is_no_score(id_: str, gone: object):
    found = enriched(id_, patient(id_, without=gone))
    assert not found.scores
    silent = getattr(gone, "analyte", "") == STARTS.get(id_)
    assert [len(one.missing) for one in found.unanswered] == ([] if silent else [1])


STARTS = {"kdigo_ckd_risk": "urine_acr", "kfre_4var": "egfr", "cockcroft_gault": "creatinine"}

NAMES = [
    ("kdigo_ckd_risk", 2, "two values 90 days apart of eGFR not older than 2 years"),
    ("kfre_4var", 2, "Urine albumin-creatinine ratio not older than 1 year"),
    ("fib_4", 3, "Platelets not older than 1 year"),
    ("cockcroft_gault", 1, "Body weight not older than 1 year"),
    ("prevent", 1, "Systolic blood pressure not older than 1 year"),
    ("prevent", 2, "Total cholesterol not older than 5 years"),
    ("prevent", 6, "whether there is smoking"),
]


@pytest.mark.parametrize(("id_", "place", "name"), NAMES)
def test_law_8_what_is_missing_is_named(id_: str, place: int, name: str):
    assert missing(id_, patient(id_, without=KNOWN[id_][place])) == (name,)


@pytest.mark.parametrize("id_", [id_ for id_ in KNOWN if BY_ID[id_].asked.of])
def test_nothing_is_said_of_somebody_whom_a_score_is_not_for(id_: str):
    first = KNOWN[id_][0]
    found = enriched(id_, patient(id_, without=first))
    assert not found.scores
    assert not found.unanswered


def test_nothing_is_said_before_an_input_that_makes_one_think_of_it():
    assert enriched("prevent", chart(measured("systolic_bp", "160"), who=WOMAN_OF_50)).unanswered == ()
    assert enriched("fib_4", chart(problem("type_2_diabetes"), measured("platelets", "200"))).unanswered == ()


@pytest.mark.parametrize(
    "illness", ["myocardial_infarction", "heart_failure", "stroke", "transient_ischaemic_attack"]
)
def test_prevent_is_not_for_known_cardiovascular_disease(illness: str):
    found = enriched("prevent", patient("prevent", problem(illness)))
    assert not found.scores
    assert not found.unanswered


def test_law_8_a_diagnosis_that_could_not_be_read_may_be_cardiovascular():
    assert (
        missing("prevent", patient("prevent", unread("Condition")))[0] == "a diagnosis that could not be read"
    )


def test_law_8_a_medicine_that_could_not_be_resolved_may_be_a_statin():
    assert missing("prevent", patient("prevent", medicine())) == (
        "ingredients of a medicine that could not be resolved",
    )


def test_law_8_who_is_on_dialysis_is_asked_how_often():
    assert missing("meld_3", patient("meld_3", problem("dialysis"))) == (
        "whether there were two dialyses in the last 7 days",
    )
    assert not enriched("cockcroft_gault", patient("cockcroft_gault", problem("dialysis"))).scores


def test_a_woman_has_a_point_in_one_of_the_two_stroke_scores():
    woman = person(Sex.FEMALE, month(1966, 3))
    one, other = (replace(patient(id_), person=woman) for id_ in ("cha2ds2_vasc", "cha2ds2_va"))
    assert ends(score("cha2ds2_vasc", one)) == [("3", "3")]
    assert ends(score("cha2ds2_va", other)) == [("3", "3")]
    assert missing("cha2ds2_vasc", replace(one, person=person(Sex.UNKNOWN))) == ("sex",)


@pytest.mark.parametrize("id_", KNOWN)
def test_no_score_in_a_pregnancy_or_of_a_child(id_: str):
    pregnant = replace(patient(id_), pregnant=Truth.TRUE)
    child = replace(patient(id_), person=person(born=month(2012, 3)))
    for one in (pregnant, child):
        found = enriched(id_, one)
        assert (found.scores, found.unanswered) == ((), ())


OUTSIDE = [
    ("prevent", measured("systolic_bp", "190", TODAY), "Systolic blood pressure as this score takes it"),
    ("prevent", measured("bmi", "45", TODAY), "Body mass index as this score takes it"),
    ("fib_4", measured("platelets", "4000", TODAY), "Platelets as this score takes it"),
]


@pytest.mark.parametrize(("id_", "more", "said"), OUTSIDE)
def test_outside_of_its_limits_a_score_is_refused_and_the_value_is_not_repeated(id_: str, more, said: str):
    (text,) = missing(id_, patient(id_, more))
    assert text.startswith(said)
    assert str(more.value) not in text


def test_a_good_kidney_is_none_of_the_kidney_failure_equation():
    found = enriched("kfre_4var", patient("kfre_4var", measured("egfr", "75", TODAY)))
    assert (found.scores, found.unanswered) == ((), ())


def test_numbers_that_contradict_each_other_are_refused():
    (text,) = missing(
        "prevent",
        patient("prevent", measured("hdl", "99", TODAY), measured("total_cholesterol", "70", TODAY)),
    )
    assert "Total cholesterol as this score takes it" in text
    below = (measured("total_cholesterol", "130", TODAY), measured("hdl", "100", TODAY))
    assert score("prevent", patient("prevent", *below))


def test_an_optional_number_chooses_the_model_and_one_outside_is_left_out():
    plain = score("prevent", patient("prevent"))
    assert plain.notes == ("model base, 10yr",)
    more = score("prevent", patient("prevent", measured("hba1c", "9.0")))
    assert more.notes == ("model hba1c, 10yr",)
    assert ends(more) != ends(plain)
    assert ends(score("prevent", patient("prevent", measured("hba1c", "18")))) == ends(plain)


def test_a_range_is_asked_at_both_ends_where_steps_allow_it_and_is_not_exact_elsewhere():
    low = measured("urine_acr", "10", TODAY, comparator="<")
    assert score("kdigo_ckd_risk", patient("kdigo_ckd_risk", low)).band == "moderate (G3a A1)"
    assert missing("kfre_4var", patient("kfre_4var", low)) == ("an exact Urine albumin-creatinine ratio",)
    wide = measured("urine_acr", "40", TODAY, comparator="<")
    assert (
        score("kdigo_ckd_risk", patient("kdigo_ckd_risk", wide)).band == "moderate (G3a A1) or high (G3a A2)"
    )
    endless = measured("urine_acr", "40", TODAY, comparator=">")
    assert missing("kdigo_ckd_risk", patient("kdigo_ckd_risk", endless)) == (
        "an exact Urine albumin-creatinine ratio",
    )


def test_in_the_month_of_a_birthday_both_ages_are_asked():
    turning = replace(patient("cha2ds2_va"), person=person(born=month(1961, 6)))
    found = enriched("cha2ds2_va", turning)
    assert ends(found.scores[0]) == [("3", "4")]
    assert found.until == date(2026, 6, 30)
    assert ends(score("cha2ds2_va", replace(turning, as_of=date(2026, 6, 30)))) == [("4", "4")]


def test_the_answers_of_smoking():
    known = [one for one in KNOWN["prevent"] if not isinstance(one, Finding)]

    def told(*said: Finding) -> tuple[str, ...]:
        return missing("prevent", chart(*known, *said, who=WOMAN_OF_50))

    gap = ("whether there is smoking",)
    assert told(smokes("unknown")) == gap
    assert told(smokes("never", date(2024, 6, 14))) == gap
    assert told(smokes("never"), smokes("current", number=2)) == gap
    assert told(smokes("never", TODAY + DAY)) == gap
    now = score(
        "prevent", chart(*known, smokes("current"), smokes("never", date(2025, 1, 1), 2), who=WOMAN_OF_50)
    )
    assert now.estimates[0].low > Decimal("14.7")


def test_a_number_grows_stale_on_the_day_that_is_named():
    found = enriched("kfre_4var", patient("kfre_4var"))
    assert found.until == date(2027, 3, 1), "the birthday comes first"
    last = replace(patient("kfre_4var"), as_of=date(2027, 6, 1))
    assert enriched("kfre_4var", last).until == date(2027, 6, 2)
    assert not enriched("kfre_4var", replace(last, as_of=date(2027, 6, 2))).scores


GAPS = [*((id_, None) for id_ in KNOWN), *WITHOUT]


@pytest.mark.parametrize(("id_", "gone"), GAPS)
def test_law_7_nothing_turns_before_the_day_that_is_named(id_: str, gone: object):
    plain = patient(id_, without=gone)
    day = TODAY
    for _ in range(8):
        today = enriched(id_, replace(plain, as_of=day))
        following = today.until or day + timedelta(days=800)
        assert following > day
        for between in {day + DAY, day + (following - day) / 2, following - DAY} - {day, following}:
            later = enriched(id_, replace(plain, as_of=between))
            assert (later.scores, later.unanswered) == (today.scores, today.unanswered)
        day = following


def test_a_score_begins_and_ends_with_a_birthday():
    """PREVENT is for 30 to 79: in the months of its two birthdays nobody can tell."""
    known = patient("prevent")
    for year, before, after in ((1996, False, True), (1946, True, False)):
        of = replace(known, person=person(Sex.FEMALE, month(year, 6)))
        days = (date(2026, 5, 31), date(2026, 6, 15), date(2026, 6, 30))
        found = [enriched("prevent", replace(_dated(of, days[0]), as_of=day)) for day in days]
        assert [bool(one.scores) for one in found] == [before, False, after]
        assert [one.until for one in found[:2]] == [date(2026, 6, 1), date(2026, 6, 30)]
        assert found[1].unanswered[0].missing[0].startswith("day of birth")


def _dated(patient: Facts, when: date) -> Facts:
    return replace(
        patient,
        measurements=tuple(replace(one, when=when) for one in patient.measurements),
        findings=tuple(replace(one, when=when) for one in patient.findings),
    )


@briefly
@given(st.sampled_from(sorted(KNOWN)), st.randoms(use_true_random=False))
def test_order_and_repeats_change_nothing(id_: str, dice: random.Random):
    plain = patient(id_)
    mixed = replace(
        plain,
        measurements=tuple(dice.sample(plain.measurements * 2, 2 * len(plain.measurements))),
        problems=tuple(dice.sample(plain.problems * 2, 2 * len(plain.problems))),
        medicines=plain.medicines * 2,
    )
    assert enriched(id_, mixed).scores == enriched(id_, plain).scores


FOUR_YEARS = timedelta(days=1461)


@pytest.mark.parametrize("id_", KNOWN)
def test_all_dates_moved_by_one_offset_give_the_same_numbers(id_: str):
    plain = patient(id_)
    born = tuple(day + FOUR_YEARS for day in plain.person.born or ())
    moved = replace(
        plain,
        as_of=TODAY + FOUR_YEARS,
        person=replace(plain.person, born=born),
        measurements=tuple(replace(one, when=one.when + FOUR_YEARS) for one in plain.measurements),
        findings=tuple(replace(one, when=one.when + FOUR_YEARS) for one in plain.findings),
    )
    one, other = score(id_, plain), score(id_, moved)
    assert (one.estimates, one.band, one.inputs) == (other.estimates, other.band, other.inputs)


def test_values_of_a_stay_in_hospital_are_for_doses_alone():
    stay = Setting.INPATIENT
    ill = chart(
        *(problem(key) for key in ("ckd", "type_2_diabetes")),
        measured("body_weight", "72", setting=stay),
        measured("creatinine", "1.6", setting=stay),
        *(measured(key, "40", setting=stay) for key in ("ast", "alt")),
    )
    assert ends(score("cockcroft_gault", ill)) == [("50", "50")]
    assert enriched("fib_4", ill).scores == ()


def test_the_evidence_of_a_score_is_in_order_and_whole():
    found = score("cha2ds2_va", patient("cha2ds2_va"))
    assert found.inputs == tuple(sorted(found.inputs))
    assert {Evidence("Condition/ischaemic_stroke/_history/1"), evidence("Patient")} <= set(found.inputs)


def test_an_answer_about_smoking_grows_stale_on_the_day_that_is_named():
    known = [one for one in KNOWN["prevent"] if not isinstance(one, Finding)]
    told = chart(*known, smokes("never", date(2024, 8, 1)), who=WOMAN_OF_50)
    assert enriched("prevent", told).until == date(2026, 8, 2)


@pytest.mark.parametrize(("acr", "stage"), [("29.9", "A1"), ("30", "A2"), ("300", "A2"), ("300.1", "A3")])
def test_the_stage_of_albumin_is_that_of_the_plan(acr: str, stage: str):
    found = score("kdigo_ckd_risk", patient("kdigo_ckd_risk", measured("urine_acr", acr, TODAY)))
    assert found.band is not None
    assert found.band.endswith(f"(G3a {stage})")
