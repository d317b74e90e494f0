"""Composite parameters: parts that must hold of one and the same element."""

from __future__ import annotations

from typing import Any

import pytest

from mappers.r4.model import MODEL
from mappers.r4.search import clinical_rows, identity_rows, matches, queries
from mappers.r4.search_composite import composites
from mappers.r4.search_terms import Query, Side

LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"


def quantity(value: int, code: str = "mm[Hg]") -> dict[str, Any]:
    return {"value": value, "unit": code, "system": UCUM, "code": code}


def concept(code: str, system: str = LOINC) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


PRESSURE = {
    "resourceType": "Observation",
    "code": concept("85354-9"),
    "valueQuantity": quantity(100),
    "component": [
        {"code": concept("8480-6"), "valueQuantity": quantity(150)},
        {"code": concept("8462-4"), "valueQuantity": quantity(90)},
        {"code": concept("18684-1"), "valueCodeableConcept": concept("LA6576-8")},
    ],
}
SEQUENCE = {
    "resourceType": "MolecularSequence",
    "referenceSeq": {"chromosome": concept("22", "urn:c"), "windowStart": 10, "windowEnd": 20},
    "variant": [{"start": 1, "end": 2}, {"start": 5, "end": 9}],
}
GROUP = {
    "resourceType": "Group",
    "characteristic": [
        {"code": concept("gender", "urn:g"), "valueCodeableConcept": concept("female", "urn:g")},
        {"code": concept("smoker", "urn:g"), "valueBoolean": False},
    ],
}
DOCUMENT = {
    "resourceType": "DocumentReference",
    "relatesTo": [{"code": "replaces", "target": {"reference": "DocumentReference/old"}}],
}


def is_candidate(resource: dict[str, Any], asked: Query) -> bool:
    rows = identity_rows(resource) if asked.side is Side.IDENTITY else clinical_rows(resource)
    spans = [
        span
        for name, low, high in asked.ranges
        for span in rows.ranges
        if span[0] == name and span[1] <= high and span[2] >= low
    ]
    return asked.everything or bool(set(asked.tokens) & set(rows.tokens)) or bool(spans)


@pytest.mark.parametrize(
    ("resource", "name", "value", "held"),
    [
        (PRESSURE, "code-value-quantity", "85354-9$100", True),
        (PRESSURE, "code-value-quantity", f"{LOINC}|85354-9$gt99|{UCUM}|mm[Hg]", True),
        (PRESSURE, "code-value-quantity", "8480-6$150", False),
        (PRESSURE, "component-code-value-quantity", "8480-6$150", True),
        (PRESSURE, "component-code-value-quantity", "8480-6$90", False),
        (PRESSURE, "component-code-value-quantity", "8480-6$90,8462-4$90", True),
        (PRESSURE, "component-code-value-quantity", f"8480-6$ap20|{UCUM}|kPa", True),
        (PRESSURE, "combo-code-value-quantity", "85354-9$100", True),
        (PRESSURE, "combo-code-value-quantity", "8462-4$lt91", True),
        (PRESSURE, "combo-code-value-quantity", "85354-9$90", False),
        (PRESSURE, "component-code-value-concept", "18684-1$LA6576-8", True),
        (PRESSURE, "component-code-value-concept", "8480-6$LA6576-8", False),
        (SEQUENCE, "chromosome-window-coordinate", "22$10$20", True),
        (SEQUENCE, "chromosome-variant-coordinate", "22$ge5$le9", True),
        (SEQUENCE, "chromosome-variant-coordinate", "22$1$9", False),
        (SEQUENCE, "chromosome-variant-coordinate", "21$1$2", False),
        (GROUP, "characteristic-value", "gender$female", True),
        (GROUP, "characteristic-value", "smoker$false", True),
        (GROUP, "characteristic-value", "smoker$female", False),
        (DOCUMENT, "relationship", "replaces$DocumentReference/old", True),
        (DOCUMENT, "relationship", "appends$DocumentReference/old", False),
    ],
)
def test_parts_hold_of_one_element_or_not_at_all(
    resource: dict[str, Any], name: str, value: str, held: bool
) -> None:
    kind = resource["resourceType"]
    assert matches(resource, kind, name, None, value) is held
    if held:
        assert all(is_candidate(resource, one) for one in queries(kind, name, None, value))


def test_rows_narrow_each_part() -> None:
    code, value = queries("Observation", "code-value-quantity", None, "a$1,b$2")
    assert {text for _, text in code.tokens} == {"a", "b"}
    assert len(value.ranges) == 2


def test_who_somebody_is_stays_with_the_source() -> None:
    sides = [one.side for one in queries("Observation", "code-value-string", None, "a$text")]
    assert sides == [Side.CLINICAL, Side.IDENTITY]


@pytest.mark.parametrize("kind", sorted(MODEL.composites))
def test_every_part_of_every_composite_is_asked(kind: str) -> None:
    values = {"token": "a", "quantity": "1", "date": "2020", "string": "a", "number": "1", "reference": "T/a"}
    for name, one in composites(kind).items():
        value = "$".join(values[part.type] for part in one.parts)
        assert len(queries(kind, name, None, value)) == len(one.parts)
        assert matches({"resourceType": kind}, kind, name, None, value) is False
