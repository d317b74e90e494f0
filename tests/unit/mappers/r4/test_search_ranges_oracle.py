"""Dates and quantities mean what R4 says: the product and a naive reading agree, and rows lose no hit."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mappers.lossless import loads
from mappers.r4.search import clinical_rows, matches, query
from tests.oracle import search as oracle

ZONES = ("", "Z", "+00:00", "-05:00", "+05:30", "+14:00")

days = st.builds(
    "{:04}-{:02}-{:02}".format, st.sampled_from((1999, 2023, 2024)), st.integers(1, 12), st.integers(1, 28)
)
moments = st.builds(
    "{}T{:02}:{:02}:{:02}{}".format,
    days,
    st.sampled_from((0, 1, 12, 22, 23)),
    st.sampled_from((0, 59)),
    st.sampled_from((0, 59)),
    st.sampled_from(ZONES[1:]),
)
dates = st.one_of(days, moments, days.map(lambda text: text[:7]), days.map(lambda text: text[:4]))
asked_dates = st.one_of(dates, moments.map(lambda text: text[:19]))
prefixes = st.sampled_from(oracle.PREFIXES)

numbers = st.one_of(
    st.integers(0, 60).map(str),
    st.decimals(0, 60, places=1).map(str),
    st.decimals(0, 6, places=3).map(str),
    st.integers(0, 60_000).map(str),
)
units = st.sampled_from(sorted(oracle.GRAMS))


def proposed(resource: dict[str, Any], name: str, value: str) -> bool:
    """Whether rows propose the resource."""
    asked = query("Observation", name, None, value)
    rows = clinical_rows(resource).ranges
    return asked.everything or any(
        kind == other and low <= last and first <= high
        for kind, low, high in asked.ranges
        for other, first, last in rows
    )


@settings(deadline=None, max_examples=400)
@given(dates, prefixes, asked_dates)
def test_dates_mean_what_r4_says(stored: str, prefix: str, asked: str) -> None:
    resource = {"resourceType": "Observation", "effectiveDateTime": stored}
    held = matches(resource, "Observation", "date", None, prefix + asked)
    assert held is oracle.date_holds(stored, prefix + asked)
    assert not held or proposed(resource, "date", prefix + asked)


@settings(deadline=None, max_examples=400)
@given(numbers, units, prefixes, numbers, st.one_of(st.just(""), units))
def test_quantities_mean_what_r4_says(number: str, code: str, prefix: str, asked: str, unit: str) -> None:
    value = {"value": loads(number.encode()), "unit": code, "system": oracle.UCUM, "code": code}
    resource = {"resourceType": "Observation", "valueQuantity": value}
    text = f"{prefix}{asked}|{oracle.UCUM}|{unit}" if unit else prefix + asked
    held = matches(resource, "Observation", "value-quantity", None, text)
    assert held is oracle.quantity_holds({"text": number, "code": code}, text)
    assert not held or proposed(resource, "value-quantity", text)
