"""From the text of an expression to its tree and back.

The parser forgives what follows the first whole expression. Here the tree is spelt again and must give the
source, so that what runs is what was written; and a part of a tree can be compiled on its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fhirpathpy.parser import parse

from workers.engine.grammar import ExpressionFault

Node = Mapping[str, Any]
LONGEST = 2_000
"""Characters of an expression; whoever needs more writes several conditions."""


def tree(text: str) -> Node:
    """The tree behind a text; raises ``ExpressionFault``."""
    if len(text) > LONGEST:
        raise ExpressionFault(f"is longer than {LONGEST} characters")
    try:
        (root,) = parse(text)["children"]  # type: ignore[no-untyped-call]
        spelt = spell(root)
    except ExpressionFault:
        raise
    except Exception as error:
        raise ExpressionFault("cannot be parsed") from error
    if "".join(spelt.split()) != "".join(text.split()):
        raise ExpressionFault("cannot be parsed to its end")
    found: Node = root
    return found


def spell(node: Node) -> str:
    """A text that parses to this node."""
    kind = str(node["type"])
    if kind in _BINARY:
        left, right = (spell(child) for child in node["children"])
        return f"{left} {operator(node)} {right}"
    speller = _SPELLERS.get(kind)
    if speller is None:
        raise ExpressionFault(f"{kind} is not part of the grammar")
    return speller(node)


def operator(node: Node) -> str:
    """The operator between the two sides of a node."""
    if len(node["children"]) != 2 or len(node["terminalNodeText"]) != 1:
        raise ExpressionFault("an operator lacks a side")
    found: str = node["terminalNodeText"][0]
    return found


def call(node: Node) -> tuple[str, tuple[Node, ...]]:
    """The name of a function and what it is called with."""
    (functn,) = node["children"]
    name, *lists = functn["children"]
    return str(name["text"]), tuple(lists[0]["children"]) if lists else ()


def _only(node: Node) -> str:
    (child,) = node["children"]
    return spell(child)


def _text(node: Node) -> str:
    return str(node["text"])


def _function(node: Node) -> str:
    name, arguments = call(node)
    return f"{name}({', '.join(map(spell, arguments))})"


def _literal(node: Node) -> str:
    (literal,) = node["children"]
    if literal["type"] != "QuantityLiteral":
        return str(node["text"])
    (quantity,) = literal["children"]
    (unit,) = quantity["children"]
    inner = unit["children"][0] if unit.get("children") else unit
    return f"{quantity['terminalNodeText'][0]} {inner['terminalNodeText'][0]}"


def _variable(node: Node) -> str:
    (constant,) = node["children"]
    return f"%{_only(constant)}"


def _invocation(node: Node) -> str:
    target, member = node["children"]
    return f"{spell(target)}.{spell(member)}"


def _indexed(node: Node) -> str:
    target, place = node["children"]
    return f"{spell(target)}[{spell(place)}]"


def _signed(node: Node) -> str:
    return f"{node['terminalNodeText'][0]}{_only(node)}"


_BINARY = frozenset(
    {
        "AdditiveExpression",
        "AndExpression",
        "EqualityExpression",
        "ImpliesExpression",
        "InequalityExpression",
        "MembershipExpression",
        "MultiplicativeExpression",
        "OrExpression",
        "TypeExpression",
        "UnionExpression",
    }
)
_SPELLERS: Mapping[str, Callable[[Node], str]] = {
    "TermExpression": _only,
    "InvocationTerm": _only,
    "MemberInvocation": _only,
    "FunctionInvocation": _function,
    "ThisInvocation": lambda node: "$this",
    "Identifier": _text,
    "TypeSpecifier": _text,
    "LiteralTerm": _literal,
    "ExternalConstantTerm": _variable,
    "ParenthesizedTerm": lambda node: f"({_only(node)})",
    "InvocationExpression": _invocation,
    "IndexerExpression": _indexed,
    "PolarityExpression": _signed,
}
