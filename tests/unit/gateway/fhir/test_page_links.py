"""A page link opens for the client that was given it, at its place, and for nobody else."""

from __future__ import annotations

import base64
import os
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.actor import Actor, Role
from gateway.auth.scopes import parse
from gateway.custody.ids import Tenant
from gateway.fhir.page_links import PageLinks, Place
from gateway.refusal import Kind, Refused
from gateway.stored import Position

LINKS = PageLinks(lambda tenant: sha256(str(tenant).encode()).digest(), os.urandom)
ACTOR = Actor("client-1", Role.PARTNER, Tenant(1), parse("system/*.rs"), "", "")
PLACE = Place([("subject", "Patient/erika")], Position(900, 17), 50)


def closed(actor: Actor, path: str, text: str) -> bool:
    with pytest.raises(Refused) as refusal:
        LINKS.open(actor, path, text)
    return refusal.value.kind is Kind.MALFORMED


@given(
    st.lists(st.tuples(st.text(), st.text()), max_size=5),
    st.integers(0, 2**62),
    st.integers(0, 2**140),
    st.integers(0, 1000),
)
def test_a_place_comes_back_as_it_was(parameters: list, ceiling: int, after: int, count: int):
    place = Place(parameters, Position(ceiling, after), count)
    assert LINKS.open(ACTOR, "Patient", LINKS.seal(ACTOR, "Patient", place)) == place


def test_a_place_among_several_tenants_or_in_a_list_comes_back():
    for position in (Position(9, 3, (7, 5)), Position(9, 3, (), "ab" * 16, 40)):
        place = Place([("_sort", "date")], position, 10)
        assert LINKS.open(ACTOR, "Patient", LINKS.seal(ACTOR, "Patient", place)) == place


def test_law_2_a_link_shows_nothing_of_what_is_searched_for():
    sealed = LINKS.seal(ACTOR, "CarePlan", PLACE)
    raw = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
    assert b"erika" not in raw
    assert "erika" not in sealed


def test_two_links_to_one_place_differ():
    assert LINKS.seal(ACTOR, "CarePlan", PLACE) != LINKS.seal(ACTOR, "CarePlan", PLACE)


@pytest.mark.parametrize(
    "change", [{"client_id": "client-2"}, {"organization": Tenant(2)}], ids=["client", "organization"]
)
def test_a_link_serves_nobody_else(change: dict):
    assert closed(replace(ACTOR, **change), "CarePlan", LINKS.seal(ACTOR, "CarePlan", PLACE))


def test_a_link_serves_nothing_else():
    assert closed(ACTOR, "Patient", LINKS.seal(ACTOR, "CarePlan", PLACE))


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_link_that_was_changed_does_not_open(place: int, change: int):
    raw = bytearray(base64.urlsafe_b64decode(LINKS.seal(ACTOR, "CarePlan", PLACE) + "=="))
    raw[place % len(raw)] ^= change
    assert closed(ACTOR, "CarePlan", base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("="))


@given(st.text(max_size=100))
def test_no_text_whatever_opens_or_breaks(text: str):
    assert closed(ACTOR, "CarePlan", text)
