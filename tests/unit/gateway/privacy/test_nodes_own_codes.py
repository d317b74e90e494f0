"""A hospital's own codes pass where its maps list them, code by code; all others stay withheld."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from gateway.privacy.merge import merge
from gateway.privacy.policy import CLINICAL, Kind, load_as
from gateway.privacy.split import split
from mappers.concept_maps import compiled
from mappers.fhir_to_facts import Opened, facts
from tests.unit.gateway.privacy.cases import pseudonym_of
from tests.unit.mappers.concept_maps.drawn import OWN, mapped

MAPS = compiled([mapped(("DM2", "wider", "44054006"), ("KID", "narrower", "709044004"))]).maps
POLICY = load_as(Kind.SPLIT, CLINICAL, MAPS.own_codes)


def condition(code: str, system: str = OWN) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "id": "a",
        "subject": {"reference": "Patient/p"},
        "code": {"coding": [{"system": system, "code": code, "display": "Jane Doe's sugar"}]},
    }


def test_a_listed_code_reaches_the_facts_and_nothing_else_of_it():
    halves = split(condition("DM2"), POLICY, pseudonym_of)
    assert halves.clinical is not None
    assert halves.clinical["code"] == {"coding": [{"system": OWN, "code": "DM2"}]}
    known = facts([Opened("Condition/a/_history/1", halves.clinical)], date(2026, 6, 1), maps=MAPS)
    assert [one.key for one in known.problems] == ["type_2_diabetes"]


@pytest.mark.parametrize(
    ("code", "system"),
    [("KID", OWN), ("Jane Doe", OWN), ("dm2", OWN), ("DM2 ", OWN), ("DM2", OWN + "/other"), ("DM2", "")],
)
def test_law_2_any_other_code_is_withheld_and_the_problem_is_there_unreadable(code: str, system: str):
    halves = split(condition(code, system), POLICY, pseudonym_of)
    assert halves.clinical is not None
    assert "coding" not in halves.clinical["code"]
    known = facts([Opened("Condition/a/_history/1", halves.clinical)], date(2026, 6, 1), maps=MAPS)
    assert [one.reason for one in known.unreadable] == ["is known only as text"]


@pytest.mark.parametrize("code", ["DM2", "KID"])
def test_law_1_both_halves_make_the_resource_again(code: str):
    halves = split(condition(code), POLICY, pseudonym_of)
    assert merge(halves.clinical, halves.withheld) == condition(code)


def test_without_maps_no_own_code_passes():
    halves = split(condition("DM2"), load_as(Kind.SPLIT, CLINICAL), pseudonym_of)
    assert halves.clinical is not None
    assert "coding" not in halves.clinical["code"]
