"""The custody bench times the product's own functions on the same resources as their floors."""

from __future__ import annotations

import json
import time

import pytest

from bench.bundles import Bundle
from bench.custody import _median, custody, settled

PATIENT = {
    "resourceType": "Patient",
    "id": "p-1",
    "name": [{"family": "Hermiston"}],
    "birthDate": "1970-01-02",
}
OBSERVATION = {
    "resourceType": "Observation",
    "id": "o-1",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4"}]},
    "subject": {"reference": "Patient/p-1"},
}


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    entries = [{"resource": resource} for resource in (PATIENT, OBSERVATION) * 20]
    return Bundle(json.dumps({"resourceType": "Bundle", "entry": entries}).encode(), len(entries))


def test_every_step_stands_beside_a_floor(bundle: Bundle):
    measured = custody([bundle])
    names = [name for name, _ in measured.steps]
    assert measured.resources == 40
    assert len(names) == 6
    assert [name.startswith("floor") for name in names] == [False, True] * 3


def test_every_step_takes_time(bundle: Bundle):
    assert all(seconds > 0 for _, seconds in custody([bundle, bundle]).steps)


def test_what_is_sealed_is_counted_in_each_form(bundle: Bundle):
    sizes = dict(custody([bundle]).sizes)
    assert sizes["compressed with dictionaries"] < sizes["compressed without a dictionary"]
    assert sizes["compressed without a dictionary"] <= sizes["both halves"]
    # Two envelopes of 54 bytes around what was compressed.
    assert sizes["sealed"] == sizes["compressed with dictionaries"] + 2 * 54


def test_references_within_a_bundle_are_settled_as_intake_does(bundle: Bundle):
    entries = [
        {"fullUrl": "urn:uuid:1", "resource": PATIENT},
        {"fullUrl": "urn:uuid:2", "resource": {**OBSERVATION, "subject": {"reference": "urn:uuid:1"}}},
    ]
    patient, observation = settled({"resourceType": "Bundle", "entry": entries})
    assert patient["id"] == "p-1"
    assert observation["subject"] == {"reference": "Patient/p-1"}


def test_the_median_is_of_single_resources(bundle: Bundle):
    medians = dict(custody([bundle]).medians)
    assert list(medians) == ["split", "seal a half", "open a half"]
    assert all(0 < seconds < 1 for seconds in medians.values())


def test_a_median_takes_the_least_of_each_and_the_middle_of_all(monkeypatch: pytest.MonkeyPatch):
    clock = iter([number for taken in (9, 1, 9, 9, 9, 5, 5, 7, 5, 5, 8, 8, 8, 3, 8) for number in (0, taken)])
    monkeypatch.setattr(time, "thread_time", lambda: next(clock))
    assert _median([lambda: None] * 3) == 3
