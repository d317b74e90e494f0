"""What is asked in a form means the same in FHIR, and an address holds only what may stand there."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from gateway.console.asked import Denied
from gateway.console.filters import from_pairs, place_of, text_of
from gateway.custody.ids import Tenant
from gateway.fhir.trail_pages import Place


def test_days_are_those_of_the_zone_and_both_included():
    asked = from_pairs([("since", "2026-03-02"), ("until", "2026-03-02")])
    assert asked.parameters(UTC) == [
        ("date", "ge2026-03-02T00:00:00Z"),
        ("date", "lt2026-03-03T00:00:00Z"),
    ]
    assert asked.parameters(ZoneInfo("Europe/Vienna"))[0] == ("date", "ge2026-03-01T23:00:00Z")


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "9999-12-31"])
def test_a_day_that_is_none_is_refused(day: str):
    with pytest.raises(Denied):
        from_pairs([("until", day)]).parameters(UTC)


def test_only_known_fields_without_control_characters_stand_in_an_address():
    asked = from_pairs([("user", " npi-1 "), ("evil", "x"), ("client", "a\nb"), ("outcome", "")])
    assert asked.query == "user=npi-1"


def test_a_comma_is_no_second_value():
    assert from_pairs([("user", "a,b")]).parameters(UTC) == [("agent", "ab")]


def test_a_group_that_is_none_is_refused():
    with pytest.raises(Denied):
        from_pairs([("group", "everything")]).parameters(UTC)


def test_a_place_comes_back_as_it_was_and_of_no_other_log():
    place = Place(1_772_443_800_000_000, 3, 77)
    assert place_of(text_of(place), [Tenant(3)]) == place
    assert place_of(text_of(place), [Tenant(0)]) is None
    for text in ("", "1-3", "1-3-x", "-1-3-4", "1-3-4-5", "9" * 30 + "-3-1"):
        assert place_of(text, [Tenant(3)]) is None
