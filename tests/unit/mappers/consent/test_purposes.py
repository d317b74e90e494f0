"""Purposes are those of v3-ActReason, so that a split keeps each of them."""

from __future__ import annotations

from gateway.privacy.codes import codes_of
from mappers.consent import purposes


def test_every_purpose_is_a_code_that_the_split_keeps():
    grammar = codes_of(purposes.SYSTEM)
    assert grammar is not None
    assert len(purposes.KNOWN) > 40
    assert not [code for code in purposes.KNOWN if not grammar(code)]


def test_nothing_is_broader_than_what_stands_on_top():
    assert purposes.closure("HRESCH") == {"HRESCH"}
    assert purposes.closure("CLINTRCH", "BTG") == {"CLINTRCH", "HRESCH", "BTG", "TREAT"}
    assert purposes.closure() == frozenset()
