"""The synthetic patients: valid, the same for the same seed, and as long as was asked for."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.demo.patients import bundle, load_bundle, story
from gateway.demo.stories import STORIES
from gateway.privacy.policy import CLINICAL, load
from gateway.privacy.split import split
from mappers.lossless import dumps, loads
from mappers.r4.validate import problems

TODAY = date(2026, 11, 3)
SEEDS = range(len(STORIES))


def resources(body: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in body["entry"] if entry["resource"]["resourceType"] == kind]


@pytest.mark.parametrize("seed", SEEDS, ids=[one.title for one in STORIES])
def test_every_story_is_valid_r4(seed: int) -> None:
    assert problems(loads(dumps(bundle(seed, TODAY)))) == []


@pytest.mark.parametrize("entries", [1, 2, 60, 100, 400])
@pytest.mark.parametrize("seed", [0, 5, 7])
def test_a_load_has_so_many_entries_and_is_valid(seed: int, entries: int) -> None:
    body = load_bundle(seed, entries, TODAY)
    assert len(body["entry"]) == entries
    assert problems(loads(dumps(body))) == []


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**9), st.dates(date(2005, 1, 1), date(2080, 12, 31)))
def test_law_11_the_same_seed_and_day_give_the_same_bytes(seed: int, today: date) -> None:
    first, second = (json.dumps(load_bundle(seed, 60, today)) for _ in range(2))
    assert first == second


def test_law_11_seeds_differ() -> None:
    assert len({json.dumps(bundle(seed, TODAY)) for seed in range(50)}) == 50


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.dates(date(2005, 1, 1), date(2080, 12, 31)))
def test_nothing_happens_tomorrow_or_before_birth(seed: int, today: date) -> None:
    body = load_bundle(seed, 100, today)
    (person,) = resources(body, "Patient")
    for entry in body["entry"]:
        when = entry["resource"].get("effectiveDateTime", str(today))
        assert person["birthDate"] <= when[:10] <= str(today)


def test_every_reference_is_in_the_bundle() -> None:
    for seed in SEEDS:
        body = load_bundle(seed, 100, TODAY)
        urls = [entry["fullUrl"] for entry in body["entry"]]
        assert len(set(urls)) == len(urls)
        assert set(_references(body)) <= set(urls)


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["reference"]] if isinstance(value.get("reference"), str) else []
        return own + [found for item in value.values() for found in _references(item)]
    return [found for item in value for found in _references(item)] if isinstance(value, list) else []


def test_a_load_has_a_realistic_mix() -> None:
    kinds = Counter(entry["resource"]["resourceType"] for entry in load_bundle(1, 100, TODAY)["entry"])
    assert kinds["Patient"] == 1
    assert 50 <= kinds["Observation"] <= 80
    assert {"Encounter", "Condition", "MedicationRequest", "DiagnosticReport", "Immunization"} <= kinds.keys()


def test_the_patient_is_put_and_the_rest_posted() -> None:
    first, *others = bundle(0, TODAY)["entry"]
    assert first["request"] == {"method": "PUT", "url": f"Patient/{first['resource']['id']}"}
    assert {entry["request"]["method"] for entry in others} == {"POST"}


def test_ages_fit_the_story() -> None:
    for seed in range(3 * len(STORIES)):
        (person,) = resources(bundle(seed, TODAY), "Patient")
        born = date.fromisoformat(person["birthDate"])
        age = TODAY.year - born.year - ((TODAY.month, TODAY.day) < (born.month, born.day))
        low, high = story(seed).ages
        assert low <= age <= high
        assert person["gender"] == story(seed).gender


@pytest.mark.parametrize(("title", "egfr"), [("eGFR 28 on metformin", 28), ("Kidney disease 3b", 38)])
def test_creatinine_follows_from_the_egfr(title: str, egfr: int) -> None:
    seed = next(number for number in SEEDS if story(number).title.startswith(title))
    body = bundle(seed, TODAY)
    (person,) = resources(body, "Patient")
    last = max(
        (one for one in resources(body, "Observation") if one["code"]["coding"][0]["code"] == "2160-0"),
        key=lambda one: one["effectiveDateTime"],
    )
    born, when = (date.fromisoformat(text[:10]) for text in (person["birthDate"], last["effectiveDateTime"]))
    low, factor = (0.7, 1.012) if person["gender"] == "female" else (0.9, 1.0)
    years = (when - born).days // 365.25
    found = 142 * (last["valueQuantity"]["value"] / low) ** -1.2 * 0.9938**years * factor
    assert abs(found - egfr) < 1.0


def test_one_has_died_and_one_allergy_is_words_only() -> None:
    people = [resources(bundle(seed, TODAY), "Patient")[0] for seed in SEEDS]
    assert sum("deceasedDateTime" in person for person in people) == 1
    allergies = [one for seed in SEEDS for one in resources(bundle(seed, TODAY), "AllergyIntolerance")]
    assert [set(one["code"]) for one in allergies] == [{"text"}]


def test_law_2_nothing_of_the_person_reaches_the_clinical_half() -> None:
    policy = load(CLINICAL)
    for seed in range(60):
        body = load_bundle(seed, 80, TODAY)
        (person,) = resources(body, "Patient")
        (name,) = person["name"]
        words = [
            name["family"],
            name["given"][0],
            person["telecom"][0]["value"],
            person["identifier"][0]["value"],
        ]
        words += [person["address"][0]["line"][0], person["birthDate"], person["id"]]
        for entry in body["entry"]:
            half = split(entry["resource"], policy, lambda kind, text: "p").clinical
            assert not any(word.encode() in dumps(half) for word in words)


def test_numbers_are_plain_json() -> None:
    text = json.dumps(bundle(2, TODAY))
    assert all(isinstance(number, Decimal) for number in _numbers(json.loads(text, parse_float=Decimal)))


def _numbers(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [found for item in value.values() for found in _numbers(item)]
    if isinstance(value, list):
        return [found for item in value for found in _numbers(item)]
    return [value] if isinstance(value, float | Decimal) else []
