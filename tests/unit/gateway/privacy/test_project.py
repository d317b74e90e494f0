"""What a partner sees of a clinical half."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from gateway.privacy.policy import CLINICAL, PARTNER_LIMITED, Policy, PolicyRefused, load
from gateway.privacy.project import project
from gateway.privacy.split import split
from mappers.lossless import dumps
from mappers.r4.validate import problems
from tests.unit.gateway.privacy.cases import pseudonym_of
from tests.unit.mappers.r4.generated import any_resource

TODAY = date(2026, 7, 1)
SPLIT, RELEASE = load(CLINICAL), load(PARTNER_LIMITED)


def test_birth_year_without_zip(partner: Policy) -> None:
    half = {"resourceType": "Patient", "id": "p1", "birthDate": "1974-12", "address": [{"postalCode": "021"}]}
    assert project(half, partner, TODAY) == {"resourceType": "Patient", "id": "p1", "birthDate": "1974"}


def test_the_very_old_are_ninety(partner: Policy) -> None:
    half = {"resourceType": "Patient", "birthDate": "1921-03"}
    assert project(half, partner, TODAY)["birthDate"] == "1936"
    age = {"value": 97, "unit": "a", "system": "http://unitsofmeasure.org", "code": "a"}
    condition = {"resourceType": "Condition", "onsetAge": age, "recordedDate": "2020-02-03"}
    shown = project(condition, partner, TODAY)
    assert shown["onsetAge"]["value"] == 90
    assert shown["recordedDate"] == "2020-02-03"


def test_without_a_day_no_birth_year_is_shown(partner: Policy) -> None:
    assert project({"resourceType": "Patient", "birthDate": "1974-12"}, partner) == {
        "resourceType": "Patient"
    }


def test_ids_identifiers_and_the_words_of_a_plan_stay(partner: Policy) -> None:
    plan = {
        "resourceType": "CarePlan",
        "id": "abc",
        "identifier": [{"system": "urn:careloom:plan", "value": "abc"}],
        "text": {"status": "generated", "div": "<div>HbA1c is due</div>"},
        "subject": {"reference": "Patient/p1"},
        "contained": [{"resourceType": "Goal", "id": "c1"}],
        "activity": [{"detail": {"description": "Measure HbA1c"}}],
        "extension": [{"url": "urn:careloom:x", "valueString": "x"}],
    }
    assert project(plan, partner, TODAY) == plan


def test_a_split_policy_is_no_release_profile(clinical: Policy) -> None:
    with pytest.raises(PolicyRefused, match="not a release profile"):
        project({"resourceType": "Patient"}, clinical, TODAY)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(any_resource())
def test_a_release_is_valid_and_says_no_more_than_the_half(resource: dict[str, Any]) -> None:
    half = split(resource, SPLIT, pseudonym_of).clinical
    if half is not None:
        shown = project(half, RELEASE, TODAY)
        assert problems(shown) == problems(half)
        assert len(dumps(shown)) <= len(dumps(half)) + 100
