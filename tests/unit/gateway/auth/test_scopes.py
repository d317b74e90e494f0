"""Scopes allow what they say, to the letter, and nothing that they do not say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.scopes import LETTERS, MOST_FILTERED, TRAIL, ScopeRefused, Scopes, parse

NAMES = ("*", "Patient", "CarePlan", "Observation", TRAIL)
FILTERS = ("category=laboratory", "category=survey", "category=laboratory&status=final", "status=final")
LETTER_SETS = st.sets(st.sampled_from(LETTERS), min_size=1).map(
    lambda x: "".join(c for c in LETTERS if c in x)
)
WORDS = st.builds(lambda name, letters: f"system/{name}.{letters}", st.sampled_from(NAMES), LETTER_SETS)
FILTERED = st.builds(
    lambda letters, text: f"system/Observation.{letters}?{text}", LETTER_SETS, st.sampled_from(FILTERS)
)
TEXTS = st.lists(WORDS, min_size=1, max_size=6).map(" ".join)
MIXED = st.lists(st.one_of(WORDS, FILTERED), min_size=1, max_size=6).map(" ".join)
RESOURCES = st.builds(
    lambda category, status: {
        "resourceType": "Observation",
        "category": [{"coding": [{"code": category}]}],
        "status": status,
    },
    st.sampled_from(("laboratory", "survey", "exam")),
    st.sampled_from(("final", "amended")),
)
TYPES = st.sampled_from((*NAMES[1:], "Device"))


def allowed_by_words(text: str, type_: str, letter: str) -> bool:
    """The plainest reading of a list of scopes, to compare with."""
    for word in text.split():
        name, _, letters = word.removeprefix("system/").partition(".")
        if letter in letters and (name == type_ or (name == "*" and type_ != TRAIL)):
            return True
    return False


@given(TEXTS, TYPES, st.sampled_from(LETTERS))
def test_scopes_allow_exactly_what_their_words_say(text: str, type_: str, letter: str):
    assert parse(text).allows(type_, letter) == allowed_by_words(text, type_, letter)


@given(TEXTS)
def test_the_canonical_text_means_the_same(text: str):
    assert parse(str(parse(text))) == parse(text)


@given(TEXTS, TEXTS, TYPES, st.sampled_from(LETTERS))
def test_what_is_within_a_ceiling_is_allowed_by_both(one: str, other: str, type_: str, letter: str):
    both = parse(one).within(parse(other))
    assert both.allows(type_, letter) == (
        parse(one).allows(type_, letter) and parse(other).allows(type_, letter)
    )


@given(TEXTS, TEXTS)
def test_the_order_of_a_meeting_does_not_matter(one: str, other: str):
    assert parse(one).within(parse(other)) == parse(other).within(parse(one))


@given(TEXTS)
def test_a_ceiling_of_itself_changes_nothing(text: str):
    assert parse(text).within(parse(text)) == parse(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("system/Patient.read", "system/Patient.rs"),
        ("system/Patient.write", "system/Patient.cud"),
        ("system/*.*", "system/*.cruds"),
        ("system/*.read system/Patient.write", "system/*.rs system/Patient.cud"),
    ],
)
def test_v1_is_mapped(old: str, new: str):
    assert parse(old) == parse(new)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "openid",
        "patient/Patient.rs",
        "user/*.rs",
        "system/Patient",
        "system/Patient.",
        "system/Patient.sr",
        "system/Patient.rr",
        "system/Patient.x",
        "system/patient.rs",
        "system/Patient.rs?category=labs",
        "system/Observation.rs?",
        "system/Observation.rs?category=labs&",
        "system/Observation?category=labs",
        "system/*.rs?_tag=x",
        "system/AuditEvent.rs?type=rest",
        " ".join(f"system/Observation.r?category=c{n}" for n in range(MOST_FILTERED + 1)),
        "system/*.rs system/Patient.RS",
        "system/Pati*.rs",
        "system/Patient.rs,system/Device.rs",
        "system/Foo.r",
        "system/*.rs system/Spaceship.rs",
    ],
)
def test_law_12_what_cannot_be_honoured_to_the_letter_is_refused(text: str):
    with pytest.raises(ScopeRefused):
        parse(text)


def covered_by_words(text: str, letter: str, resource: dict[str, Any]) -> bool:
    """The plainest reading of scopes with filters, of one Observation."""
    held = {f"category={resource['category'][0]['coding'][0]['code']}", f"status={resource['status']}"}
    for word in text.split():
        scope, _, wanted = word.partition("?")
        name, _, letters = scope.removeprefix("system/").partition(".")
        if letter in letters and name in ("*", "Observation") and set(wanted.split("&")) - {""} <= held:
            return True
    return False


@given(MIXED, st.sampled_from(LETTERS), RESOURCES)
def test_a_filter_lets_pass_exactly_what_its_words_say(text: str, letter: str, resource: dict[str, Any]):
    covered = parse(text).covers("Observation", letter, resource)
    assert covered == covered_by_words(text, letter, resource)
    assert parse(text).allows("Observation", letter) or not covered


@given(MIXED)
def test_filters_have_one_canonical_text(text: str):
    made = parse(text)
    assert parse(str(made)) == made
    assert made.within(made) == made
    assert parse(" ".join(reversed(text.split()))) == made


@given(MIXED, MIXED, st.sampled_from(LETTERS), RESOURCES)
def test_a_filter_is_never_widened(one: str, other: str, letter: str, resource: dict[str, Any]):
    both = parse(one).within(parse(other))
    assert both == parse(other).within(parse(one))
    assert both.covers("Observation", letter, resource) == (
        parse(one).covers("Observation", letter, resource)
        and parse(other).covers("Observation", letter, resource)
    )


@pytest.mark.parametrize(
    ("asked", "allowed", "given"),
    [
        (
            "system/*.rs",
            "system/Observation.rs?category=laboratory",
            "system/Observation.rs?category=laboratory",
        ),
        ("system/Observation.r", "system/*.cruds", "system/Observation.r"),
        (
            "system/Observation.r?status=final",
            "system/Observation.rs?category=laboratory",
            "system/Observation.r?category=laboratory&status=final",
        ),
        (
            "system/Observation.read?category=laboratory",
            "system/*.cruds",
            "system/Observation.rs?category=laboratory",
        ),
        ("system/Observation.r?status=final system/Observation.rs", "system/*.r", "system/Observation.r"),
    ],
)
def test_what_is_asked_for_and_allowed_is_given(asked: str, allowed: str, given: str):
    assert str(parse(asked).within(parse(allowed))) == given


def test_a_wildcard_does_not_open_the_trail():
    everything = parse("system/*.cruds")
    assert not any(everything.allows(TRAIL, letter) for letter in LETTERS)
    assert parse("system/*.cruds system/AuditEvent.rs").allows(TRAIL, "r")


def test_law_12_no_scopes_allow_nothing():
    nothing = Scopes(())
    assert not nothing
    assert not any(nothing.allows(type_, letter) for type_ in NAMES for letter in LETTERS)


def test_a_refusal_does_not_repeat_what_was_sent():
    with pytest.raises(ScopeRefused) as refusal:
        parse("system/Erika-Mustermann.rs")
    assert "Erika" not in str(refusal.value)
