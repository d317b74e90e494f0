"""ETags and dates: what a client has is not sent again."""

from __future__ import annotations

import pytest
from werkzeug.datastructures import Headers

from gateway.fhir.versions import condition, headers_of, is_known
from gateway.intake.entries import Condition, Standing
from gateway.refusal import Kind, Refused
from gateway.stored import Stored

UPDATED = 1_760_000_000_500_000
MOMENT = "Thu, 09 Oct 2025 08:53:20 GMT"


def test_a_version_has_its_headers():
    stored = Stored("Patient", "mrn-1", 3, UPDATED, None)
    assert headers_of(stored) == {"ETag": 'W/"3"', "Last-Modified": MOMENT}


@pytest.mark.parametrize("header", ['W/"3"', '"3"', 'W/"1", W/"3"', "*"])
def test_an_etag_that_is_current_is_known(header: str):
    assert is_known(Headers({"If-None-Match": header}), "3", UPDATED)


@pytest.mark.parametrize("header", ['W/"2"', '"33"', "", 'W/"30"'])
def test_another_etag_is_not(header: str):
    assert not is_known(Headers({"If-None-Match": header}), "3", UPDATED)


@pytest.mark.parametrize(
    ("since", "known"),
    [
        (MOMENT, True),
        ("Thu, 09 Oct 2025 08:53:21 GMT", True),
        ("Thu, 09 Oct 2025 08:53:19 GMT", False),
        ("yesterday", False),
    ],
)
def test_a_date_decides_where_no_etag_does(since: str, known: bool):
    assert is_known(Headers({"If-Modified-Since": since}), "3", UPDATED) is known


def test_an_etag_wins_over_a_date():
    headers = Headers({"If-None-Match": 'W/"2"', "If-Modified-Since": MOMENT})
    assert not is_known(headers, "3", UPDATED)


def test_without_a_condition_nothing_is_known():
    assert not is_known(Headers(), "3", UPDATED)


@pytest.mark.parametrize(
    ("header", "version"), [('W/"3"', 3), ('"12"', 12), (' W/"1" ', 1), ("*", Standing.ANY), (None, None)]
)
def test_if_match_names_a_version(header: str | None, version: Condition | None):
    assert condition(Headers({"If-Match": header} if header else {})) == version


@pytest.mark.parametrize("header", ["", 'W/"x"', 'W/"1", W/"2"', 'W/"-1"', '"99999999999"', 'W/"１"'])
def test_an_if_match_that_names_none_is_refused(header: str):
    with pytest.raises(Refused) as refusal:
        condition(Headers({"If-Match": header}))
    assert refusal.value.kind is Kind.MALFORMED


def test_a_write_that_may_create_can_suppose_that_nothing_is_there():
    assert condition(Headers({"If-None-Match": " * "}), creates=True) is Standing.NOTHING


@pytest.mark.parametrize(
    ("headers", "creates"),
    [
        ({"If-None-Match": "*"}, False),
        ({"If-None-Match": 'W/"1"'}, True),
        ({"If-None-Match": "*", "If-Match": 'W/"1"'}, True),
        ({"If-Unmodified-Since": MOMENT}, True),
        ({"If-Unmodified-Since": MOMENT, "If-Match": 'W/"1"'}, False),
    ],
)
def test_a_condition_that_is_not_served_is_refused_and_not_left_aside(headers: dict[str, str], creates: bool):
    with pytest.raises(Refused) as refusal:
        condition(Headers(headers), creates)
    assert (refusal.value.kind, refusal.value.issues[0].code) == (Kind.MALFORMED, "not-supported")
