"""Stored ids and the ids that readers are shown."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from gateway.custody.identity.outside import OutsideIds
from gateway.custody.identity.stored_ids import link_key, stored_id
from gateway.custody.ids import StoredId

HOSPITAL, PARTNER = OutsideIds(b"h" * 32), OutsideIds(b"p" * 32)
KEY = link_key(b"i" * 32)
ids = st.binary(min_size=16, max_size=16).map(StoredId)
types = st.sampled_from(["Patient", "Observation", "CarePlan"])


@given(types, ids)
def test_a_reader_finds_what_it_was_shown(type_: str, stored: StoredId) -> None:
    shown = HOSPITAL.show(type_, stored)
    assert re.fullmatch("[a-z2-7]{52}", shown)
    assert HOSPITAL.show(type_, stored) == shown
    assert HOSPITAL.read(type_, shown) == stored


@given(ids)
def test_two_readers_cannot_join_what_they_hold(stored: StoredId) -> None:
    shown = HOSPITAL.show("Patient", stored)
    assert PARTNER.show("Patient", stored) != shown
    assert PARTNER.read("Patient", shown) is None
    assert HOSPITAL.read("Observation", shown) is None


@given(ids, st.integers(0, 51), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_an_id_has_one_spelling(stored: StoredId, at: int, letter: str) -> None:
    shown = HOSPITAL.show("Patient", stored)
    changed = shown[:at] + letter + shown[at + 1 :]
    assert (HOSPITAL.read("Patient", changed) == stored) == (changed == shown)
    assert HOSPITAL.read("Patient", shown.upper()) is None


def test_bits_that_the_last_character_has_to_spare_say_nothing() -> None:
    stored = StoredId(b"s" * 16)
    shown = HOSPITAL.show("Patient", stored)
    read = [HOSPITAL.read("Patient", shown[:-1] + letter) for letter in "abcdefghijklmnopqrstuvwxyz234567"]
    assert read.count(stored) == 1


@given(st.one_of(st.text(max_size=60), st.text(min_size=52, max_size=52)))
def test_any_other_text_is_nobody(text: str) -> None:
    assert HOSPITAL.read("Patient", text) is None


@given(types, st.text(max_size=64), types, st.text(max_size=64))
def test_stored_ids_are_told_apart_by_type_text_and_tenant(t1: str, one: str, t2: str, two: str) -> None:
    assert (stored_id(KEY, t1, one) == stored_id(KEY, t2, two)) == ((t1, one) == (t2, two))
    assert stored_id(KEY, t1, one) != stored_id(link_key(b"j" * 32), t1, one)
    assert len(stored_id(KEY, t1, one)) == 16


def test_stored_ids_stay_what_they_are_from_release_to_release() -> None:
    assert stored_id(KEY, "Patient", "mrn-1").hex() == "909baa3f74fbb99ba0f4fe564d2016e2"
    assert (
        HOSPITAL.show("Patient", StoredId(b"s" * 16))
        == "m6iyd2uxp2n6vhtzu7v5kf6behv5xew3ayuu2sd2slalt4bz2gba"
    )
