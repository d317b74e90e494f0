"""A search's parameters: understood or refused, never dropped, and put into one tenant's pseudonyms."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.custody.identity.vault import TenantKeys
from gateway.refusal import Kind, Refused
from gateway.release.asking import Asked, clauses, translated, understood
from mappers.r4 import search
from mappers.r4.model import MODEL
from tests.desk import refusal

KEYS = TenantKeys(b"c" * 32, b"i" * 32)


def name(type_: str, text: str) -> str | None:
    """Everybody has a pseudonym but those called nobody."""
    return None if text.startswith("nobody") else f"<{type_} {text}>"


def asked(type_: str, text: str, whole: bool = True) -> Asked:
    parameter, _, value = text.partition("=")
    (one,) = understood(type_, [(parameter, value)], whole)
    return one


def told(type_: str, text: str) -> str | None:
    found = translated([asked(type_, text)], name)
    return None if found is None else found[0].value


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        ("Patient", "_id=a,nobody,b", "<Patient a>,<Patient b>"),
        ("Observation", "subject=Patient/a", "Patient/<Patient a>"),
        ("Observation", "patient=a", "Patient/<Patient a>"),
        ("Observation", "subject:Patient=a", "Patient/<Patient a>"),
        ("Observation", "subject=Patient/nobody,Patient/a", "Patient/<Patient a>"),
        ("Observation", "subject=https://elsewhere/Patient/a", "https://elsewhere/Patient/a"),
        ("Observation", "code=4548-4", "4548-4"),
        ("Observation", "subject:missing=true", "true"),
        ("CarePlan", "identifier=urn:careloom:plan|", "urn:careloom:plan|"),
        ("CarePlan", "identifier=urn:careloom:plan|a", "urn:careloom:plan|<CarePlan a>"),
        ("CarePlan", "identifier=urn:mrn|a", "urn:mrn|a"),
        ("Observation", "identifier=urn:careloom:plan|a", "urn:careloom:plan|a"),
    ],
)
def test_ids_become_pseudonyms_and_all_else_stays(type_: str, text: str, value: str):
    assert told(type_, text) == value


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        ("Patient", "_id=nobody"),
        ("Observation", "subject=Patient/nobody"),
        ("CarePlan", "identifier=urn:careloom:plan|nobody"),
    ],
)
def test_who_cannot_be_there_ends_the_question(type_: str, text: str):
    assert told(type_, text) is None
    both = understood(type_, [tuple(text.split("=", 1)), ("_lastUpdated", "gt2020")], True)  # type: ignore[list-item]
    assert translated(both, name) is None


def test_an_id_alone_may_be_of_any_type_that_the_parameter_points_at():
    value = told("Observation", "subject=a")
    assert value is not None
    assert {text.partition("/")[0] for text in value.split(",")} == {"Device", "Group", "Location", "Patient"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("shoe-size=44", "not-supported"),
        ("gender:above=x", "not-supported"),
        ("birthdate=yesterday", "value"),
        ("_lastUpdated=soon", "value"),
        ("_lastUpdated=gt2020,soon", "value"),
        ("_lastUpdated:missing=perhaps", "value"),
    ],
)
def test_law_12_what_cannot_be_honoured_is_refused(text: str, code: str):
    with refusal(Kind.INVALID, code):
        asked("Patient", text)


@given(st.sampled_from(sorted(MODEL.resources)), st.text(max_size=12), st.text(max_size=12))
def test_law_12_no_parameter_is_ever_dropped(type_: str, parameter: str, value: str):
    with suppress(Refused):
        assert len(understood(type_, [(parameter, value)], True)) == 1


@pytest.mark.parametrize("type_", ["CarePlan", "Observation", "Patient", "Practitioner"])
def test_law_2_each_identifying_parameter_is_the_sources_alone(type_: str):
    for parameter, known in search.parameters(type_).items():
        if parameter == "identifier" or {path.leaf for path in known.paths} & {"HumanName", "Address"}:
            asked(type_, f"{parameter}=x")
            with refusal(Kind.INVALID, "forbidden"):
                asked(type_, f"{parameter}=x", whole=False)


@pytest.mark.parametrize(
    ("type_", "text", "on_whole"),
    [
        ("Patient", "family=x", True),
        ("Observation", "code=x", True),
        ("Observation", "subject=Patient/x", False),
        ("Observation", "subject:identifier=x", True),
        ("Patient", "_id=x", False),
        ("CarePlan", "identifier=urn:careloom:plan|x", False),
    ],
)
def test_what_is_decided_in_pseudonyms_is_decided_on_the_half(type_: str, text: str, on_whole: bool):
    assert asked(type_, text).on_whole is on_whole


def test_rows_are_asked_on_the_side_where_they_lie():
    (names_only,) = clauses([asked("Patient", "family=x")], KEYS)
    assert names_only.names
    assert not names_only.tokens
    (both,) = clauses([asked("Observation", "code=x")], KEYS)
    assert both.tokens
    assert both.names
    assert set(both.tokens) & set(both.names) == set(), "hashed under other keys"
    (half,) = clauses([asked("Observation", "code=x", whole=False)], KEYS)
    assert half.tokens == both.tokens
    assert not half.names


def test_what_rows_cannot_narrow_makes_no_condition():
    assert clauses([asked("Patient", "gender:not=female")], KEYS) == []


def test_when_it_was_written_is_told_by_the_row():
    one = asked("Patient", "_lastUpdated=ge2026-03-02")
    second = 1_000_000
    at = 1_772_443_800 * second
    assert one.holds({"resourceType": "Patient"}, at)
    assert not one.holds({"resourceType": "Patient"}, at - 86_400 * second)


def test_what_cannot_be_opened_answers_nothing():
    assert not asked("Patient", "gender:missing=true").holds(None, 0)
