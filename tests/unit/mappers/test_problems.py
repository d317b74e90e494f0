"""Diagnosis codes name problems: single SNOMED CT codes, ICD-10 prefixes, stages, several at once."""

from __future__ import annotations

import pytest

from mappers.codes import ICD_10, ICD_10_CM, SNOMED, Code
from mappers.problems import all_matches, matches, names


def keys(system: str, code: str) -> list[str]:
    return [match.key for match in matches(Code(system, code))]


@pytest.mark.parametrize(
    ("system", "code", "expected"),
    [
        (SNOMED, "44054006", ["type_2_diabetes"]),
        (SNOMED, "22298006", ["myocardial_infarction"]),
        (ICD_10_CM, "E11.9", ["type_2_diabetes"]),
        (ICD_10_CM, "E119", ["type_2_diabetes"]),
        (ICD_10_CM, "e11.9", ["type_2_diabetes"]),
        (ICD_10_CM, "E11.22", ["ckd", "diabetic_kidney_disease", "type_2_diabetes"]),
        (ICD_10, "E11.9", ["type_2_diabetes"]),
        (ICD_10_CM, "I10", ["hypertension"]),
        (ICD_10_CM, "I1", []),
        (ICD_10_CM, "E66.3", []),
        (ICD_10_CM, "D64.9", ["anaemia"]),
        (SNOMED, "4405400", []),
        ("http://example.org", "44054006", []),
    ],
)
def test_a_code_names_its_problems(system, code, expected):
    assert keys(system, code) == expected


@pytest.mark.parametrize(
    ("system", "code", "stage"),
    [
        (SNOMED, "700378005", "3a"),
        (ICD_10_CM, "N18.32", "3b"),
        (ICD_10_CM, "N18.3", "3"),
        (ICD_10_CM, "N18.9", None),
    ],
)
def test_the_longest_prefix_gives_the_stage(system, code, stage):
    assert {match.key: match.stage for match in matches(Code(system, code))}["ckd"] == stage


def test_one_diagnosis_in_two_systems_is_one_problem_with_the_stage_of_either():
    found = all_matches([Code(SNOMED, "709044004"), Code(ICD_10_CM, "N18.4")])
    assert [(match.key, match.stage) for match in found] == [("ckd", "4")]


def test_a_heart_attack_belongs_to_its_classes_and_lasts():
    name = names()["myocardial_infarction"]
    assert name.classes == ("coronary_heart_disease", "ascvd")
    assert name.lasting
