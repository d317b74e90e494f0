"""Who the patient is, clinically, and when birth and death were."""

from __future__ import annotations

from datetime import date

import pytest

from mappers.facts import Age, Sex, Truth
from mappers.fhir_to_facts import facts
from tests.unit.mappers.fhir_to_facts.chart import MASKED, TODAY, opened, patient, read

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"


def omb(name: str, code: str) -> dict:
    return {"url": US_CORE + name, "extension": [{"url": "ombCategory", "valueCoding": {"code": code}}]}


def test_of_several_records_the_one_counts_that_is_asked_about_and_the_others_are_set_aside():
    two = [opened(patient(id=name, gender=sex)) for name, sex in (("a", "male"), ("b", "female"))]
    for subject, sex in (("Patient/b", Sex.FEMALE), ("Patient/a", Sex.MALE), ("", Sex.MALE)):
        found = facts(two, TODAY, subject)
        assert found.person.sex is sex
        assert [one.reason for one in found.set_aside] == ["is a second record of the patient"]


@pytest.mark.parametrize(
    ("sent", "born"),
    [
        ("1980-02", (date(1980, 2, 1), date(1980, 2, 29))),
        ("1980", (date(1980, 1, 1), date(1980, 12, 31))),
        ("1980-02-03", (date(1980, 2, 3), date(1980, 2, 3))),
        ("not a date", None),
    ],
)
def test_a_birth_date_is_the_days_that_it_can_mean(sent, born):
    assert read(patient(birthDate=sent)).person.born == born


def test_an_age_is_an_interval_of_whole_years():
    person = read(patient(birthDate="2008-05")).person
    assert person.age(date(2026, 5, 20)) == Age(17, 18)
    assert person.age(date(2026, 5, 20)).at_least(18) is Truth.UNKNOWN
    assert person.age(date(2026, 6, 1)) == Age(18, 18)


def test_a_withheld_birth_date_is_unknown():
    body = patient(_birthDate=MASKED)
    del body["birthDate"]
    assert read(body).person.born is None


@pytest.mark.parametrize(
    ("elements", "deceased"),
    [
        ({}, False),
        ({"deceasedBoolean": False}, False),
        ({"deceasedBoolean": True}, True),
        ({"deceasedDateTime": "2020-01"}, True),
        ({"_deceasedDateTime": MASKED}, True),
    ],
)
def test_death_is_known_however_it_is_said(elements, deceased):
    assert read(patient(**elements)).person.deceased is deceased


@pytest.mark.parametrize(
    ("gender", "sex"), [("female", Sex.FEMALE), ("other", Sex.OTHER), (None, Sex.UNKNOWN)]
)
def test_sex(gender, sex):
    body = patient()
    body.pop("gender")
    assert read(body | ({"gender": gender} if gender else {})).person.sex is sex


def test_us_core_says_more():
    body = patient(
        extension=[
            omb("race", "2106-3"),
            omb("race", "2054-5"),
            omb("ethnicity", "2135-2"),
            {"url": US_CORE + "birthsex", "valueCode": "M"},
        ]
    )
    person = read(body).person
    assert (person.race, person.ethnicity, person.birth_sex) == (("2054-5", "2106-3"), "2135-2", Sex.MALE)


def test_without_a_patient_nothing_is_known_of_the_person():
    person = read().person
    assert (person.sex, person.born, person.evidence.reference) == (Sex.UNKNOWN, None, "")


def test_a_second_patient_is_set_aside():
    known = read(patient(id="a"), patient(id="b", gender="male"))
    assert known.person.evidence.reference == "Patient/a/_history/1"
    assert [one.reason for one in known.set_aside] == ["is a second record of the patient"]


def test_the_newest_version_counts():
    from mappers.fhir_to_facts import facts

    known = facts([opened(patient(gender="male"), 2), opened(patient(gender="female"), 1)], TODAY)
    assert known.person.sex is Sex.MALE
    assert [one.reason for one in known.set_aside] == ["is an older version"]
