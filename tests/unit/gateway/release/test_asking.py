"""A search's parameters: understood or refused, never dropped, and put into one tenant's pseudonyms."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.custody.identity.vault import TenantKeys
from gateway.refusal import Kind, Refused
from gateway.release.asking import (
    MOST_SPANS,
    MOST_TOKENS,
    Asked,
    Being,
    May,
    Pointing,
    Rows,
    _joined,
    limited_targets,
    pointed_at,
    told_by_rows,
    translated,
    understood,
)
from mappers.r4 import search
from mappers.r4.model import MODEL
from tests.desk import refusal

KEYS = TenantKeys(b"c" * 32, b"i" * 32)
SOURCE = May(True, lambda type_: True, lambda type_, name: False)
OTHERS = May(False, lambda type_: True, lambda type_, name: (type_, name) == ("Observation", "date"))


def name(type_: str, text: str) -> str | None:
    """Everybody has a pseudonym but those called nobody."""
    return None if text.startswith("nobody") else f"<{type_} {text}>"


def asked(type_: str, text: str, whole: bool = True) -> Asked:
    parameter, _, value = text.partition("=")
    return understood(type_, parameter, value, SOURCE if whole else OTHERS)


def told(type_: str, text: str) -> str | None:
    found = translated(asked(type_, text), name)
    if isinstance(found, Being):
        return ",".join(sorted(found.ids))
    assert found is None or isinstance(found, Asked)
    return None if found is None else found.value


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
        ("Patient", "_id:not=a", "<Patient a>"),
        ("Patient", "_id:not=nobody", "-"),
        ("Observation", "subject=Patient/a/_history/3", "Patient/<Patient a>"),
        (
            "DocumentReference",
            "relationship=replaces$DocumentReference/a",
            "replaces$DocumentReference/<DocumentReference a>",
        ),
        ("Observation", "code-value-quantity=a$1", "a$1"),
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
        assert understood(type_, parameter, value, SOURCE).value == value


@pytest.mark.parametrize("type_", ["CarePlan", "Observation", "Patient", "Practitioner"])
def test_law_2_each_identifying_parameter_is_the_sources_alone(type_: str):
    for parameter, known in search.parameters(type_).items():
        if parameter == "identifier" or {path.leaf for path in known.paths} & {"HumanName", "Address"}:
            asked(type_, f"{parameter}=x")
            with refusal(Kind.INVALID, "forbidden"):
                asked(type_, f"{parameter}=x", whole=False)


def test_law_2_what_a_reader_is_not_shown_it_cannot_ask_for():
    assert asked("Observation", "date=2026")
    with refusal(Kind.INVALID, "not-supported"):
        asked("Observation", "date=2026", whole=False)


def test_rows_are_asked_on_the_side_where_they_lie():
    source, others = Rows(KEYS, True), Rows(KEYS, False)
    (names_only,) = source.clauses([asked("Patient", "family=x")], "Patient")
    assert names_only.names
    assert not names_only.tokens
    (both,) = source.clauses([asked("Observation", "code=x")], "Observation")
    assert both.tokens
    assert both.names
    assert set(both.tokens) & set(both.names) == set(), "hashed under other keys"
    (half,) = others.clauses([asked("Observation", "code=x", whole=False)], "Observation")
    assert half.tokens == both.tokens
    assert not half.names
    (spans,) = source.clauses([asked("Observation", "value-quantity=1")], "Observation")
    assert spans.ranges
    assert spans.spans
    assert not {one.key for one in spans.ranges} & {one.key for one in spans.spans}


def test_what_rows_cannot_narrow_makes_no_condition():
    assert Rows(KEYS, True).clauses([asked("Patient", "gender:not=female")], "Patient") == []


def test_each_part_of_a_composite_makes_a_condition():
    assert (
        len(Rows(KEYS, True).clauses([asked("Observation", "code-value-quantity=a$1")], "Observation")) == 2
    )


def test_pointing_is_asked_of_rows_and_told_by_the_resource():
    one = Pointing("Observation", "patient", frozenset({"Patient/a"}))
    assert one.queries() == search.queries("Observation", "patient", None, "Patient/a")
    for reference, held in (
        ("Patient/a", True),
        ("Patient/a/_history/3", True),
        ("Patient/b", False),
        ("Group/a", False),
    ):
        body = {"resourceType": "Observation", "subject": {"reference": reference}}
        assert one.holds(body, 0) is held
        assert list(pointed_at(body, "Observation", "patient")) == (
            [reference.partition("/_history/")[0]] if reference.startswith("Patient") else []
        )


def test_law_12_no_more_is_asked_of_rows_than_a_statement_takes():
    many = ",".join(f"c{number}" for number in range(MOST_TOKENS + 1))
    with refusal(Kind.INVALID, "too-costly"):
        Rows(KEYS, True).clauses([asked("Observation", f"code={many}")], "Observation")


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 20)), min_size=1, max_size=120))
def test_joined_spans_hold_every_day_of_each(spans: list[tuple[int, int]]):
    made = _joined([(low, low + length) for low, length in spans])
    assert len(made) <= MOST_SPANS
    assert all(any(low <= start and start + length <= high for low, high in made) for start, length in spans)
    assert all(one[1] < other[0] for one, other in pairwise(made))


def test_being_somebody_is_told_by_the_id():
    one = Being("Patient", frozenset({"a"}))
    assert one.holds({"id": "a"}, 0)
    assert not one.holds({"id": "b"}, 0)


def test_a_reference_to_anything_has_no_limited_targets():
    assert limited_targets("Provenance", "target") == frozenset()
    assert limited_targets("Observation", "patient") == {"Patient"}
    assert "Device" in limited_targets("Observation", "subject")


@pytest.mark.parametrize(
    ("type_", "text", "told_"),
    [
        ("Observation", "code=x", True),
        ("Observation", "subject=Patient/x", True),
        ("Observation", "code:not=x", False),
        ("Observation", "date=2026", False),
        ("Observation", "value-quantity=1", False),
        ("Observation", "code-value-quantity=a$1", False),
        ("Observation", "code=urn:s|", False),
        ("Patient", "family=x", False),
        ("Patient", "_lastUpdated=gt2026", False),
    ],
)
def test_rows_tell_a_number_where_they_are_exact(type_: str, text: str, told_: bool):
    assert told_by_rows(asked(type_, text)) is told_


def test_when_it_was_written_is_told_by_the_row():
    one = asked("Patient", "_lastUpdated=ge2026-03-02")
    second = 1_000_000
    at = 1_772_443_800 * second
    assert one.holds({"resourceType": "Patient"}, at)
    assert not one.holds({"resourceType": "Patient"}, at - 86_400 * second)
