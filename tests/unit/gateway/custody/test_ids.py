"""Pseudonyms and write numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.custody.ids import StoredId, Tenant, parse_pseudonym, pseudonym, tenant_of, write_no


@given(st.binary(min_size=16, max_size=16).map(StoredId))
def test_a_pseudonym_stands_for_one_stored_id(stored: StoredId) -> None:
    text = pseudonym(stored)
    assert len(text) == 26
    assert text == text.lower()
    assert parse_pseudonym(text) == stored
    assert parse_pseudonym(text.upper()) is (None if text.upper() != text else stored)


@given(st.text(max_size=30), st.text(alphabet="abcdefghijklmnopqrstuvwxyz234567", min_size=26, max_size=26))
def test_what_parses_is_in_its_only_spelling(text: str, likely: str) -> None:
    for candidate in (text, likely):
        stored = parse_pseudonym(candidate)
        assert stored is None or pseudonym(stored) == candidate


@given(st.integers(0, 2**22).map(Tenant), st.integers(0, 2**40 - 1))
def test_a_write_number_names_its_tenant_and_fits_a_column(tenant: Tenant, count: int) -> None:
    number = write_no(tenant, count)
    assert tenant_of(number) == tenant
    assert number < 2**63
