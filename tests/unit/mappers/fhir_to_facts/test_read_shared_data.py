"""On real-world shapes: every resource of the reference data is accounted for, and fast enough."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mappers import lossless
from mappers.facts import Facts
from mappers.fhir_to_facts import Opened, facts
from tests.unit.mappers.fhir_to_facts.chart import accounted

AS_OF = date(2021, 6, 1)


def chart(bundle: bytes) -> list[Opened]:
    """A transaction as it is kept: references by id instead of ``urn:uuid``."""
    text = bundle.decode()
    entries = json.loads(text)["entry"]
    for entry in entries:
        resource = entry["resource"]
        text = text.replace(f'"{entry["fullUrl"]}"', f'"{resource["resourceType"]}/{resource["id"]}"')
    return [opened(entry["resource"]) for entry in lossless.loads(text.encode())["entry"]]


def opened(resource: dict[str, Any]) -> Opened:
    return Opened(f"{resource['resourceType']}/{resource['id']}/_history/1", resource)


def synthea(folder: Path) -> Iterator[list[Opened]]:
    paths = sorted((folder / "fhir" / "synthea").glob("*.json"))
    return (chart(path.read_bytes()) for path in paths)


@pytest.fixture(scope="module")
def patients(shared_data: Path) -> list[tuple[list[Opened], Facts]]:
    return [(resources, facts(resources, AS_OF)) for resources in synthea(shared_data)]


def test_no_resource_of_synthea_is_dropped_without_a_word(patients):
    assert len(patients) == 32
    for resources, known in patients:
        assert accounted(known) == {one.reference for one in resources}


def test_nearly_every_clinical_resource_of_synthea_is_a_fact(patients):
    seen: dict[str, int] = defaultdict(int)
    lost: dict[str, int] = defaultdict(int)
    for resources, known in patients:
        told = {*known.unreadable, *(one for one in known.set_aside if "says the same" not in one.reason)}
        gone = {one.evidence.reference for one in told}
        for one in resources:
            seen[one.type] += 1
            lost[one.type] += one.reference in gone
    for kind in (
        "Condition",
        "MedicationRequest",
        "AllergyIntolerance",
        "Procedure",
        "Immunization",
        "Patient",
    ):
        assert lost[kind] == 0, kind
    assert lost["Observation"] < 0.07 * seen["Observation"]


def test_every_setting_of_synthea_is_known(patients):
    settings = {one.setting.value for _, known in patients for one in known.measurements}
    assert settings <= {"ambulatory", "inpatient", "emergency"}


@pytest.mark.parametrize("folder", ["us-core-examples", "pgx", "r4-examples"])
def test_no_official_example_is_dropped_without_a_word(shared_data, folder):
    """All as if of one patient: nothing here raises, and each is accounted for."""
    resources = [
        opened(body)
        for path in sorted((shared_data / "fhir" / folder).rglob("*.json"))
        if "id" in (body := lossless.loads(path.read_bytes())) and "resourceType" in body
    ]
    assert resources
    known = facts(resources, date(2026, 5, 20))
    current = {one.reference for one in resources}
    assert accounted(known) == current


def test_eight_thousand_resources_a_second_and_core(shared_data):
    charts = list(synthea(shared_data))
    facts(charts[0], AS_OF)
    started = time.process_time()
    for resources in charts:
        facts(resources, AS_OF)
    assert sum(map(len, charts)) / (time.process_time() - started) > 8_000
