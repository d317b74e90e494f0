"""The ids that readers are shown."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from gateway.custody.identity.outside import OutsideIds
from gateway.custody.ids import StoredId

HOSPITAL, PARTNER = OutsideIds(b"h" * 32), OutsideIds(b"p" * 32)
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


def test_what_was_shown_once_is_shown_in_every_release() -> None:
    shown = HOSPITAL.show("Patient", StoredId(b"s" * 16))
    assert shown == "m6iyd2uxp2n6vhtzu7v5kf6behv5xew3ayuu2sd2slalt4bz2gba"
