"""Charlson's index of a chart: by ICD-10 codes, by our diagnoses, and never beside one that has neither."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mappers.problems import names
from tests.unit.workers.engine.enrichers.asking import chart, ends, missing, score, silent
from tests.unit.workers.engine.patients import problem, unread
from workers.engine.case import Case
from workers.engine.enrichers.comorbidity import lace_points
from workers.engine.scores.charlson_quan import categories_of
from workers.engine.scores.tables import rows


def coded(code: str, key: str | None = None):
    return replace(problem(key or "x"), key=key, icd10=(code,))


def named(key: str):
    return replace(problem(key), classes=names()[key].classes)


def test_codes_and_names_count_alike():
    """An old heart attack 1 and 0, diabetes with kidneys 2 and 1; 60 years 2."""
    wanted = [("3", "3"), ("1", "1"), ("5", "5")]
    assert ends(score("charlson_quan", chart(coded("I25.2"), coded("E11.22")))) == wanted
    assert (
        ends(score("charlson_quan", chart(named("myocardial_infarction"), named("diabetic_kidney_disease"))))
        == wanted
    )


def test_what_is_over_counts_no_more_and_a_wider_name_counts():
    over = replace(coded("C50.9"), active=False)
    assert silent("charlson_quan", chart(over, named("hypertension")))
    assert ends(score("charlson_quan", chart(named("end_stage_kidney_disease"))))[0] == ("2", "2")


def test_law_8_a_diagnosis_with_neither_may_be_any():
    unnamed = replace(problem("x"), key=None)
    assert missing("charlson_quan", chart(coded("I50.9"), unnamed)) == (
        "an ICD-10 code of each diagnosis that has no name here",
    )
    assert missing("charlson_quan", chart(coded("I50.9"), unread("Condition"))) == (
        "a diagnosis that could not be read",
    )
    assert silent("charlson_quan", chart(unnamed)), "who has nothing that counts is not asked"


def test_every_diagnosis_that_stands_for_a_code_is_one_of_ours_and_counts():
    for row in rows("charlson/problems.csv"):
        assert row["problem"] in names()
        assert categories_of([row["icd10"]]), row["problem"]
    listed = {row["category"] for row in rows("charlson/quan.csv")}
    assert {row["category"] for row in rows("charlson/lace.csv")} <= listed


@pytest.mark.parametrize(
    ("codes", "points"),
    [(("I50.9", "F03"), (5,)), (("N18.3",), (2, 4)), (("K25.0",), (0,)), (("B20",), (4,))],
)
def test_the_points_of_lace(codes: tuple[str, ...], points: tuple[int, ...]):
    assert lace_points(Case(chart(*map(coded, codes)))).values == points
