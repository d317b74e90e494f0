"""Each line of a release profile takes something away: without it a reader would be told more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from gateway.privacy.policy import PROFILES, Policy, load, parse
from gateway.privacy.project import project
from gateway.privacy.terms import Terms
from mappers.lossless import dumps, loads
from mappers.r4.model import MODEL
from tests.canaries import BIRTHDAY, SENTENCE, Form, sown

POLICIES = Path(__file__).parents[4] / "gateway/privacy/policies"
TERMS = Terms(date(2026, 7, 1), -20)
RELEASES = {name: load(name) for name in PROFILES}
LINES = [(name, line) for name, policy in RELEASES.items() for line in policy.lines]


def without(name: str, line: str) -> Policy:
    text = (POLICIES / f"{name}.toml").read_text("utf-8")
    rest, count = re.subn(rf'(?m)^"?{re.escape(line)}"? = ".*"$', "", text)
    assert count == 1
    return parse(rest, "without")


def kinds(line: str) -> Iterator[str]:
    first = line.partition(".")[0]
    if first in MODEL.resources:
        yield first
    else:
        yield from ("Patient", "Goal", "Provenance", "Condition", "AllergyIntolerance", "Composition")


def told(policy: Policy, kind: str, form: Form) -> bytes:
    return dumps(project(sown(kind, form).body, policy, TERMS))


def told_of_the_young(policy: Policy, kind: str, form: Form) -> bytes:
    """The same of somebody born in 1971, whose references name versions that could be years."""
    text = dumps(sown(kind, form).body).replace(BIRTHDAY.encode(), b"1971-07-23")
    versions = re.sub(rb'"reference":"(Patient/[^"]*)"', rb'"reference":"\1/_history/2019"', text)
    return dumps(project(loads(versions), policy, TERMS))


@pytest.mark.parametrize(("name", "line"), LINES, ids=[f"{name} {line}" for name, line in LINES])
def test_law_2_without_one_line_of_a_profile_something_else_is_told(name: str, line: str) -> None:
    less, more = RELEASES[name], without(name, line)
    places = [(kind, form) for kind in kinds(line) for form in Form]
    assert any(tell(less, *one) != tell(more, *one) for one in places for tell in (told, told_of_the_young))


@pytest.mark.parametrize("name", PROFILES[1:])
def test_law_2_no_type_tells_a_day_or_an_age_over_89(name: str) -> None:
    """At every path of every third type: days, sentences that name them, and quantities of 95 years."""
    for kind in sorted(MODEL.resources)[PROFILES.index(name) :: 3]:
        text = told(RELEASES[name], kind, Form.AGED)
        assert not re.search(rb"2012-05|1911-|2026-04|94 years|\"value\":95\b", text), kind
        assert SENTENCE.encode() not in text


def test_the_default_profile_tells_no_age_over_89() -> None:
    for kind in sorted(MODEL.resources)[::3]:
        text = told(RELEASES["partner-limited"], kind, Form.AGED)
        assert not re.search(rb"94 years|\"value\":95\b", text), kind


def test_law_2_without_its_ages_a_number_beside_a_code_is_told() -> None:
    text = (POLICIES / "partner-limited.toml").read_text("utf-8")
    concept = {"coding": [{"system": "http://loinc.org", "code": "30525-0"}]}
    age = {"resourceType": "Observation", "status": "final", "code": concept, "valueInteger": 97}
    assert project(age, RELEASES["partner-limited"], TERMS)["valueInteger"] == 90
    assert project(age, parse(text.replace('"30525-0", ', ""), "without"), TERMS)["valueInteger"] == 97
