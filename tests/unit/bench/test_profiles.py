"""The profiles' bench times the product's own check on the resources that it is given, each profile once."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from bench.bundles import Bundle
from bench.profiles import Cost, profiles
from bench.profiles_report import profiles_as_json, show_profiles
from mappers import lossless
from tests.unit.mappers.profiles.conforming import CAREPLAN, LAB, PATIENT, RESULT, conforming


@pytest.fixture(scope="module")
def measured() -> list[Cost]:
    broken = conforming(PATIENT)
    del broken["name"]
    resources = [conforming(CAREPLAN), conforming(LAB), conforming(PATIENT), broken, {"resourceType": "Goal"}]
    entries = [{"resource": resource} for resource in resources]
    body = lossless.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries})
    return profiles([Bundle(body, len(entries))])


def test_each_profile_of_a_type_that_is_there_is_measured(measured: list[Cost]):
    told = {one.profile: (one.resources, one.conforming) for one in measured}
    assert told == {
        CAREPLAN + "|9.0.0": (1, 1),
        LAB + "|9.0.0": (1, 1),
        PATIENT + "|9.0.0": (2, 1),
        RESULT + "|9.0.0": (1, 1),
    }


def test_costs_are_of_one_resource_and_compiling_is_told_apart(measured: list[Cost]):
    assert all(one.compiled > 0 and one.checked >= 0 and one.r4 >= 0 for one in measured)


def test_a_program_and_a_person_read_the_same(measured: list[Cost]):
    rows = json.loads(json.dumps(profiles_as_json(measured)))
    assert [row["profile"] for row in rows] == [one.profile for one in measured]
    told = io.StringIO()
    show_profiles(measured, Console(file=told, width=200))
    for one in measured:
        assert one.profile.rpartition("/")[2] in told.getvalue()
