"""One fault made in a conforming resource is found, at its place, and what was sent is not repeated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mappers.profiles.rules import Rule, items
from mappers.r4.model import MODEL
from tests.unit.mappers.profiles.conforming import (
    CAREPLAN,
    CONCERN,
    CORE,
    DIAGNOSIS,
    LAB,
    PATIENT,
    PROFILES,
    RACES,
    RESULT,
    SYSTEMS,
    US,
    coded,
    conforming,
    errors,
    shipped,
)

GONE = object()
CANARY = "Zebulon-canary"
RACE = "Patient.extension[0]"

# Profile, where (keys and positions), what is put there, the expression that is expected.
MUTATIONS: list[tuple[str, tuple[str | int, ...], Any, str]] = [
    (PATIENT, ("identifier",), GONE, "Patient.identifier"),
    (PATIENT, ("identifier", 0, "system"), GONE, "Patient.identifier[0].system"),
    (PATIENT, ("identifier", 0, "value"), GONE, "Patient.identifier[0].value"),
    (PATIENT, ("name",), GONE, "Patient.name"),
    (PATIENT, ("name", 1), {"text": CANARY}, "Patient.name[1]"),
    (
        PATIENT,
        ("name", 0, "extension"),
        [{"url": CORE + "data-absent-reason", "valueCode": "unknown"}],
        "Patient.name[0]",
    ),
    (PATIENT, ("telecom", 0, "system"), GONE, "Patient.telecom[0].system"),
    (PATIENT, ("telecom", 0, "value"), GONE, "Patient.telecom[0].value"),
    (PATIENT, ("extension", 0, "extension", 3), GONE, f"{RACE}.extension"),
    (PATIENT, ("extension", 0, "extension", 3, "valueString"), GONE, f"{RACE}.extension[3].value"),
    (
        PATIENT,
        ("extension", 0, "extension", 3),
        {"url": "text", "valueCode": "x"},
        f"{RACE}.extension[3].value",
    ),
    (
        PATIENT,
        ("extension", 0, "extension", 0, "valueCoding"),
        {"system": SYSTEMS + "v3-NullFlavor", "code": "UNK"},
        RACE,
    ),
    (PATIENT, ("extension", 0, "valueString"), CANARY, f"{RACE}.value"),
    (
        PATIENT,
        ("extension", 1, "extension", 1),
        {"url": "ombCategory", "valueCoding": {"system": RACES, "code": "2135-2"}},
        "Patient.extension[1].extension",
    ),
    (PATIENT, ("extension", 1, "url"), US + "us-core-race", "Patient.extension"),
    (PATIENT, ("extension", 2, "extension", 0), GONE, "Patient.extension[2].extension"),
    (
        PATIENT,
        ("extension", 2, "extension", 1),
        {"url": "isEnrolled", "valueString": "yes"},
        "Patient.extension[2].extension[1].value",
    ),
    (PATIENT, ("extension", 3), {"url": US + "us-core-individual-sex"}, "Patient.extension[3].value"),
    (
        PATIENT,
        ("extension", 4, "extension"),
        [{"url": "urn:x", "valueString": CANARY}],
        "Patient.extension[4].extension",
    ),
    (
        PATIENT,
        ("extension", 5),
        {"url": US + "us-core-birthsex", "valueString": CANARY},
        "Patient.extension[5].value",
    ),
    (
        PATIENT,
        ("name", 0, "extension"),
        [{"url": US + "us-core-birthsex", "valueCode": "F"}],
        "Patient.name[0].extension[0]",
    ),
    (CAREPLAN, ("text", "status"), "extensions", "CarePlan.text.status"),
    (CAREPLAN, ("text", "status"), "empty", "CarePlan.text.status"),
    (CAREPLAN, ("addresses", 0, "reference"), f"Observation/{CANARY}", "CarePlan.addresses[0]"),
    (
        CAREPLAN,
        ("addresses", 0),
        {"type": "Goal", "identifier": {"value": CANARY}},
        "CarePlan.addresses[0]",
    ),
    (LAB, ("category",), GONE, "Observation.category"),
    (LAB, ("category", 0, "coding", 0, "code"), "imaging", "Observation.category"),
    (LAB, ("category", 0, "coding", 0, "system"), "urn:other", "Observation.category"),
    (LAB, ("category", 0), {"text": CANARY}, "Observation.category"),
    (LAB, ("subject",), GONE, "Observation.subject"),
    (LAB, ("valueQuantity",), GONE, "Observation"),
    (LAB, ("valueQuantity", "system"), "urn:units", "Observation.value"),
    (LAB, ("effectiveDateTime",), "2026-01", "Observation.effective"),
    (LAB, ("referenceRange", 0, "low", "system"), "urn:units", "Observation.referenceRange[0]"),
    (
        LAB,
        ("referenceRange", 0, "high"),
        {"value": 1, "system": "urn:units", "code": CANARY},
        "Observation.referenceRange[0]",
    ),
    (RESULT, ("category",), GONE, "Observation.category"),
    (RESULT, ("subject",), GONE, "Observation.subject"),
    (RESULT, ("valueQuantity",), GONE, "Observation"),
    (RESULT, ("valueQuantity", "system"), "urn:units", "Observation.value"),
    (RESULT, ("effectiveDateTime",), "2026", "Observation.effective"),
    (DIAGNOSIS, ("category",), GONE, "Condition.category"),
    (DIAGNOSIS, ("category", 0, "coding", 0, "code"), "problem-list-item", "Condition.category"),
    (DIAGNOSIS, ("code",), GONE, "Condition.code"),
    (CONCERN, ("category",), GONE, "Condition.category"),
    (
        CONCERN,
        ("category", 0),
        coded(SYSTEMS + "condition-category", "encounter-diagnosis"),
        "Condition.category",
    ),
    (CONCERN, ("category", 0), coded(US + "x", "health-concern"), "Condition.category"),
    (CONCERN, ("code",), GONE, "Condition.code"),
    (CONCERN, ("extension", 0), {"url": CORE + "condition-assertedDate"}, "Condition.extension[0].value"),
    (
        CONCERN,
        ("extension", 0),
        {"url": CORE + "condition-assertedDate", "valueString": CANARY},
        "Condition.extension[0].value",
    ),
    (
        CONCERN,
        ("extension", 0, "extension"),
        [{"url": "urn:x", "valueString": "y"}],
        "Condition.extension[0].extension",
    ),
]


def mutated(profile: str, path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    resource = conforming(profile)
    *outer, last = path
    place: Any = resource
    for step in outer:
        place = place[step]
    if value is GONE:
        del place[last]
    else:
        place[last] = value
    return resource


@pytest.mark.parametrize(("profile", "path", "value", "expected"), MUTATIONS)
def test_a_fault_is_found_at_its_place(profile: str, path: tuple[str | int, ...], value: Any, expected: str):
    found = errors(shipped().check(mutated(profile, path, value), profile))
    assert {one.expression for one in found} == {expected}, found
    assert all(one.text and CANARY not in one.text for one in found)


@pytest.mark.parametrize("twice", [0, 1, 3, 4])
def test_an_extension_that_may_stand_once_is_counted(twice: int):
    resource = conforming(PATIENT)
    resource["extension"].append(resource["extension"][twice])
    (found,) = errors(shipped().check(resource, PATIENT))
    assert (found.expression, found.code) == ("Patient.extension", "structure")


@pytest.mark.parametrize("profile", [LAB, DIAGNOSIS])
def test_a_slice_that_may_stand_once_is_counted(profile: str):
    resource = conforming(profile)
    resource["category"].append(resource["category"][0])
    (found,) = errors(shipped().check(resource, profile))
    assert found.code == "structure"
    resource["category"][1] = {"text": "another"}
    assert errors(shipped().check(resource, profile)) == []


def test_at_most_six_races_of_the_first_kind():
    resource = conforming(PATIENT)
    parts = resource["extension"][0]["extension"]
    parts += [parts[0]] * 4
    assert errors(shipped().check(resource, PATIENT)) == []
    parts.append(parts[0])
    (found,) = errors(shipped().check(resource, PATIENT))
    assert found.expression == "Patient.extension[0].extension"


def test_a_name_may_say_why_it_has_no_parts():
    resource = mutated(
        PATIENT,
        ("name",),
        [{"extension": [{"url": CORE + "data-absent-reason", "valueCode": "unknown"}]}],
    )
    assert errors(shipped().check(resource, PATIENT)) == []


def test_another_type_is_said_to_be_one():
    (found,) = shipped().check(conforming(LAB), PATIENT)
    assert (found.severity, found.expression) == ("error", "Observation")
    (found,) = shipped().check(conforming(LAB), PATIENT, "Bundle.entry[2].resource")
    assert found.expression == "Bundle.entry[2].resource"


def test_expressions_begin_with_what_is_asked():
    (found,) = errors(shipped().check(mutated(LAB, ("subject",), GONE), LAB, "Bundle.entry[2].resource"))
    assert found.expression == "Bundle.entry[2].resource.subject"


# --- required elements, whoever drops them -----------------------------------------------------------------


def required(
    rule: Rule, kind: str, value: Any, path: str
) -> Iterator[tuple[Any, tuple[tuple[str, str], ...], str]]:
    """Each element in a value that the rule requires: its object, its JSON names, its expression."""
    for name, member in rule.members.items():
        there = list(items(kind, value, name))
        slices = member.slicing.slices if member.slicing is not None else ()
        if there and (member.min or any(one.rule.min for one in slices)):
            yield value, tuple(MODEL.types[kind].elements[name].json_names()), f"{path}.{name}"
        for item in there:
            yield from required(member, item.kind, item.value, path + item.step)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), st.sampled_from(PROFILES))
def test_dropping_what_is_required_is_always_found(data: st.DataObject, profile: str):
    resource, kind = conforming(profile), shipped().type_of(profile) or ""
    places = list(required(shipped()._of(profile).rule, kind, resource, kind))
    if not places:
        return
    many = data.draw(st.lists(st.sampled_from(range(len(places))), min_size=1, unique=True))
    for value, names, _ in (places[place] for place in many):
        for key, _ in names:
            value.pop(key, None)
    found = {one.expression for one in errors(shipped().check(resource, profile))}
    gone = [expression for _, _, expression in (places[place] for place in many)]
    outermost = {one for one in gone if not any(one.startswith((f"{o}.", f"{o}[")) for o in gone)}
    assert outermost <= found


# --- whatever is sent --------------------------------------------------------------------------------------

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "x", "#a", "Patient/1", CANARY]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["url", "code", "system", "coding", "value", "extension"]), inner)
    ),
    max_leaves=6,
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from places(value[key])


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), st.sampled_from(PROFILES), ANYTHING)
def test_whatever_is_sent_it_answers_and_repeats_nothing(data: st.DataObject, profile: str, junk: Any):
    """Also what is no valid R4: `$validate` tells everything at once."""
    resource = conforming(profile)
    spots = list(places(resource))
    value, key = spots[data.draw(st.integers(0, len(spots) - 1))]
    if key != "resourceType":
        value[key] = junk
    for found in shipped().check(resource, profile):
        assert CANARY not in found.text + found.expression
