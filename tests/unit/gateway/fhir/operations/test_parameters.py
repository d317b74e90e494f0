"""A Parameters resource as the pairs that a url would have."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.fhir.operations.parameters import in_body
from gateway.refusal import Kind, Refused
from mappers import lossless

PLAIN = {"name": "a", "valueCode": "b"}


def parameters(*found: Any) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": list(found)}


def test_values_come_as_text_in_their_order():
    body = lossless.dumps(
        parameters(
            {"name": "_count", "valueInteger": 5},
            {"name": "_type", "valueCode": "Goal"},
            {"name": "_type", "valueCode": "CarePlan"},
            {"valueDate": "2026-01-31", "name": "start"},
        )
    )
    parsed = lossless.loads(body)
    assert isinstance(parsed, dict)
    assert in_body(parsed) == [
        ("_count", "5"),
        ("_type", "Goal"),
        ("_type", "CarePlan"),
        ("start", "2026-01-31"),
    ]


def test_none_is_none():
    assert in_body({"resourceType": "Parameters"}) == []


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"resourceType": "Patient"}, ""),
        ({"resourceType": "Parameters", "parameter": {}}, ""),
        (parameters("x"), "Parameters.parameter[0]"),
        (
            parameters({"name": "a", "valueCode": "b"}, {"name": 1, "valueCode": "b"}),
            "Parameters.parameter[1]",
        ),
        (parameters({"name": "a"}), "Parameters.parameter[0]"),
        (parameters({"name": "a", "valueCode": "b", "valueString": "c"}), "Parameters.parameter[0]"),
        (parameters({"name": "a", "valueCoding": {"code": "b"}}), "Parameters.parameter[0]"),
        (parameters({"name": "a", "part": []}), "Parameters.parameter[0]"),
        (parameters({"name": "a", "valueBoolean": True}), "Parameters.parameter[0]"),
        (parameters({"name": "a", "valueCode": None}), "Parameters.parameter[0]"),
    ],
)
def test_what_bears_more_than_values_is_refused_where_it_stands(body: dict[str, Any], where: str):
    with pytest.raises(Refused) as refusal:
        in_body(body)
    assert refusal.value.kind is Kind.MALFORMED
    assert refusal.value.issues[0].expression == where
