"""The offset of a patient before a partner: never none, always the same, and nobody else's."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.custody.ids import TENANT_COMPARTMENT, StoredId, Tenant
from gateway.privacy.policy import load, parse
from gateway.privacy.terms import Terms
from gateway.release.shifts import LONGEST, Shifts, told

KEY, READER = b"k" * 32, Tenant(7)
PATIENTS = st.binary(min_size=16, max_size=16).filter(any).map(StoredId)
DAY = 86_400_000_000
WRITTEN = 1_779_270_896_123_456
TERMS = Terms(date(2026, 7, 1), -20)


@given(PATIENTS)
def test_an_offset_is_a_number_of_days_into_the_past_and_never_none(patient: StoredId) -> None:
    days = Shifts(KEY, READER).days(patient)
    assert days is not None
    assert -LONGEST <= days <= -1
    assert days == Shifts(KEY, READER).days(patient)


def test_offsets_differ_between_patients_partners_and_tenants() -> None:
    patients = [StoredId(bytes([0] * 15 + [number])) for number in range(1, 200)]
    found = {
        (key, reader): [Shifts(key, Tenant(reader)).days(one) for one in patients]
        for key in (KEY, b"l" * 32)
        for reader in (7, 8)
    }
    assert len({tuple(days) for days in found.values()}) == 4
    assert all(len(set(days)) > 100 for days in found.values())


def test_what_is_of_no_one_patient_has_none() -> None:
    assert Shifts(KEY, READER).days(TENANT_COMPARTMENT) is None


@pytest.mark.parametrize(
    ("profile", "terms", "moved"),
    [
        ("partner-limited", TERMS, WRITTEN),
        ("partner-shifted", TERMS, 1_767_225_600_000_000),
        ("partner-shifted", Terms(date(2026, 7, 1)), 1_767_225_600_000_000),
        ("partner-safe-harbor", TERMS, 1_767_225_600_000_000),
    ],
)
def test_the_time_of_a_write_is_told_as_any_other(profile: str, terms: Terms, moved: int) -> None:
    assert told(WRITTEN, load(profile), terms) == moved


@pytest.mark.parametrize(
    ("action", "moved"),
    [
        ("shift", 1_779_270_896_123_000 - 20 * DAY),
        ("shift-day", 1_779_270_896_123_456 // DAY * DAY - 20 * DAY),
        ("year", 1_767_225_600_000_000),
    ],
)
def test_the_time_of_a_write_is_told_as_a_policy_of_ones_own_says(action: str, moved: int) -> None:
    mine = parse(f'name = "mine"\nkind = "release"\n[types]\ninstant = "{action}"\n', "mine")
    assert told(WRITTEN, mine, TERMS) == moved
