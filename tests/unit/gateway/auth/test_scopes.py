"""Scopes allow what they say, to the letter, and nothing that they do not say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.scopes import LETTERS, TRAIL, ScopeRefused, Scopes, parse

NAMES = ("*", "Patient", "CarePlan", "Observation", TRAIL)
LETTER_SETS = st.sets(st.sampled_from(LETTERS), min_size=1).map(
    lambda x: "".join(c for c in LETTERS if c in x)
)
WORDS = st.builds(lambda name, letters: f"system/{name}.{letters}", st.sampled_from(NAMES), LETTER_SETS)
TEXTS = st.lists(WORDS, min_size=1, max_size=6).map(" ".join)
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
