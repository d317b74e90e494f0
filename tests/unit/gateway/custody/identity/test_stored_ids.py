"""The stored ids of what an EHR sends."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.custody.identity.stored_ids import link_key, stored_id

KEY = link_key(b"i" * 32)
types = st.sampled_from(["Patient", "Observation", "CarePlan"])


@given(types, st.text(max_size=64), types, st.text(max_size=64))
def test_stored_ids_are_told_apart_by_type_text_and_tenant(t1: str, one: str, t2: str, two: str) -> None:
    assert (stored_id(KEY, t1, one) == stored_id(KEY, t2, two)) == ((t1, one) == (t2, two))
    assert stored_id(KEY, t1, one) != stored_id(link_key(b"j" * 32), t1, one)
    assert len(stored_id(KEY, t1, one)) == 16


def test_stored_ids_stay_what_they_are_from_release_to_release() -> None:
    assert stored_id(KEY, "Patient", "mrn-1").hex() == "909baa3f74fbb99ba0f4fe564d2016e2"
