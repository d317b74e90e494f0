"""A text of FHIR's as the stretch of microseconds that it means."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.fhir.moments import period, take_times
from gateway.refusal import Kind, Refused

DAY = 86_400_000_000


def micros(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("text", "start", "length"),
    [
        ("2026", micros(2026, 1, 1), 365 * DAY),
        ("2024-02", micros(2024, 2, 1), 29 * DAY),
        ("2026-03-02", micros(2026, 3, 2), DAY),
        ("2026-03-02T09:30:00Z", micros(2026, 3, 2, 9, 30), 1_000_000),
        ("2026-03-02T09:30:00.250Z", micros(2026, 3, 2, 9, 30) + 250_000, 1_000),
        ("2026-03-02T09:30:00+02:00", micros(2026, 3, 2, 7, 30), 1_000_000),
        ("2026-03-02T09:30:00 02:00", micros(2026, 3, 2, 7, 30), 1_000_000),
    ],
)
def test_it_is_as_long_as_it_is_imprecise(text: str, start: int, length: int):
    assert period("_since", text) == (start, start + length)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-02-30", "2026-1-1", "2026-02-01T12:00", "1700000000"]
)
def test_what_is_no_time_is_refused_by_the_name_of_its_parameter(text: str):
    with pytest.raises(Refused) as refusal:
        period("_since", text)
    assert refusal.value.kind is Kind.MALFORMED
    assert refusal.value.issues[0].text.startswith("_since must be ")


@pytest.mark.parametrize(
    "text", ["0001", "9999", "9999-12", "9999-12-31", "9999-12-31T23:59:60Z", "0001-01-01T00:00:00+14:00"]
)
def test_the_ends_of_time_are_no_trouble(text: str):
    try:
        low, high = period("_at", text)
    except Refused:
        return
    assert low < high


def test_the_times_of_a_history_are_taken_from_the_rest():
    given = [("_since", "2026"), ("x", "1"), ("_at", "2026-03-02")]
    start = micros(2026, 3, 2)
    assert take_times(given) == (micros(2026, 1, 1), (start, start + DAY), [("x", "1")])
    assert take_times([]) == (0, None, [])


@pytest.mark.parametrize("name", ["_since", "_at"])
def test_a_time_that_is_given_twice_is_refused(name: str):
    with pytest.raises(Refused):
        take_times([(name, "2026"), (name, "2027")])
