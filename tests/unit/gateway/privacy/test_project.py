"""What a partner sees of a clinical half."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.privacy.policy import CLINICAL, PROFILES, Policy, PolicyRefused, load
from gateway.privacy.project import project
from gateway.privacy.split import split
from gateway.privacy.terms import Terms
from gateway.privacy.walk import masked
from mappers.lossless import dumps
from mappers.r4.validate import problems
from tests.unit.gateway.privacy.cases import pseudonym_of
from tests.unit.mappers.r4.generated import any_resource

TODAY = Terms(date(2026, 7, 1))
SHIFTED = Terms(date(2026, 7, 1), -20)
SPLIT = load(CLINICAL)
RELEASES = {name: load(name) for name in PROFILES}
SAFE, SHIFT = RELEASES["partner-safe-harbor"], RELEASES["partner-shifted"]
MASKS = re.compile(
    rb'"_?[a-zA-Z]*":\[?\{"extension":\[\{"url":"[^"]*data-absent-reason","valueCode":"masked"\}\]\}\]?'
)
INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}")


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


PLAN = {
    "resourceType": "CarePlan",
    "id": "abc",
    "meta": {"lastUpdated": "2026-05-20T10:00:00Z"},
    "identifier": [{"system": "urn:careloom:plan", "value": "abc"}],
    "text": {"status": "generated", "div": "<div>eGFR was 26 on 2026-04-20, at 94 years</div>"},
    "status": "draft",
    "intent": "plan",
    "title": "Suggested care plan",
    "subject": {"reference": "Patient/p1"},
    "created": "2026-05-20",
    "activity": [
        {
            "detail": {
                "code": {"text": "Measure HbA1c"},
                "instantiatesCanonical": ["urn:careloom:rule:t2d-hba1c-overdue|1.0.0"],
                "status": "not-started",
                "scheduledPeriod": {"end": "2026-05-27"},
                "description": "Why: HbA1c was last measured on 2025-09-01.",
            }
        }
    ],
}


def test_the_safe_harbour_leaves_years_alone() -> None:
    shown = project(PLAN, SAFE, TODAY)
    assert shown["created"] == "2026"
    assert shown["activity"][0]["detail"]["scheduledPeriod"] == {"end": "2026"}
    assert shown["activity"][0]["detail"]["description"] == "Why: HbA1c was last measured on 2025."
    assert shown["text"]["div"] == "<div>eGFR was 26 on 2026, at 90 years</div>"
    assert "meta" not in shown
    assert shown["identifier"] == PLAN["identifier"]
    assert shown["subject"] == PLAN["subject"]
    assert not INSTANT.search(dumps(shown).decode())


def test_a_shift_moves_every_date_by_the_same_days_and_tells_no_other() -> None:
    shown = project(PLAN, SHIFT, SHIFTED)
    assert shown["created"] == "2026"
    assert "meta" not in shown
    detail = shown["activity"][0]["detail"]
    assert detail["scheduledPeriod"] == {"end": "2026-05-07"}
    assert detail["code"] == {"text": "Measure HbA1c"}
    assert detail["instantiatesCanonical"] == ["urn:careloom:rule:t2d-hba1c-overdue|1.0.0"]
    assert "description" not in detail
    assert "text" not in shown
    assert not re.search("2026-0[45]-2|2025-09", dumps(shown).decode())


@pytest.mark.parametrize("terms", [TODAY, Terms(TODAY.as_of, 0), Terms(None, -20)])
def test_without_a_shift_a_shifting_profile_shows_no_date(terms: Terms) -> None:
    """But the year in which a plan was made, which is not shifted, where the day of release is known."""
    shown = project(PLAN, SHIFT, terms)
    assert shown.pop("created", "2026") == "2026"
    assert not re.search("20[0-9]{2}", dumps(shown).decode())


def test_law_2_a_shifting_profile_tells_no_clock_by_which_two_readers_find_one_patient() -> None:
    half = {
        "resourceType": "Observation",
        "effectiveDateTime": "2026-05-20T08:32:17.5+02:00",
        "issued": "2026-05-20T09:11:12.345Z",
    }
    assert project(half, SHIFT, SHIFTED) == {
        "resourceType": "Observation",
        "effectiveDateTime": "2026-04-30T00:00:00+02:00",
        "issued": "2026-04-30T00:00:00Z",
    }
    sent = {"resourceType": "Provenance", "recorded": "2026-05-20T09:11:12.345Z"}
    assert not INSTANT.search(dumps(project(sent, SHIFT, SHIFTED)).decode())


def test_arrays_of_dates_are_shifted_and_cut(partner: Policy) -> None:
    timing = {"event": ["2026-05-01", "2026-05-11T10:00:00+02:00"]}
    order = {"resourceType": "ServiceRequest", "occurrenceTiming": timing}
    assert project(order, SHIFT, SHIFTED)["occurrenceTiming"] == {
        "event": ["2026-04-11", "2026-04-21T00:00:00+02:00"]
    }
    assert project(order, SAFE, TODAY)["occurrenceTiming"] == {"event": ["2026", "2026"]}
    assert project(order, partner, TODAY) == order


@pytest.mark.parametrize("policy", [SAFE, SHIFT], ids=["safe-harbor", "shifted"])
def test_all_eighteen_identifiers_are_gone_from_what_was_sent(policy: Policy) -> None:
    """45 CFR 164.514(b)(2)(i), (A) to (R): each stands in a resource as an EHR sends it."""
    sent = {
        "resourceType": "Patient",
        "id": "mrn-77310042",
        "name": [{"family": "Quillfeather"}],
        "address": [{"line": ["1 Main St"], "city": "Vexwort", "postalCode": "02115", "state": "MA"}],
        "birthDate": "1931-04-17",
        "deceasedDateTime": "2025-02-03",
        "telecom": [
            {"system": "phone", "value": "555 0100"},
            {"system": "fax", "value": "555 0101"},
            {"system": "email", "value": "a@example.org"},
            {"system": "url", "value": "https://quillfeather.example"},
            {"system": "other", "value": "192.0.2.7"},
        ],
        "identifier": [
            {"system": "http://hl7.org/fhir/sid/us-ssn", "value": "999-99-9999"},
            {"system": "urn:mrn", "value": "77310042"},
            {"system": "urn:plan", "value": "beneficiary-1"},
            {"system": "urn:account", "value": "account-1"},
            {"system": "urn:licence", "value": "licence-1"},
            {"system": "urn:plate", "value": "vehicle-1"},
        ],
        "photo": [{"data": "Q0FOQVJZ"}],
        "extension": [{"url": "urn:voiceprint", "valueString": "biometric-1"}],
        "contained": [{"resourceType": "Device", "id": "d", "serialNumber": "device-1"}],
        "gender": "female",
    }
    half = split(sent, SPLIT, pseudonym_of).clinical
    assert half is not None
    assert project(half, policy, SHIFTED) == {
        "resourceType": "Patient",
        "id": half["id"],
        "identifier": [masked()],
        "gender": "female",
        "birthDate": "1936",
        "deceasedDateTime": "2025" if policy is SAFE else "2025-01-14",
    }


HARMED = "per-1"
"""A period whose ends are not equally precise may seem to end before it begins, once it is shifted."""


@settings(max_examples=90, deadline=None, suppress_health_check=list(HealthCheck))
@given(any_resource(), st.sampled_from(PROFILES))
def test_a_release_is_valid_and_says_no_more_than_the_half(resource: dict[str, Any], name: str) -> None:
    half = split(resource, SPLIT, pseudonym_of).clinical
    if half is not None:
        shown = project(half, RELEASES[name], SHIFTED)
        known = problems(half)
        assert [one for one in problems(shown) if one not in known and HARMED not in str(one)] == []
        assert len(MASKS.sub(b"", dumps(shown))) <= len(MASKS.sub(b"", dumps(half))) + 100
