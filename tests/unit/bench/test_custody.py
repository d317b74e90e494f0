"""The custody bench times the product's own functions on the same resources as their floors."""

from __future__ import annotations

import json

import pytest

from bench.bundles import Bundle
from bench.custody import custody

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
    assert len(names) == 4
    assert [name.startswith("floor") for name in names] == [False, True, False, True]


def test_every_step_takes_time(bundle: Bundle):
    assert all(seconds > 0 for _, seconds in custody([bundle, bundle]).steps)
