"""JSON comes and goes; anything else is refused before it is read."""

from __future__ import annotations

import pytest
from werkzeug.datastructures import Headers

from gateway.fhir.negotiation import check_answer, check_body, is_pretty, preferred
from gateway.refusal import Kind, Refused


def accepts(accept: str | None, *parameters: tuple[str, str]) -> bool:
    try:
        check_answer(Headers({"Accept": accept} if accept is not None else {}), list(parameters))
    except Refused as refusal:
        return refusal.kind is not Kind.NOT_ACCEPTABLE
    return True


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "",
        "*/*",
        "application/*",
        "application/json",
        "application/fhir+json",
        "application/fhir+json; fhirVersion=4.0",
        "application/fhir+json;charset=utf-8",
        "application/fhir+xml, application/fhir+json;q=0.5",
        "text/html,application/xhtml+xml,*/*;q=0.8",
    ],
)
def test_whoever_reads_json_is_answered(accept: str | None):
    assert accepts(accept)


@pytest.mark.parametrize(
    "accept",
    [
        "application/fhir+xml",
        "text/html",
        "application/fhir+turtle, application/xml",
        "application/fhir+json;q=0",
        "application/fhir+json; fhirVersion=3.0",
        "application/fhir+json; fhirVersion=5.0",
        "nonsense",
    ],
)
def test_whoever_does_not_is_told_so(accept: str):
    assert not accepts(accept)


@pytest.mark.parametrize(
    "given", ["json", "application/json", "application/fhir+json", "application/fhir json"]
)
def test_format_wins_over_accept(given: str):
    assert accepts("application/fhir+xml", ("_format", given))


def test_a_plus_sign_that_was_not_escaped_is_understood():
    assert accepts(None, ("_format", "application/fhir json"))


@pytest.mark.parametrize("given", ["xml", "application/fhir+xml", "ttl", "", "text/html"])
def test_a_format_that_is_not_served_is_refused(given: str):
    assert not accepts("application/fhir+json", ("_format", given))


def takes(content_type: str) -> bool:
    try:
        check_body(Headers({"Content-Type": content_type}))
    except Refused as refusal:
        return refusal.kind is not Kind.MEDIA_TYPE
    return True


@pytest.mark.parametrize(
    "content_type",
    [
        "application/fhir+json",
        "application/json",
        "application/fhir+json; charset=UTF-8",
        "application/fhir+json; fhirVersion=4.0; charset=utf-8",
        "APPLICATION/FHIR+JSON",
    ],
)
def test_json_is_taken(content_type: str):
    assert takes(content_type)


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/fhir+xml",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/fhir+json; charset=latin-1",
        "application/fhir+json; fhirVersion=3.0",
        "application/json-patch+json",
    ],
)
def test_anything_else_is_415(content_type: str):
    assert not takes(content_type)


@pytest.mark.parametrize(
    ("header", "name", "value"),
    [
        ("return=minimal", "return", "minimal"),
        ("handling=strict, return=OperationOutcome", "return", "OperationOutcome"),
        ("handling=strict, return=OperationOutcome", "handling", "strict"),
        ('return="representation"; x=y', "return", "representation"),
        ("respond-async", "return", None),
        ("", "return", None),
        ("RETURN=minimal", "return", "minimal"),
    ],
)
def test_preferences_are_read(header: str, name: str, value: str | None):
    assert preferred(Headers({"Prefer": header}), name) == value


@pytest.mark.parametrize(("value", "pretty"), [("true", True), ("false", False), ("1", False)])
def test_pretty_is_asked_for_by_its_name(value: str, pretty: bool):
    assert is_pretty([("_pretty", value)]) is pretty
    assert is_pretty([]) is False
