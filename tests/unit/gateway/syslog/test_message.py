"""Messages by the letter of RFC 5424, and their frames by that of RFC 5425."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.syslog.message import CRITICAL, ERROR, NOTICE, WARNING, Message, framed

WHEN = 1_700_000_000_123_456

# RFC 5424, 6: the ABNF of a message, so far as it is used here.
MESSAGE = re.compile(
    rb"<(?P<pri>[0-9]{1,3})>1 "
    rb"(?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z) "
    rb"(?P<host>[!-~]{1,255}) (?P<app>[!-~]{1,48}) (?P<proc>[!-~]{1,128}) (?P<kind>[!-~]{1,32}) "
    rb'(?P<data>\[[^ =\]"]{1,32}( [^ =\]"]{1,32}="([^"\\\]]|\\["\\\]])*")*\]) (?P<body>.*)',
    re.DOTALL,
)


def message(**more: object) -> Message:
    told = {"severity": NOTICE, "time": WHEN, "kind": "FHIR+AuditEvent", "data": {"seq": "7"}, "body": "{}"}
    return Message(**{**told, **more})  # type: ignore[arg-type]


def parsed(one: Message, host: str = "careloom.example.org") -> dict[str, str]:
    found = MESSAGE.fullmatch(one.encoded(host))
    assert found
    return {name: value.decode() for name, value in found.groupdict().items() if value is not None}


def test_a_message_has_every_part_in_its_place():
    assert message().encoded("careloom.example.org") == (
        b"<85>1 2023-11-14T22:13:20.123456Z careloom.example.org careloom - FHIR+AuditEvent "
        b'[careloom@32473 seq="7"] {}'
    )


@pytest.mark.parametrize(
    ("severity", "priority"), [(NOTICE, "85"), (WARNING, "84"), (ERROR, "83"), (CRITICAL, "82")]
)
def test_the_facility_is_security_as_dicom_asks(severity: int, priority: str):
    assert parsed(message(severity=severity))["pri"] == priority


@given(st.integers(0, 4_000_000_000_000_000))
def test_the_time_is_the_event_s_to_the_microsecond(micros: int):
    told = datetime.fromisoformat(parsed(message(time=micros))["time"])
    assert round(told.timestamp() * 1_000_000) == micros


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_whatever_a_value_holds_it_comes_back(value: str):
    data = parsed(message(data={"origin": value, "seq": "1"}))["data"]
    told = re.findall(r'origin="((?:[^"\\\]]|\\["\\\]])*)"', data)
    assert [re.sub(r'\\(["\\\]])', r"\1", one) for one in told] == [value]


@pytest.mark.parametrize(
    ("host", "told"), [("", "-"), ("a b\nc", "abc"), ("é", "-"), ("x" * 300, "x" * 255), ("::1", "::1")]
)
def test_a_host_is_printable_or_absent(host: str, told: str):
    assert parsed(message(), host)["host"] == told


def test_a_frame_says_how_long_its_message_is():
    assert framed(b"<85>1 x") == b"7 <85>1 x"
    assert framed(b"y" * 1000)[:5] == b"1000 "


def test_a_body_that_is_not_ascii_is_no_message():
    """It would need a byte order mark; who makes the body escapes it."""
    with pytest.raises(UnicodeEncodeError):
        message(body="é").encoded("h")
