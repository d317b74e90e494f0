"""Expressions of resources, checked against R4 step by step before they are compiled.

What is not in the tables is refused with its name: nothing that runs is skipped or guessed at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mappers.r4.model import MODEL
from workers.engine.applying.functions import FUNCTIONS
from workers.engine.applying.shapes import (
    BOOLEAN,
    DATE,
    NUMBER,
    SPAN,
    TEXT,
    TIME,
    Shape,
    element,
    narrowed,
    of,
)
from workers.engine.applying.spelling import Node, call, operator, spell
from workers.engine.grammar import TODAY, ExpressionFault
from workers.engine.known import Type

ORDERED = frozenset({NUMBER, DATE, TIME, TEXT})
Variables = Mapping[str, str]
"""The R4 type of each variable: ``patient`` is a Patient."""


_OF_FACTS = {Type.NUMBER: "decimal", Type.DATE: "date", Type.BOOLEAN: "boolean", Type.STRING: "string"}


def _no_fact(_name: str) -> Type | None:
    return None


@dataclass(slots=True)
class Reader:
    """Reads the tree of one expression, and notes what it rests on."""

    variables: Variables
    fact_of: Callable[[str], Type | None] = _no_fact
    """The type of a named fact, where facts may stand beside paths."""
    roots: list[str] = field(default_factory=list)
    """The resource types that it starts from, each time that it does."""
    asked: set[tuple[str, str]] = field(default_factory=set)
    """The elements of whole resources that it asks for, by type."""
    used: set[str] = field(default_factory=set)
    """The variables that it names, ``today`` among them."""
    facts: set[str] = field(default_factory=set)

    def read(self, node: Node, focus: Shape | None = None) -> Shape:
        """What a node gives; within the brackets of ``where`` and the like the focus is what is filtered."""
        reader = _READERS.get(node["type"])
        if reader is None:
            raise ExpressionFault(f"{node['type']} is not part of the grammar")
        return reader(self, node, focus)

    def one(self, node: Node, focus: Shape | None) -> Shape:
        """A side of a comparison, which must be one value at most."""
        found = self.read(node, focus)
        if found.many:
            raise ExpressionFault(
                f"{spell(node)} can be several values; ask where(…).exists(), all(…) or take first()"
            )
        return found

    def truth(self, node: Node, focus: Shape | None) -> None:
        """A part that must be true or false."""
        if self.one(node, focus).kinds != {BOOLEAN}:
            raise ExpressionFault(f"{spell(node)} is not true or false")


def _member(reader: Reader, node: Node, focus: Shape | None) -> Shape:
    name = spell(node).strip("`")
    if focus is not None:
        reader.asked |= {(type_, name) for type_ in focus.types & MODEL.resources}
        return element(focus, name)
    if name not in MODEL.resources:
        raise ExpressionFault(f"{name} is no resource type; a path starts from one, or from a variable")
    reader.roots.append(name)
    return of(name, many=name != "Patient")


def _term(reader: Reader, node: Node, focus: Shape | None) -> Shape:
    (inner,) = node["children"]
    return reader.read(inner, focus)


def _this(reader: Reader, node: Node, focus: Shape | None) -> Shape:
    if focus is None:
        raise ExpressionFault("$this stands for something within brackets only")
    return Shape(focus.types)


def _variable(reader: Reader, node: Node, focus: Shape | None) -> Shape:
    name = spell(node).removeprefix("%").strip("`")
    if (fact := _fact(reader, name)) is not None:
        return fact
    if name != TODAY and name not in reader.variables:
        raise ExpressionFault(f"%{name} is not known here")
    reader.used.add(name)
    return of("date") if name == TODAY else of(reader.variables[name])


def _fact(reader: Reader, name: str) -> Shape | None:
    kind = reader.fact_of(name) if name != TODAY else None
    if kind is None:
        return None
    reader.facts.add(name)
    return of(_OF_FACTS[kind])


_LITERALS = {
    "NumberLiteral": "decimal",
    "StringLiteral": "string",
    "BooleanLiteral": "boolean",
    "DateTimeLiteral": "dateTime",
    "TimeLiteral": "time",
    "QuantityLiteral": SPAN,
}


def _literal(reader: Reader, node: Node, focus: Shape | None) -> Shape:
    (literal,) = node["children"]
    kind = _LITERALS.get(literal["type"])
    if kind is None or (kind == SPAN and "'" in spell(node)):
        raise ExpressionFault(f"{spell(node)}: quantities are compared through facts, such as %hba1c.value")
    return of(kind)


def _invocation(reader: Reader, node: Node, focus: Shape | None) -> Shape:
    target, member = node["children"]
    spelt = spell(node)
    if spelt.startswith("%") and (fact := _fact(reader, spelt[1:])) is not None:
        return fact
    found = reader.read(target, focus)
    if member["type"] != "FunctionInvocation":
        return _member(reader, member, found)
    name, arguments = call(member)
    function = FUNCTIONS.get(name)
    if function is None:
        raise ExpressionFault(f"{name}() is not a function of definitions")
    return function(reader, found, arguments)


def _bare_call(reader: Reader, node: Node, focus: Shape | None) -> Shape:
    name, arguments = call(node)
    if focus is None or name not in FUNCTIONS:
        hint = "; write %today" if name in ("today", "now") else ""
        raise ExpressionFault(f"{name}() is not a function of definitions{hint}")
    return FUNCTIONS[name](reader, focus, arguments)


def _indexed(reader: Reader, node: Node, focus: Shape | None) -> Shape:
    target, place = node["children"]
    found = reader.read(target, focus)
    if not spell(place).isdigit():
        raise ExpressionFault(f"{spell(node)}: the place is a whole number")
    return Shape(found.types)


def _logic(reader: Reader, node: Node, focus: Shape | None) -> Shape:
    for side in node["children"]:
        reader.truth(side, focus)
    return of("boolean")


def _equal(reader: Reader, node: Node, focus: Shape | None) -> Shape:
    left, right = (reader.one(side, focus) for side in node["children"])
    if operator(node) not in ("=", "!="):
        raise ExpressionFault(f"{operator(node)} is not part of the grammar")
    _same(node, left, right)
    return of("boolean")


def _compare(reader: Reader, node: Node, focus: Shape | None) -> Shape:
    left, right = (reader.one(side, focus) for side in node["children"])
    _same(node, left, right)
    if not left.kinds <= ORDERED:
        raise ExpressionFault(f"{spell(node)}: {left} has no order; quantities are compared through facts")
    return of("boolean")


def _same(node: Node, left: Shape, right: Shape) -> None:
    if len(left.kinds) != 1 or left.kinds != right.kinds or SPAN in left.kinds:
        raise ExpressionFault(f"{spell(node)} compares {left} with {right}")


def _sum(reader: Reader, node: Node, focus: Shape | None) -> Shape:
    left, right = (reader.one(side, focus) for side in node["children"])
    sign = operator(node)
    if sign == "&" and left.kinds == right.kinds == {TEXT}:
        return of("string")
    if left.kinds == {DATE} and right.kinds == {SPAN} and sign in "+-":
        return Shape(left.types)
    if left.kinds == right.kinds == {NUMBER} and sign in "+-":
        return of("decimal")
    raise ExpressionFault(f"{spell(node)}: only numbers, a date and a span, and with & texts can be joined")


def _product(reader: Reader, node: Node, focus: Shape | None) -> Shape:
    if any(reader.one(side, focus).kinds != {NUMBER} for side in node["children"]):
        raise ExpressionFault(f"{spell(node)}: only numbers can be multiplied and divided")
    return of("decimal")


def _signed(reader: Reader, node: Node, focus: Shape | None) -> Shape:
    (inner,) = node["children"]
    found = reader.one(inner, focus)
    if found.kinds != {NUMBER}:
        raise ExpressionFault(f"{spell(node)}: only a number has a sign")
    return found


def _typed(reader: Reader, node: Node, focus: Shape | None) -> Shape:
    found = reader.one(node["children"][0], focus)
    wanted = narrowed(found, spell(node["children"][1]))
    return of("boolean") if operator(node) == "is" else wanted


def _belongs(reader: Reader, node: Node, focus: Shape | None) -> Shape:
    single, several = node["children"] if operator(node) == "in" else reversed(node["children"])
    _same(node, reader.one(single, focus), reader.read(several, focus))
    return of("boolean")


def _union(reader: Reader, node: Node, focus: Shape | None) -> Shape:
    left, right = (reader.read(side, focus) for side in node["children"])
    return Shape(left.types | right.types, many=True)


_READERS: Mapping[str, Callable[[Reader, Node, Shape | None], Shape]] = {
    "TermExpression": _term,
    "InvocationTerm": _term,
    "ParenthesizedTerm": _term,
    "MemberInvocation": _member,
    "FunctionInvocation": _bare_call,
    "ThisInvocation": _this,
    "ExternalConstantTerm": _variable,
    "LiteralTerm": _literal,
    "InvocationExpression": _invocation,
    "IndexerExpression": _indexed,
    "AndExpression": _logic,
    "OrExpression": _logic,
    "ImpliesExpression": _logic,
    "EqualityExpression": _equal,
    "InequalityExpression": _compare,
    "AdditiveExpression": _sum,
    "MultiplicativeExpression": _product,
    "PolarityExpression": _signed,
    "TypeExpression": _typed,
    "MembershipExpression": _belongs,
    "UnionExpression": _union,
}
