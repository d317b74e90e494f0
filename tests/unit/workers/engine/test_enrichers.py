"""eGFR, BMI and the stages of kidney disease, against worked examples and at their edges."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from mappers.facts import Facts, Sex
from mappers.recommendations import Plan
from tests.unit.workers.engine.patients import evidence, facts, measured, month, person
from workers.engine.apply import plan
from workers.engine.definitions import Knowledge
from workers.engine.enrichers.bmi import band, bmi
from workers.engine.enrichers.egfr import ckd_epi_2021
from workers.engine.staging import a_stage, g_stage, risk


@pytest.mark.parametrize(
    ("creatinine", "age", "sex", "expected"),
    [
        ("1.0", 60, Sex.FEMALE, "64.495000"),
        ("1.2", 50, Sex.MALE, "73.673530"),
        ("0.7", 18, Sex.FEMALE, "128.484495"),
    ],
)
def test_egfr_gives_the_worked_examples(creatinine: str, age: int, sex: Sex, expected: str):
    assert round(ckd_epi_2021(Decimal(creatinine), age, sex), 6) == pytest.approx(
        Decimal(expected), abs=Decimal("1e-5")
    )


def scores(shared_data: Path, key: str) -> list[dict]:
    found = json.loads((shared_data / "knowledge" / "scores.json").read_text())["scores"]
    return next(one for one in found if one["id"] == key)["examples"]


def test_every_published_example_of_egfr(shared_data: Path):
    for example in scores(shared_data, "ckd_epi_2021"):
        given = example["input"]
        found = ckd_epi_2021(Decimal(str(given["creatinine"])), given["age"], Sex(given["sex"]))
        assert float(found) == pytest.approx(example["expected"]["egfr"], abs=1e-5)


def test_every_published_example_of_bmi(shared_data: Path):
    for example in scores(shared_data, "bmi"):
        found = bmi(*(Decimal(str(example["input"][name])) for name in ("weight_kg", "height_cm")))
        assert float(found) == pytest.approx(example["expected"]["bmi"], abs=1e-5)


def test_every_published_example_of_the_kidney_risk_grid(shared_data: Path):
    for example in scores(shared_data, "kdigo_ckd_risk"):
        acr = Decimal(str(example["input"]["acr"])) * Decimal("8.84")
        g, a = g_stage(Decimal(str(example["input"]["egfr"]))), a_stage(acr)
        expected = example["expected"]
        assert (g, a, risk(g, a)) == (expected["g"], expected["a"], expected["risk"].replace("_", " "))


@pytest.mark.parametrize(
    ("value", "stage"),
    [
        ("90", "G1"),
        ("89.99", "G2"),
        ("60", "G2"),
        ("59.99", "G3a"),
        ("45", "G3a"),
        ("44.99", "G3b"),
        ("29.99", "G4"),
        ("15", "G4"),
        ("14.99", "G5"),
    ],
)
def test_g_stages_at_their_edges(value: str, stage: str):
    assert g_stage(Decimal(value)) == stage


@pytest.mark.parametrize(("value", "stage"), [("29.9", "A1"), ("30", "A2"), ("300", "A2"), ("300.1", "A3")])
def test_a_stages_at_their_edges(value: str, stage: str):
    assert a_stage(Decimal(value)) == stage


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("18.49", "underweight"),
        ("18.5", "normal"),
        ("25", "overweight"),
        ("30", "obesity class 1"),
        ("40", "obesity class 3"),
    ],
)
def test_bmi_bands_at_their_edges(value: str, name: str):
    assert band(Decimal(value)) == name


def derived(knowledge: Knowledge, patient: Facts) -> dict:
    return {one.key: one for one in plan(patient, knowledge).derived}


def unanswered(result: Plan) -> dict[str, tuple[str, ...]]:
    return {one.rule.id: one.missing for one in result.unanswered}


def test_a_derived_egfr_names_its_inputs_its_rule_and_its_stage(knowledge: Knowledge):
    creatinine = measured("creatinine", "1.2")
    found = derived(knowledge, facts(creatinine, who=person(born=month(1976, 3))))["egfr"]
    assert found.measurement.value == Decimal(74)
    assert found.measurement.unit == "mL/min/{1.73_m2}"
    assert found.measurement.derived
    assert found.interpretation == "G2"
    assert found.inputs == (creatinine.evidence, evidence("Patient"))
    assert found.rule.source.url == "https://doi.org/10.1056/NEJMoa2102953"
    assert found.bounds is None


def test_the_age_is_that_of_the_day_of_the_test_and_both_ends_of_a_birthday_month_are_kept(
    knowledge: Knowledge,
):
    born = person(born=month(1966, 6))
    found = derived(knowledge, facts(measured("creatinine", "2.409", date(2026, 6, 10)), who=born))["egfr"]
    assert found.bounds == (Decimal("30.0"), Decimal("30.2"))
    assert found.interpretation == "G4 or G3b"


def test_a_record_of_both_sexes_gives_an_egfr_between_both(knowledge: Knowledge):
    both = person(Sex.FEMALE, month(1976, 3), birth_sex=Sex.MALE)
    found = derived(knowledge, facts(measured("creatinine", "1.0"), who=both))["egfr"]
    assert found.bounds is not None
    assert found.bounds[0] < found.bounds[1]


def test_law_8_without_sex_or_birth_date_there_is_no_egfr_and_it_says_so(knowledge: Knowledge):
    result = plan(facts(measured("creatinine", "1.0"), who=person(Sex.UNKNOWN, None)), knowledge)
    assert not result.derived
    assert unanswered(result)["ckd-epi-2021"] == ("date of birth", "sex")


def test_children_get_neither_egfr_nor_bmi(knowledge: Knowledge):
    child = person(born=month(2010, 3))
    known = [measured("creatinine", "0.6"), measured("body_weight", "50"), measured("body_height", "160")]
    result = plan(facts(*known, who=child), knowledge)
    assert not result.derived
    assert not result.unanswered


def test_a_creatinine_is_too_old_after_two_years(knowledge: Knowledge):
    assert derived(knowledge, facts(measured("creatinine", "1.0", date(2024, 6, 15))))
    assert not derived(knowledge, facts(measured("creatinine", "1.0", date(2024, 6, 14))))


def test_bmi_takes_the_newest_weight_and_an_adult_height(knowledge: Knowledge):
    known = [
        measured("body_weight", "70", date(2025, 1, 1)),
        measured("body_weight", "87", date(2026, 1, 1)),
        measured("body_height", "160", date(2020, 1, 1)),
        measured("body_height", "120", date(1976, 1, 1)),
    ]
    found = derived(knowledge, facts(*known))["bmi"]
    assert found.measurement.value == Decimal("34.0")
    assert found.measurement.when == date(2026, 1, 1)
    assert found.interpretation == "obesity class 1"


def test_bmi_says_which_half_is_missing(knowledge: Knowledge):
    assert unanswered(plan(facts(measured("body_weight", "80")), knowledge)) == {
        "bmi": ("adult body height",)
    }


def test_a_computed_egfr_stands_before_a_reported_one_of_the_same_day(knowledge: Knowledge):
    known = [measured("egfr", "20"), measured("creatinine", "1.0"), measured("egfr", "80", date(2026, 1, 1))]
    result = plan(facts(*known), knowledge)
    assert not [one for one in result.activities if one.act.key == "repeat-creatinine"]
