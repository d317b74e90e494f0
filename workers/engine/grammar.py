"""The part of FHIRPath that a rule may use, read from the parser's own tree with types.

The parser forgives trailing text and half an operator; here the tree is spelt back and must give the
source again, so that what runs is what was written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fhirpathpy.parser import parse

from workers.engine.known import Type

TODAY = "today"
ORDERED = {Type.NUMBER, Type.DATE}
SPANS = {"day", "days", "week", "weeks", "month", "months", "year", "years"}
Node = Mapping[str, Any]


class ExpressionFault(ValueError):  # noqa: N818 - it reads as what is wrong
    """The expression is not one that a rule may use; the text says why."""


@dataclass(frozen=True, slots=True)
class Read:
    """A text whose types and names are known; ``turns`` are the days with which it compares today."""

    text: str
    type: Type
    names: Mapping[str, int]
    turns: tuple[Read, ...]


@dataclass(slots=True)
class _Reader:
    type_of: Callable[[str], Type | None]
    names: Counter[str] = field(default_factory=Counter)
    turns: list[Read] = field(default_factory=list)

    def read(self, node: Node) -> tuple[Type, str]:
        """Type and spelling of a node."""
        reader = READERS.get(node["type"])
        if reader is None:
            raise ExpressionFault(f"{node['type']} is not part of the grammar of rules")
        return reader(self, node)


def read(text: str, type_of: Callable[[str], Type | None]) -> Read:
    """Read an expression, or say what is wrong with it."""
    reader = _Reader(type_of)
    try:
        (root,) = parse(text)["children"]  # type: ignore[no-untyped-call]
    except ExpressionFault:
        raise
    except Exception as error:
        raise ExpressionFault("cannot be parsed") from error
    kind, spelt = reader.read(root)
    if spelt != "".join(text.split()):
        raise ExpressionFault(f"only {spelt!r} of it can be parsed")
    return Read(text, kind, dict(reader.names), tuple(reader.turns))


def _two(reader: _Reader, node: Node) -> tuple[tuple[Type, str], tuple[Type, str], str]:
    if len(node["children"]) != 2 or len(node["terminalNodeText"]) != 1:
        raise ExpressionFault("an operator lacks a side")
    left, right = (reader.read(child) for child in node["children"])
    return left, right, node["terminalNodeText"][0]


def _logic(reader: _Reader, node: Node) -> tuple[Type, str]:
    left, right, operator = _two(reader, node)
    if not left[0] is right[0] is Type.BOOLEAN:
        raise ExpressionFault(f"both sides of {operator!r} must be true or false")
    return Type.BOOLEAN, f"{left[1]}{operator}{right[1]}"


def _compare(reader: _Reader, node: Node) -> tuple[Type, str]:
    left, right, operator = _two(reader, node)
    if left[0] is not right[0] or left[0] not in ORDERED:
        raise ExpressionFault(f"{operator!r} needs two numbers or two dates")
    _note_turn(reader, node, (left[1], right[1]))
    return Type.BOOLEAN, f"{left[1]}{operator}{right[1]}"


def _note_turn(reader: _Reader, node: Node, sides: tuple[str, str]) -> None:
    if f"%{TODAY}" not in sides:
        if any(f"%{TODAY}" in side for side in sides):
            raise ExpressionFault("%today must stand alone on its side of a comparison")
        return
    if sides[0] == sides[1]:
        raise ExpressionFault("%today is compared with itself")
    other = 1 - sides.index(f"%{TODAY}")
    inner = _Reader(reader.type_of)
    kind, spelt = inner.read(node["children"][other])
    reader.turns.append(Read(_spaced(spelt), kind, dict(inner.names), ()))


def _equal(reader: _Reader, node: Node) -> tuple[Type, str]:
    left, right, operator = _two(reader, node)
    if operator not in {"=", "!="} or left[0] is not right[0] or left[0] in ORDERED:
        raise ExpressionFault(f"{operator!r} compares texts or truth values; numbers and dates by order")
    return Type.BOOLEAN, f"{left[1]}{operator}{right[1]}"


def _later(reader: _Reader, node: Node) -> tuple[Type, str]:
    if len(node["children"]) != 2 or node["terminalNodeText"] != ["+"]:
        raise ExpressionFault("the only arithmetic is a date plus a span")
    kind, spelt = reader.read(node["children"][0])
    span = _span(node["children"][1])
    if kind is not Type.DATE or span is None or spelt == f"%{TODAY}":
        raise ExpressionFault("the only arithmetic is a known date plus a span")
    return Type.DATE, f"{spelt}+{span}"


def _span(node: Node) -> str | None:
    spelt = "".join(str(node.get("text") or "").split())
    digits = spelt.rstrip("abcdefghijklmnopqrstuvwxyz")
    return spelt if digits.isdigit() and spelt[len(digits) :] in SPANS else None


def _spaced(spelt: str) -> str:
    head, plus, span = spelt.partition("+")
    digits = span.rstrip("abcdefghijklmnopqrstuvwxyz")
    return f"{head} + {digits} {span[len(digits) :]}" if plus else head


def _invocation(reader: _Reader, node: Node) -> tuple[Type, str]:
    if len(node["children"]) != 2:
        raise ExpressionFault("a name lacks what stands after its dot, or that is a word of the language")
    target, member = node["children"]
    if member["type"] == "FunctionInvocation":
        return _negation(reader, target, member)
    spelt = str(node["text"])
    return _named(reader, spelt), spelt


def _negation(reader: _Reader, target: Node, member: Node) -> tuple[Type, str]:
    (call,) = member["children"]
    if len(call["children"]) != 1 or call["children"][0]["text"] != "not":
        raise ExpressionFault("the only function is not()")
    kind, spelt = reader.read(target)
    if kind is not Type.BOOLEAN:
        raise ExpressionFault("not() needs true or false")
    return kind, f"{spelt}.not()"


def _term(reader: _Reader, node: Node) -> tuple[Type, str]:
    (inner,) = node["children"]
    if inner["type"] == "ParenthesizedTerm":
        kind, spelt = reader.read(inner["children"][0])
        return kind, f"({spelt})"
    spelt = str(node["text"])
    if inner["type"] == "ExternalConstantTerm":
        return _named(reader, spelt), spelt
    literal = inner["children"][0]["type"]
    if literal not in LITERALS:
        raise ExpressionFault(f"{literal} is not part of the grammar of rules")
    return LITERALS[literal], spelt


def _named(reader: _Reader, spelt: str) -> Type:
    name = spelt.removeprefix("%")
    kind = reader.type_of(name) if spelt.startswith("%") else None
    if kind is None:
        raise ExpressionFault(f"{spelt} is no known fact")
    reader.names[name] += 1
    return kind


LITERALS = {"NumberLiteral": Type.NUMBER, "StringLiteral": Type.STRING, "BooleanLiteral": Type.BOOLEAN}

READERS: Mapping[str, Callable[[_Reader, Node], tuple[Type, str]]] = {
    "AndExpression": _logic,
    "OrExpression": _logic,
    "ImpliesExpression": _logic,
    "InequalityExpression": _compare,
    "EqualityExpression": _equal,
    "AdditiveExpression": _later,
    "InvocationExpression": _invocation,
    "TermExpression": _term,
}
