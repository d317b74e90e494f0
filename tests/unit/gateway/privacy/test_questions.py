"""What a profile hides cannot be asked for either."""

from __future__ import annotations

import pytest

from gateway.privacy.policy import PROFILES, Policy, load
from gateway.privacy.questions import hides
from mappers.r4.model import MODEL

LIMITED, SAFE, SHIFTED = (load(name) for name in PROFILES)


@pytest.mark.parametrize("policy", [SAFE, SHIFTED], ids=PROFILES[1:])
@pytest.mark.parametrize(
    ("type_", "name"),
    [
        ("CarePlan", "date"),
        ("CarePlan", "activity-date"),
        ("CarePlan", "_lastUpdated"),
        ("Observation", "date"),
        ("Observation", "value-date"),
        ("Observation", "code-value-date"),
        ("Patient", "birthdate"),
        ("Patient", "death-date"),
        ("Condition", "onset-date"),
        ("Goal", "start-date"),
        ("Goal", "target-date"),
        ("Procedure", "date"),
    ],
)
def test_no_date_can_be_found_by_asking(policy: Policy, type_: str, name: str) -> None:
    assert hides(policy, type_, name)


@pytest.mark.parametrize("name", PROFILES)
def test_no_parameter_looks_at_a_date_that_is_not_told(name: str) -> None:
    policy = load(name)
    changed = name != "partner-limited"
    dated = [
        (type_, one.name)
        for type_, all_ in MODEL.search.items()
        for one in all_.values()
        if one.type == "date"
    ]
    told = [one for one in dated if not hides(policy, *one)]
    assert bool(told) is not changed


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize(
    ("type_", "parameter"),
    [
        ("Patient", "birthdate"),
        ("Condition", "onset-age"),
        ("Observation", "value-quantity"),
        ("Observation", "code-value-quantity"),
        ("Observation", "component-code-value-quantity"),
    ],
)
def test_no_age_over_89_can_be_found_by_asking(name: str, type_: str, parameter: str) -> None:
    assert hides(load(name), type_, parameter)


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize(
    ("type_", "parameter"),
    [
        ("CarePlan", "subject"),
        ("CarePlan", "identifier"),
        ("CarePlan", "status"),
        ("CarePlan", "_id"),
        ("Condition", "code"),
        ("Observation", "code-value-concept"),
        ("Observation", "nonsense"),
        ("Nonsense", "date"),
    ],
)
def test_what_is_shown_can_be_asked_for(name: str, type_: str, parameter: str) -> None:
    assert not hides(load(name), type_, parameter)


def test_clinical_dates_can_be_asked_for_where_they_are_told() -> None:
    assert not hides(LIMITED, "CarePlan", "date")
    assert not hides(LIMITED, "Patient", "death-date")
