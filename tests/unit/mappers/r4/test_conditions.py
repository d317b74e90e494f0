"""R4's invariants, three-valued: what is empty breaks nothing."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from mappers.r4.conditions import condition, understood
from mappers.r4.fhirpath import parse
from mappers.r4.model import MODEL


def told(expression: str, focus: Any, kind: str | None = None) -> bool | None:
    tree = parse(expression)
    assert understood(tree)
    return condition(tree, kind)(focus, focus)


@pytest.mark.parametrize(
    ("expression", "focus", "answer"),
    [
        ("a.exists()", {"a": 1}, True),
        ("a.exists()", {"_a": {"id": "x"}}, True),
        ("a.empty()", {}, True),
        ("a.exists() and b.exists()", {"a": 1}, False),
        ("a.exists() or b.exists()", {"b": 1}, True),
        ("a = 1 and b.exists()", {}, False),
        ("a = 1 and b.empty()", {}, None),
        ("a = 1 or b.empty()", {}, True),
        ("a = 1 or b.exists()", {}, None),
        ("a.exists() implies b.exists()", {"a": 1}, False),
        ("a.exists() implies b.exists()", {}, True),
        ("a = 1 implies b.exists()", {}, None),
        ("a.exists() xor b.exists()", {"a": 1, "b": 1}, False),
        ("a.exists() xor b.exists()", {"a": 1}, True),
        ("a = 1 xor b.exists()", {}, None),
        ("a.not()", {"a": False}, True),
        ("a.hasValue()", {"_a": {"id": "x"}}, False),
        ("a.hasValue()", {"a": "x"}, True),
        ("a = 1", {"a": msgspec.Raw("1.0")}, True),
        ("a = 'x'", {"a": "y"}, False),
        ("a != 'x'", {"a": "y"}, True),
        ("a = true", {"a": 1}, False),
        ("a > 1", {"a": msgspec.Raw("1.5")}, True),
        ("a <= b", {"a": "2020", "b": "2021-01-01"}, True),
        ("a <= b", {"a": "2021", "b": "2021-01-01"}, None),
        ("a <= b", {"a": {"value": 2, "unit": "g"}, "b": {"value": 1, "unit": "g"}}, False),
        ("a <= b", {"a": {"value": 2, "unit": "g"}, "b": {"value": 1, "unit": "kg"}}, None),
        ("a <= b", {"a": {}, "b": 1}, None),
        ("a in ('x' | 'y')", {"a": "y"}, True),
        ("a in ('x' | 'y')", {}, None),
        ("a contains 'x'", {"a": ["y", "x"]}, True),
        ("a.count() > 1", {"a": [1, 2]}, True),
        ("(a.count() + b.count()) = 2", {"a": [1], "b": 2}, True),
        ("a.all(b.exists())", {"a": [{"b": 1}, {}]}, False),
        ("a.all(b.exists())", {}, True),
        ("a.where(b = 1).exists()", {"a": [{"b": 2}]}, False),
        ("a.exists(b = 1)", {"a": [{"b": 2}, {"b": 1}]}, True),
        ("a.select(b).isDistinct()", {"a": [{"b": "x"}, {"b": "x"}]}, False),
        ("a.select(b).isDistinct()", {"a": [{"b": {"c": 1}}, {"b": {"c": 2}}]}, True),
        ("a.select(b & c).isDistinct()", {"a": [{"b": "x", "c": "y"}, {"b": "xy"}]}, False),
        ("a.select($this in ('x')).allFalse()", {"a": ["y", "z"]}, True),
        ("a.first() = 1 and a.tail().count() = 1 and a[1] = 2", {"a": [1, 2]}, True),
        ("a.trace('note').exists()", {"a": 1}, True),
        ("a.startsWith('ur')", {"a": "urn"}, True),
        ("a.contains('r').not()", {"a": "urn"}, False),
        ("a.startsWith('ur')", {}, None),
        ("a is Boolean", {"a": True}, True),
        ("a is Boolean", {}, None),
        ("a is decimal", {"a": 1}, True),
        ("a.is(Composition)", {"a": {"resourceType": "List"}}, False),
        ("a.intersect(%resource.b).exists()", {"a": [{"c": 1}], "b": [{"c": 1}]}, True),
        ("a.system = %ucum", {"a": {"system": "http://unitsofmeasure.org"}}, True),
        ("a", {"a": "x"}, True),
        ("a", {}, None),
    ],
)
def test_an_expression_says(expression: str, focus: Any, answer: bool | None) -> None:
    assert told(expression, focus) is answer


def test_a_choice_is_known_by_its_stem() -> None:
    assert told("value.exists()", {"valueQuantity": {"value": 1}}, "Observation") is True
    assert told("value.exists()", {"_valueString": {"id": "x"}}, "Observation") is True
    assert told("value.exists()", {"valuable": 1}, "Observation") is False


def test_a_primitive_has_no_members() -> None:
    assert told("comparator.empty()", "comparator", "string") is True
    assert told("$this = '*'", "*", "string") is True


@pytest.mark.parametrize(
    "expression", ["a.resolve()", "descendants()", "a.htmlChecks()", "a is Quantity", "%context"]
)
def test_what_one_resource_cannot_answer_is_not_understood(expression: str) -> None:
    assert not understood(parse(expression))


def test_every_invariant_of_the_table_is_understood() -> None:
    for kind in MODEL.types.values():
        for one in (*kind.invariants, *(i for element in kind.elements.values() for i in element.invariants)):
            assert understood(one.tree), one.key
            assert condition(one.tree, kind.name)({}, {}) in (True, False, None)
