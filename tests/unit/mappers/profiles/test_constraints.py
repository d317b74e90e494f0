"""A profile's FHIRPath answers like the engine's, by the cheap way where there is one."""

from __future__ import annotations

from typing import Any

import pytest

from mappers.lossless import dumps, loads
from mappers.profiles import constraints
from mappers.profiles.constraints import constraint
from mappers.profiles.rules import NotHonoured

UCUM = "ofType(Quantity).system.empty() or ofType(Quantity).system = 'http://unitsofmeasure.org'"


def made(expression: str, kind: str = "Patient", **more: Any) -> Any:
    found = constraint({"key": "our-1", "human": "so it is", "expression": expression, **more}, kind)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("expression", "kind", "value", "answer"),
    [
        ("family.exists() or given.exists()", "HumanName", {"family": "x"}, True),
        ("family.exists() or given.exists()", "HumanName", {"text": "x"}, False),
        ("use = 'usual'", "HumanName", {"text": "x"}, None),
        ("$this.length() >= 3", "string", "abc", True),
        ("$this.length() >= 3", "string", "ab", False),
        ("$this is dateTime implies $this.toString().length() >= 10", "dateTime", "2026", False),
        ("$this is dateTime implies $this.toString().length() >= 10", "dateTime", "2026-01-02", True),
        ("$this is dateTime implies $this.toString().length() >= 10", "Period", {"start": "2026"}, True),
        (UCUM, "Quantity", {"value": 1, "system": "urn:x"}, False),
        (UCUM, "Quantity", {"value": 1}, True),
        (UCUM, "string", "x", True),
        ("value.matches('^[0-9]+$')", "Identifier", {"value": "12"}, True),
        ("value.matches('^[0-9]+$')", "Identifier", {"value": "1x"}, False),
        ("Patient.name.exists()", "Patient", {"resourceType": "Patient", "name": [{"text": "x"}]}, True),
        ("Patient.name.exists()", "Patient", {"resourceType": "Patient"}, False),
        ("value > 1.5", "Quantity", {"value": "NUMBER"}, True),
    ],
)
def test_it_answers(expression: str, kind: str, value: Any, answer: bool | None):
    text = dumps(value).replace(b'"NUMBER"', b"1.60")
    assert made(expression, kind).holds(loads(text), {}) is answer


def test_both_ways_agree_where_both_go(monkeypatch: pytest.MonkeyPatch):
    cases = [
        ("name.exists() and telecom.empty()", {"resourceType": "Patient", "name": [{"text": "x"}]}),
        ("name.where(use = 'usual').exists()", {"resourceType": "Patient", "name": [{"use": "old"}]}),
        ("active implies name.count() > 1", {"resourceType": "Patient", "active": True, "name": [{}]}),
        ("%resource.name.exists()", {"resourceType": "Patient", "name": [{"text": "x"}]}),
    ]
    cheap = [made(expression).holds(value, value) for expression, value in cases]
    monkeypatch.setattr(constraints, "_closure", lambda expression, kind: None)
    assert cheap == [made(expression).holds(value, value) for expression, value in cases]


def test_the_type_of_the_focus_is_settled_without_the_engine(monkeypatch: pytest.MonkeyPatch):
    coded = "ofType(CodeableConcept).coding.system.empty() or ofType(CodeableConcept).text.exists()"
    concept = {"coding": [{"system": "urn:x", "code": "y"}]}
    cases = [
        (UCUM, "Quantity", {"system": "urn:x"}),
        (UCUM, "CodeableConcept", {"text": "x"}),
        (coded, "CodeableConcept", concept),
    ]
    slow = [made(f"{text} or 1.5 = 1", kind).holds(value, {}) for text, kind, value in cases]

    def no_engine(expression: str, kind: str) -> None:
        raise AssertionError("the engine was asked")

    monkeypatch.setattr(constraints, "_engine", no_engine)
    assert [made(text, kind).holds(value, {}) for text, kind, value in cases] == slow == [False, True, False]


def test_the_engine_changes_nothing_of_what_it_is_given():
    value = loads(b'{"value": 1.10, "unit": "x"}')
    before = dumps(value)
    made("unit.length() = 1", "Quantity").holds(value, {})
    assert dumps(value) == before


@pytest.mark.parametrize("key", ["ele-1", "ext-1", "dom-6", "pat-1"])
def test_what_r4_asks_itself_is_left_to_it(key: str):
    assert constraint({"key": key, "expression": "resolve().exists()"}, "Patient") is None


@pytest.mark.parametrize(
    "expression",
    [
        "subject.resolve().exists()",
        "code.memberOf('urn:x')",
        "conformsTo('urn:x')",
        "period.end < now()",
        "birthDate <= today()",
        "name.trace('x').exists()",
        "%vs.exists()",
        "name.single().exists()",
        "name.exists(",
        "name ==== 1",
        "name.exists() and",
        "name.exists() name",
        "name.invented() and 1.5 > 1",
        "text.div.htmlChecks() and 1.5 > 1",
        "",
    ],
)
def test_what_one_resource_cannot_answer_is_refused(expression: str):
    with pytest.raises(NotHonoured) as refused:
        made(expression)
    assert "constraint" in str(refused.value)


def test_several_answers_are_none():
    value = {"resourceType": "Patient", "name": [{"text": "a"}, {"text": "b"}]}
    with pytest.raises(TypeError):
        made("name.text.where($this.length() > 0)").holds(value, value)
    assert made("name.first().text.where($this.length() > 0)").holds(value, value) is True
    assert made("name.where(text = 'c').text.where($this.length() > 0)").holds(value, value) is None


def test_a_warning_stays_one():
    assert made("name.exists()", severity="warning").severity == "warning"
    assert made("name.exists()", severity="error").severity == "error"
    assert made("name.exists()").severity == "error"
