"""Which versions of one resource a history is asked for, and what an entry says of each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.fhir.history import _chosen, history_entry
from gateway.stored import Stored


def versions(times: list[int], deleted: set[int]) -> list[Stored]:
    """Newest first; those at these places are deletions."""
    made = [
        Stored("Patient", "a", n, time, None if n in deleted else {"resourceType": "Patient"})
        for n, time in enumerate(sorted(times), 1)
    ]
    return made[::-1]


some = st.builds(versions, st.lists(st.integers(0, 20), unique=True), st.sets(st.integers(1, 5)))


@given(some, st.integers(-1, 21))
def test_since_keeps_what_was_written_then_or_later(every: list[Stored], since: int):
    assert list(_chosen(every, since, None)) == [v for v in every if v.updated >= since]


@given(some, st.integers(0, 20), st.integers(1, 5))
def test_at_keeps_what_was_current_at_some_moment(every: list[Stored], start: int, length: int):
    end = start + length
    shown = list(_chosen(every, 0, (start, end)))
    at_start = [v for v in every if v.updated <= start][:1]
    inside = [v for v in every if start < v.updated < end]
    wanted = [v for v in at_start if v.body is not None or v.updated == start]
    assert {v.version for v in shown} == {v.version for v in (*wanted, *inside)}


@pytest.mark.parametrize(
    ("stored", "method", "status", "etag"),
    [
        (Stored("Goal", "g", 1, 0, {"resourceType": "Goal"}), "PUT", "201", 'W/"1"'),
        (Stored("Goal", "g", 2, 0, {"resourceType": "Goal"}), "PUT", "200", 'W/"2"'),
        (Stored("Goal", "g", 3, 0, None), "DELETE", "204", 'W/"3"'),
        (Stored("Goal", "g", 0, 0, None), "DELETE", "204", None),
    ],
)
def test_an_entry_says_how_the_version_came_to_be(stored: Stored, method: str, status: str, etag: str | None):
    entry = history_entry("http://x/fhir", stored)
    assert entry["request"] == {"method": method, "url": "Goal/g"}
    assert (entry["response"]["status"], entry["response"].get("etag")) == (status, etag)
    assert ("resource" in entry) is (stored.body is not None)
    assert entry["fullUrl"] == "http://x/fhir/Goal/g"
