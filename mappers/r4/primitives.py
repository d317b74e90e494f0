"""R4's primitive types: whether a JSON value is one.

A bundle holds thousands of values, so the tests are the cheapest that are exact: methods of ``str`` first,
patterns only where those do not serve.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Mapping

import msgspec

from mappers.lossless import Json
from mappers.r4 import dates
from mappers.r4.faults import Check, Faults, fault, json_type
from mappers.r4.narrative import narrative_fault

_id = re.compile(r"[A-Za-z0-9\-.]{1,64}").fullmatch
_oid = re.compile(r"urn:oid:[0-2](\.(0|[1-9][0-9]*))+").fullmatch
_uuid = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").fullmatch
_control = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]").search
_code = re.compile(r"[^\s]+(\s[^\s]+)*").fullmatch

_LARGEST = 2**31 - 1
_MINUS_ZERO = b"-0"


def _text(value: Json) -> Faults | None:
    if type(value) is str and value:
        return None if value.isprintable() or not _control(value) else _controlled()
    return _no_text(value)


def _controlled() -> Faults:
    return fault("value", "must have no control characters but tab, line feed and carriage return")


def _no_text(value: Json) -> Faults:
    """Why a value is no text of the wanted form before its form even matters."""
    if value == "":
        return fault("value", "must not be empty: leave the element out instead")
    return fault("structure", f"must be a JSON string, not {json_type(value)}")


def _formed(test: Callable[[str], object], text: str) -> Check:
    """A test of strings that have a form."""

    def check(value: Json) -> Faults | None:
        if type(value) is not str or not value:
            return _no_text(value)
        return None if test(value) else fault("value", text)

    return check


def _code_text(value: Json) -> Faults | None:
    if type(value) is str and (value.split() == [value] or _code(value)):
        return None if value.isprintable() or not _control(value) else _controlled()
    if type(value) is str and value:
        return fault("value", "must be a code: no white space at its ends, single spaces within")
    return _no_text(value)


def _uri(value: Json) -> Faults | None:
    if type(value) is str and value.split(None, 1) == [value]:
        return None if value.isprintable() or not _control(value) else _controlled()
    if type(value) is str and value:
        return fault("value", "must be a URI: no white space")
    return _no_text(value)


def _boolean(value: Json) -> Faults | None:
    return (
        None
        if value is True or value is False
        else fault("structure", f"must be true or false, not {json_type(value)}")
    )


def _decimal(value: Json) -> Faults | None:
    if type(value) is msgspec.Raw or type(value) is int:
        return None
    return fault("structure", f"must be a JSON number, not {json_type(value)}")


def _whole(least: int, text: str) -> Check:
    def check(value: Json) -> Faults | None:
        if type(value) is int:
            return None if least <= value <= _LARGEST else fault("value", text)
        if type(value) is msgspec.Raw:
            return None if least < 0 and bytes(value) == _MINUS_ZERO else fault("value", text)
        return fault("structure", f"must be a JSON number, not {json_type(value)}")

    return check


def _is_base64(text: str) -> bool:
    try:
        binascii.a2b_base64("".join(text.split()).encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        return False
    return True


def _xhtml(value: Json) -> Faults | None:
    if type(value) is not str or not value:
        return _no_text(value)
    wrong = narrative_fault(value)
    return None if wrong is None else fault("invalid", wrong)


CHECKS: Mapping[str, Check] = {
    "base64Binary": _formed(_is_base64, "must be base64"),
    "boolean": _boolean,
    "canonical": _uri,
    "code": _code_text,
    "date": _formed(dates.is_date, "must be a date that exists: YYYY, YYYY-MM or YYYY-MM-DD"),
    "dateTime": _formed(
        dates.is_date_time,
        "must be a date that exists (YYYY, YYYY-MM or YYYY-MM-DD), or a day with time and zone "
        "(YYYY-MM-DDThh:mm:ss+zz:zz)",
    ),
    "decimal": _decimal,
    "id": _formed(_id, "must be 1 to 64 letters, digits, hyphens and dots"),
    "instant": _formed(
        dates.is_instant, "must be a day that exists with time and zone: YYYY-MM-DDThh:mm:ss+zz:zz"
    ),
    "integer": _whole(-(2**31), "must be a whole number of 32 bits"),
    "markdown": _text,
    "oid": _formed(_oid, "must be an OID: urn:oid:1.2.3"),
    "positiveInt": _whole(1, "must be a whole number from 1 to 2147483647"),
    "string": _text,
    "time": _formed(dates.is_time, "must be a time: hh:mm:ss"),
    "unsignedInt": _whole(0, "must be a whole number from 0 to 2147483647"),
    "uri": _uri,
    "url": _uri,
    "uuid": _formed(_uuid, "must be a UUID in lower case: urn:uuid:…"),
    "xhtml": _xhtml,
}
