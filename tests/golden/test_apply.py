"""Definitions applied to a patient: ``tests/golden/apply/CASE`` holds what goes in and what comes out.

The cases are those that clinical-reasoning and encender try without CQL, written anew, and those in which
something is missing or wrong. ``CARELOOM_TEST_REWRITE_GOLDEN=1`` writes what is expected.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mappers import lossless
from mappers.fhir_to_facts import Opened, facts
from mappers.r4.validate import problems
from tests.golden.test_golden import REWRITE, cases, shown
from workers.engine.applying import applied
from workers.engine.applying.launch import Launch
from workers.engine.applying.record import Record, plain
from workers.engine.applying.world import Variable, World, names_of

TODAY = date(2026, 11, 22)
HOUSE = {"resourceType": "Practitioner", "id": "house", "name": [{"family": "House"}]}


def given(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = lossless.loads((path / "input.json").read_bytes())
    return found


def result(case: dict[str, Any]) -> dict[str, Any]:
    resources = [Opened(f"{one['resourceType']}/{one['id']}/_history/1", one) for one in case["resources"]]
    others = {}
    for one in case["others"]:
        others[one["url"]] = one
        others[f"{one['url']}|{one.get('version')}"] = one
    variables = {"patient": Variable(plain(case["resources"][0]))}
    if "practitioner" in case["launch"]:
        variables["practitioner"] = Variable(HOUSE)
    names = names_of(facts(resources, TODAY))
    world = World(Record(resources), names, TODAY, variables)
    launch = Launch("Patient/anna", TODAY, others.get, **case["launch"])
    definition = case["definition"]
    make = applied.plan if definition["resourceType"] == "PlanDefinition" else applied.request
    return make(definition, launch, world)


@pytest.mark.parametrize("path", cases("apply"), ids=lambda path: path.name)
def test_a_definition_gives_what_is_expected(path: Path):
    found = result(given(path))
    assert problems(found) == []
    expected = path / "expected.json"
    if REWRITE:
        expected.write_text(shown(found))
    assert shown(found) == expected.read_text()


@pytest.mark.parametrize("path", cases("apply"), ids=lambda path: path.name)
def test_law_10_all_that_is_proposed_is_a_draft(path: Path):
    found = result(given(path))
    made = [found, *found.get("contained", ())]
    drafts = {one["status"] for one in made if "status" in one}
    assert drafts <= {"draft", "proposed"}


def test_law_7_the_same_again_is_the_same():
    for path in cases("apply"):
        assert result(given(path)) == result(given(path))
