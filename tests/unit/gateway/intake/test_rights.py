"""What a filter leaves of writes, and how each refusal sounds."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.auth.scopes import parse
from gateway.intake.entries import Entry
from gateway.intake.rights import Rights
from gateway.refusal import Kind, Refused

FILTERED = "system/Observation.cud?status=final"


def value(status: str) -> dict[str, Any]:
    return {"resourceType": "Observation", "id": "o", "status": status}


def asked(method: str, made: str | None = None, version: int | None = None) -> Entry:
    body = None if made is None else value(made)
    return Entry("", method, "Observation", "o", resource=body, if_match=version)


def kind(scope: str, entry: Entry, before: str | None) -> Kind | None:
    """How it is refused, if it is."""
    try:
        Rights(parse(scope)).check(entry, None if before is None else value(before))
    except Refused as refused:
        return refused.kind
    return None


@pytest.mark.parametrize(
    ("method", "made", "before", "version", "refused"),
    [
        ("POST", "final", None, None, None),
        ("POST", "amended", None, None, Kind.FORBIDDEN),
        ("PUT", "final", None, None, None),
        ("PUT", "final", "final", None, None),
        ("PUT", "amended", None, None, Kind.FORBIDDEN),
        ("PUT", "amended", "final", None, Kind.FORBIDDEN),
        ("PUT", "final", "amended", None, Kind.FORBIDDEN),
        ("PUT", "final", "amended", 1, Kind.PRECONDITION),
        ("PATCH", "final", "final", None, None),
        ("PATCH", "amended", "final", None, Kind.FORBIDDEN),
        ("PATCH", "final", "amended", None, Kind.NOT_FOUND),
        ("PATCH", "final", "amended", 1, Kind.PRECONDITION),
        ("DELETE", None, "final", None, None),
        ("DELETE", None, "amended", None, Kind.NOT_FOUND),
        ("DELETE", None, None, None, Kind.NOT_FOUND),
        ("DELETE", None, None, 1, Kind.PRECONDITION),
        ("DELETE", None, "amended", 1, Kind.PRECONDITION),
        ("GET", None, "amended", None, None),
    ],
)
def test_a_write_passes_before_and_after(
    method: str, made: str | None, before: str | None, version: int | None, refused: Kind | None
):
    entry = asked(method, made, version)
    assert kind(FILTERED, entry, before) is refused
    assert kind("system/Observation.cruds", entry, before) is None


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("version", [None, 1])
def test_who_may_read_it_is_told_that_it_may_not_be_written(method: str, version: int | None):
    entry = asked(method, None if method == "DELETE" else "final", version)
    assert kind(f"{FILTERED} system/Observation.r", entry, "amended") is Kind.FORBIDDEN


def test_reading_is_of_this_very_resource():
    rights = Rights(parse("system/Observation.r?status=final"))
    assert rights.reads("Observation", value("final"))
    assert not rights.reads("Observation", value("amended"))
    assert not rights.reads("Patient", {"resourceType": "Patient"})
