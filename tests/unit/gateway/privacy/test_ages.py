"""Ages over 89 are 90, however they are told."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from gateway.privacy.policy import PROFILES, load
from gateway.privacy.project import project
from gateway.privacy.terms import Terms

TERMS = Terms(date(2026, 7, 1), -20)
UCUM = "http://unitsofmeasure.org"
NINETY = {"value": 90, "unit": "a", "system": UCUM, "code": "a"}
MASKED = {
    "extension": [
        {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}
    ]
}
RELEASES = [load(name) for name in PROFILES]

pytestmark = pytest.mark.parametrize("policy", RELEASES, ids=PROFILES)


def aged(policy: Any, age: dict[str, Any]) -> Any:
    condition = {"resourceType": "Condition", "subject": {"reference": "Patient/p"}, "onsetAge": age}
    return project(condition, policy, TERMS)["onsetAge"]


def observed(policy: Any, code: str, **value: Any) -> dict[str, Any]:
    concept = {"coding": [{"system": "http://loinc.org", "code": code}]}
    resource = {"resourceType": "Observation", "status": "final", "code": concept, **value}
    shown = project(resource, policy, TERMS)
    return {key: item for key, item in shown.items() if "value" in key or key == "component"}


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [(89, "a", 89), (90, "a", 90), (101, "a", 90), (1200, "mo", 90), (1000, "mo", 1000), (40000, "d", 90)],
)
def test_ages_over_89_are_90(policy: Any, value: int, code: str, shown: int) -> None:
    assert aged(policy, {"value": value, "code": code, "system": UCUM})["value"] == shown


@pytest.mark.parametrize("age", [{"value": 95, "code": "parsec"}, {"unit": "a"}, {"value": "95"}])
def test_an_age_that_cannot_be_read_is_not_shown(policy: Any, age: dict[str, Any]) -> None:
    assert aged(policy, age) == MASKED


def test_an_age_is_kept_as_it_was_written(policy: Any) -> None:
    kept = {"value": msgspec.Raw("7.50"), "code": "a"}
    assert aged(policy, kept) == kept


def test_a_number_without_a_unit_is_one_of_years_where_an_age_is_asked(policy: Any) -> None:
    assert aged(policy, {"value": 95}) == NINETY


@pytest.mark.parametrize("unit", ["a", "years", "Year", "yr"])
def test_any_quantity_of_years_is_an_age(policy: Any, unit: str) -> None:
    assert observed(policy, "4548-4", valueQuantity={"value": 93, "unit": unit}) == {"valueQuantity": NINETY}


@pytest.mark.parametrize(
    "quantity",
    [
        {"value": 93, "unit": "mg/dL"},
        {"value": 93},
        {"value": 12, "unit": "a", "code": "a", "system": UCUM},
        {"value": 3000, "unit": "d"},
    ],
)
def test_other_quantities_stay(policy: Any, quantity: dict[str, Any]) -> None:
    assert observed(policy, "4548-4", valueQuantity=quantity) == {"valueQuantity": quantity}


@pytest.mark.parametrize("code", ["21611-9", "21612-7", "29553-5", "30525-0", "30972-4", "39016-1"])
def test_a_number_beside_the_code_of_an_age_is_one(policy: Any, code: str) -> None:
    assert observed(policy, code, valueInteger=94) == {"valueInteger": 90}
    assert observed(policy, code, valueInteger=14) == {"valueInteger": 14}
    assert observed(policy, code, valueQuantity={"value": 94}) == {"valueQuantity": NINETY}


def test_an_age_in_a_component_and_as_a_range(policy: Any) -> None:
    concept = {"coding": [{"system": "http://loinc.org", "code": "30525-0"}]}
    parts = [{"code": concept, "valueInteger": 99}]
    ends = {"low": {"value": 88}, "high": {"value": 99}}
    assert observed(policy, "4548-4", component=parts)["component"][0]["valueInteger"] == 90
    assert observed(policy, "30525-0", valueRange=ends) == {
        "valueRange": {"low": {"value": 88}, "high": NINETY}
    }


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"valueString": "1:94"}, {"_valueString": MASKED}),
        ({"valueRatio": {"numerator": {"value": 94}}}, {"valueRatio": MASKED}),
        ({"valueQuantity": {"value": 94, "unit": "mg"}}, {"valueQuantity": MASKED}),
        ({"valueQuantity": MASKED}, {"valueQuantity": MASKED}),
    ],
)
def test_an_age_told_in_a_way_that_cannot_be_read_is_withheld(
    policy: Any, value: dict[str, Any], shown: dict[str, Any]
) -> None:
    assert observed(policy, "30525-0", **value) == shown
