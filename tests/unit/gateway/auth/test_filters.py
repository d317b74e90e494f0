"""Filters say what they mean in one form only, and let pass exactly that."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth import filters
from gateway.auth.filters import LONGEST, MOST_TERMS, Filter, FilterRefused, any_of, parse
from mappers.r4 import search

SYSTEM = "http://terminology.hl7.org/CodeSystem/observation-category"
CODES = ("laboratory", "survey", "vital-signs", "a b", "100%", 'q"uote', "é&=+")
STATUSES = ("final", "amended", "cancelled")
TERMS = st.one_of(
    st.tuples(st.just("category"), st.sampled_from(CODES)),
    st.tuples(st.just("category"), st.sampled_from(CODES).map(lambda code: f"{SYSTEM}|{code}")),
    st.tuples(st.just("status"), st.sampled_from(STATUSES)),
    st.tuples(st.just("status"), st.sampled_from([f"{a},{b}" for a in STATUSES for b in STATUSES])),
)
TEXTS = st.lists(TERMS, min_size=1, max_size=4).map(
    lambda terms: "&".join(f"{name}={quote(value)}" for name, value in terms)
)
OBSERVATIONS = st.builds(
    lambda codes, status: {
        "resourceType": "Observation",
        "status": status,
        "category": [{"coding": [{"system": SYSTEM, "code": code}]} for code in codes],
    },
    st.lists(st.sampled_from(CODES), max_size=3),
    st.sampled_from(STATUSES),
)


def passes(text: str, resource: dict[str, Any]) -> bool:
    """The plainest reading of a filter, to compare with."""
    there = {code for one in resource["category"] for code in (one["coding"][0]["code"],)}
    for name, value in ((term[0], term[1]) for term in parse("Observation", text).terms):
        codes = {part.rpartition("|")[2] for part in value.split(",")}
        if not codes & (there if name == "category" else {resource["status"]}):
            return False
    return True


@given(TEXTS, OBSERVATIONS)
def test_what_passes_is_what_the_words_say(text: str, resource: dict[str, Any]):
    assert parse("Observation", text).holds("Observation", resource) == passes(text, resource)


@given(TEXTS)
def test_the_canonical_text_means_the_same_and_fits_into_a_scope(text: str):
    made = parse("Observation", text)
    assert parse("Observation", str(made)) == made
    assert str(parse("Observation", "&".join(reversed(text.split("&"))))) == str(made)
    allowed = {*range(0x21, 0x7F)} - {0x22, 0x5C}
    assert {ord(letter) for letter in str(made)} <= allowed, "RFC 6749, 3.3"


@given(TEXTS, TEXTS, OBSERVATIONS)
def test_both_filters_let_pass_what_each_does(one: str, other: str, resource: dict[str, Any]):
    first, second = parse("Observation", one), parse("Observation", other)
    both = (first & second).holds("Observation", resource)
    assert both == (first.holds("Observation", resource) and second.holds("Observation", resource))
    if first.is_wider_than(second) and second.holds("Observation", resource):
        assert first.holds("Observation", resource)


@given(st.lists(TEXTS, min_size=1, max_size=3), OBSERVATIONS)
def test_rows_propose_whatever_passes(texts: list[str], resource: dict[str, Any]):
    only = [parse("Observation", text) for text in texts]
    if not any(one.holds("Observation", resource) for one in only):
        return
    rows = set(search.clinical_rows({**resource, "id": "x"}).tokens)
    for query in any_of("Observation", only):
        assert query.everything or rows & set(query.tokens)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str):
    try:
        made = parse("Observation", text)
    except FilterRefused:
        return
    assert made.terms
    assert parse("Observation", str(made)) == made


@pytest.mark.parametrize(
    "text",
    [
        "",
        "category",
        "category=",
        "category=|",
        "category=a|b|c",
        "=laboratory",
        "category:not=laboratory",
        "category:text=lab",
        "category:missing=true",
        "category=laboratory&",
        "category=laboratory,",
        "category=%ff",
        "spaceship=x",
        "name=Ada",
        "identifier=123",
        "subject=Patient/1",
        "patient=1",
        "_id=x",
        "_lastUpdated=ge2020",
        "date=ge2020",
        "value-quantity=gt5",
        "code-value-quantity=a$1",
        "subject:Patient.gender=female",
        "_has:Provenance:target:agent=x",
        "_count=5",
        "&".join(f"category=c{number}" for number in range(MOST_TERMS + 1)),
        f"category={'c' * LONGEST}",
    ],
)
def test_law_12_what_cannot_be_honoured_to_the_letter_is_refused(text: str):
    with pytest.raises(FilterRefused):
        parse("Observation", text)


@pytest.mark.parametrize("text", ["telecom=555", "phone=555", "email=a@b"])
def test_a_filter_never_goes_by_who_somebody_is(text: str):
    with pytest.raises(FilterRefused):
        parse("Patient", text)


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        ("Patient", "gender=female"),
        ("Patient", "active=true"),
        ("Observation", "_tag=http://example.org|x"),
        ("Observation", "_security=R"),
        ("Observation", "_profile=http://example.org/StructureDefinition/a"),
        ("Condition", "clinical-status=active"),
    ],
)
def test_tokens_and_uris_are_honoured(type_: str, text: str):
    assert str(parse(type_, text)) == text


def test_a_refusal_does_not_repeat_what_was_sent():
    with pytest.raises(FilterRefused) as refusal:
        parse("Observation", "category=%ffMustermann")
    assert "Mustermann" not in str(refusal.value)


def test_no_terms_let_everything_pass():
    assert not Filter()
    assert Filter().holds("Observation", {})
    assert filters.EVERYTHING.is_wider_than(parse("Observation", "status=final"))
