"""Which days of care a resource belongs to."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.release.care_dates import ENDS, Span
from mappers.r4.model import MODEL


def observation(day: str | None) -> dict[str, Any]:
    return {"resourceType": "Observation", **({"effectiveDateTime": day} if day else {})}


def condition(onset: str, abated: str | None = None) -> dict[str, Any]:
    ended = {"abatementDateTime": abated} if abated else {}
    return {"resourceType": "Condition", "onsetDateTime": onset, **ended}


@pytest.mark.parametrize(
    ("start", "end", "within"),
    [
        (None, None, True),
        ("2026-03-01", "2026-03-31", True),
        ("2026-03-02", "2026-03-02", True),
        ("2026-03-03", None, False),
        (None, "2026-03-01", False),
        ("2026", "2026", True),
        ("2027", None, False),
    ],
)
def test_a_day_lies_within_or_not(start: str | None, end: str | None, within: bool):
    assert Span(start, end).covers(observation("2026-03-02")) is within
    assert Span(start, end).covers(observation("2026-03-02T09:30:00Z")) is within


@pytest.mark.parametrize(
    ("onset", "abated", "within"),
    [
        ("2010", None, True),
        ("2010", "2024-12-31", False),
        ("2010", "2025-06-01", True),
        ("2026", None, False),
        ("2025-06-01", "2025-06-02", True),
    ],
)
def test_a_condition_lasts_until_it_abates(onset: str, abated: str | None, within: bool):
    assert Span("2025-01-01", "2025-12-31").covers(condition(onset, abated)) is within


days = st.one_of(st.none(), st.dates().map(str))


@given(days, days, st.sampled_from(sorted(MODEL.resources)))
def test_what_tells_no_day_belongs_to_all(start: str | None, end: str | None, type_: str):
    assert Span(start, end).covers({"resourceType": type_, "id": "x"})


@given(st.dates(), days, days)
def test_a_longer_span_never_covers_less(day: object, start: str | None, end: str | None):
    resource = observation(str(day))
    if Span(start, end).covers(resource):
        assert Span(None, end).covers(resource)
        assert Span(start, None).covers(resource)


@pytest.mark.parametrize("type_", sorted(ENDS))
def test_every_type_has_the_parameters_that_tell_its_days(type_: str):
    assert {MODEL.search[type_][name].type for name in ENDS[type_]} == {"date"}
