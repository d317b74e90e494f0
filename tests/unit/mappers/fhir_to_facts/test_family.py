"""The problems of relatives: by our keys, how close by blood, how old at onset."""

from __future__ import annotations

from typing import Any

import pytest

from mappers.codes import ICD_10_CM, SNOMED, UCUM
from mappers.facts import Age
from mappers.fhir_to_facts.family import relations
from mappers.fhir_to_facts.kept_back import kept_back
from tests.unit.mappers.fhir_to_facts.chart import accounted, code, opened, read, resource, text_only

ROLES = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
HEART_ATTACK = code(SNOMED, "22298006")


def relative(role: str | None, *conditions: dict[str, Any], **elements: Any) -> dict[str, Any]:
    related = {"relationship": code(ROLES, role)} if role else {"relationship": text_only()}
    return resource(
        "FamilyMemberHistory",
        **{"status": "completed", **related, "condition": list(conditions), **elements},
    )


def years(value: int, unit: str = "a", **elements: Any) -> dict[str, Any]:
    return {"value": value, "system": UCUM, "code": unit, **elements}


def test_a_fathers_heart_attack_at_52():
    (one,) = read(relative("FTH", {"code": HEART_ATTACK, "onsetAge": years(52)})).relatives
    assert (one.relation, one.degree, one.key, one.onset) == (
        "father",
        1,
        "myocardial_infarction",
        Age(52, 52),
    )
    assert one.is_a("ascvd")
    assert not one.is_a("diabetes")


def test_a_relatives_problem_is_never_the_patients():
    known = read(relative("MTH", {"code": HEART_ATTACK}))
    assert not known.problems


@pytest.mark.parametrize(
    ("role", "relation", "degree"),
    [
        ("NMTH", "mother", 1),
        ("TWIN", "twin", 1),
        ("HSIS", "half_sister", 2),
        ("MGRMTH", "grandmother", 2),
        ("COUSN", "cousin", 3),
        ("ADOPTF", "not_of_blood", None),
        ("MTHINLAW", "not_of_blood", None),
        ("FAMMEMB", "relative", None),
        (None, "relative", None),
    ],
)
def test_who_it_is(role, relation, degree):
    (one,) = read(relative(role, {"code": HEART_ATTACK})).relatives
    assert (one.relation, one.degree) == (relation, degree)


def test_one_code_can_name_several_problems_and_a_relative_have_several():
    diabetic_kidneys = {"code": code(ICD_10_CM, "E11.22")}
    known = read(relative("SIS", diabetic_kidneys, {"code": HEART_ATTACK}))
    keys = [one.key for one in known.relatives]
    assert keys == ["ckd", "diabetic_kidney_disease", "myocardial_infarction", "type_2_diabetes"]


def test_a_problem_without_a_name_of_ours_stays_a_code():
    (one,) = read(relative("BRO", {"code": code(SNOMED, "363346000")})).relatives
    assert (one.key, one.system, one.code) == (None, SNOMED, "363346000")


@pytest.mark.parametrize(
    ("onset", "expected"),
    [
        ({"onsetAge": years(18, "mo")}, Age(1, 1)),
        ({"onsetAge": years(52, "wk")}, Age(0, 0)),
        ({"onsetAge": years(731, "d")}, Age(2, 2)),
        ({"onsetAge": years(52, comparator="<")}, None),
        ({"onsetAge": years(52, "mm")}, None),
        ({"onsetAge": years(-1)}, None),
        ({"onsetAge": years(1_000)}, None),
        ({"onsetAge": {"code": "a"}}, None),
        ({"onsetRange": {"low": years(40), "high": years(49)}}, Age(40, 49)),
        ({"onsetRange": {"low": years(49), "high": years(40)}}, None),
        ({"onsetRange": {"high": years(49)}}, None),
        ({"onsetPeriod": {"start": "1990"}}, None),
        ({"_onsetString": {}}, None),
        ({}, None),
    ],
)
def test_how_old_at_onset(onset, expected):
    (one,) = read(relative("FTH", {"code": HEART_ATTACK, **onset})).relatives
    assert one.onset == expected


def test_a_problem_in_words_alone_is_shown_and_not_read_as_none():
    known = read(relative("FTH", {"code": text_only()}))
    assert not known.relatives
    assert [(one.what, one.reason) for one in known.unreadable] == [
        ("A problem of a relative", "is known only as text")
    ]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (relative("FTH", {"code": HEART_ATTACK}, status="entered-in-error"), "was entered in error"),
        (relative("FTH", status="health-unknown"), "says that nothing is known of a relative"),
        (relative("FTH"), "names no problem of a relative"),
    ],
)
def test_what_says_nothing_is_set_aside(body, reason):
    known = read(body)
    assert not known.relatives
    assert [one.reason for one in known.set_aside] == [reason]


def test_one_that_is_kept_back_is_there_and_unreadable():
    whole = opened(relative("FTH", {"code": HEART_ATTACK}))
    known = read(kept_back(whole).body)
    assert not known.relatives
    assert len(known.unreadable) == 1
    assert len(accounted(known)) == 1


def test_the_same_problem_told_twice_is_one():
    told = [relative("FTH", {"code": HEART_ATTACK, "onsetAge": years(52)}, id=name) for name in ("a", "b")]
    known = read(*told)
    assert len(known.relatives) == 1
    assert [one.reason for one in known.set_aside] == ["says the same as another resource"]


def test_only_relatives_of_blood_have_a_degree():
    assert {one.degree for one in relations().values() if one.name == "not_of_blood"} == {None}
    assert {one.degree for one in relations().values() if one.name != "not_of_blood"} == {1, 2, 3}
