"""A profile's FHIRPath as functions: closures where R4's own grammar suffices, ``fhirpathpy`` elsewhere.

The closures cost a microsecond, the engine some hundreds. What the engine cannot do from one resource alone,
what reads a clock and what prints is refused when the profile is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from functools import cache
from importlib import import_module
from typing import Any

import msgspec

from mappers.lossless import Json, dumps
from mappers.profiles.rules import ERROR, WARNING, Constraint, NotHonoured
from mappers.r4.conditions import Condition, condition, understood
from mappers.r4.fhirpath import NotFhirPath, Tree, parse
from mappers.r4.model import MODEL

_REFUSED = re.compile(
    r"\b(now|today|timeOfDay|trace|single)\s*\(|%(?!resource\b|context\b|ucum\b|rootResource\b)"
)
"""What reads a clock (law 11), prints what it sees (law 2), hides its error, or is not in the resource."""
_STRING = re.compile(r"'(?:[^'\\]|\\.)*'")
_CALLED = re.compile(r"\b([A-Za-z]\w*)\s*\(")
_DECIMAL = re.compile(r"\d\.\d")
_FOCUS: Tree = ["variable", "$this"]
_DERIVED = frozenset({"Age", "Count", "Distance", "Duration", "MoneyQuantity", "SimpleQuantity"})
"""Types that are of another type as well: of them only the engine tells."""
_OPERATORS = frozenset({"and", "or", "xor", "implies", "in", "contains", "is", "as", "div", "mod"})
_BUILT_IN = frozenset(
    {"ele-1", "ext-1", "txt-1", "txt-2", "ref-1", "dom-2", "dom-3", "dom-4", "dom-5", "dom-6"}
)
"""Keys of R4's that no tree of the table bears."""


def constraint(told: Mapping[str, Any], kind: str) -> Constraint | None:
    """The constraint on a focus of this type, or None when it is one of R4's own."""
    key, expression = told["key"], told.get("expression")
    if key in _keys_of_r4():
        return None
    if not expression:
        raise NotHonoured(f"the constraint {key} has no FHIRPath")
    if found := _REFUSED.search(_STRING.sub("''", expression)):
        raise NotHonoured(
            f"the constraint {key} uses {found[0].strip('( ')}, which one resource cannot answer"
        )
    severity = WARNING if told.get("severity") == "warning" else ERROR
    try:
        holds = _closure(expression, kind) or _engine(expression, kind)
    except NotHonoured:
        raise
    except Exception:
        # The parser's own words quote the expression, and tell nothing that the key does not.
        raise NotHonoured(f"the constraint {key} is no FHIRPath that can be read here") from None
    return Constraint(key, told.get("human", ""), severity, holds)


@cache
def _keys_of_r4() -> frozenset[str]:
    lists = [kind.invariants for kind in MODEL.types.values()]
    lists += [one.invariants for kind in MODEL.types.values() for one in kind.elements.values()]
    return _BUILT_IN | {one.key for each in lists for one in each} | frozenset(MODEL.unchecked)


def _closure(expression: str, kind: str) -> Condition | None:
    if _DECIMAL.search(expression):
        # R4's own grammar, which has no decimals, would take one for a text.
        return None
    try:
        tree = parse(expression)
    except NotFhirPath:
        return None
    tree = _settled(tree, kind)
    return condition(tree, kind) if understood(tree) and not _begins_with_a_type(tree) else None


def _settled(tree: Tree, kind: str) -> Tree:
    """``ofType()`` of the focus itself, whose type is known here: the focus, or nothing."""
    if tree[:3] == ["call", None, "ofType"] and kind not in _DERIVED:
        (asked,) = tree[3]
        return _FOCUS if asked == ["name", None, kind] else ["call", _FOCUS, "where", [["literal", False]]]
    return [_settled(part, kind) if isinstance(part, list) else part for part in tree]


def _begins_with_a_type(tree: Tree) -> bool:
    """``Patient.name``: a closure would look for an element of that name."""
    if isinstance(tree, list) and tree[:2] == ["name", None]:
        return str(tree[2])[:1].isupper()
    return isinstance(tree, list) and any(_begins_with_a_type(part) for part in tree)


@cache
def _run(expression: str) -> Callable[..., list[Any]]:
    # Imported here, as below: it takes a fifth of a second, and few profiles need it.
    import fhirpathpy
    from fhirpathpy.engine.invocations import invocation_registry
    from fhirpathpy.models import models

    _refuse_unknown(expression, invocation_registry)
    _refuse_torn(expression)
    run: Callable[..., list[Any]] = fhirpathpy.compile(expression, models["r4"])
    return run


def _refuse_unknown(expression: str, known: Container[str]) -> None:
    """Functions that the engine lacks would fail only when a resource comes."""
    for name in _CALLED.findall(_STRING.sub("''", expression)):
        if name not in known and name not in _OPERATORS:
            raise NotHonoured(f"a constraint uses {name}(), which one resource cannot answer here")


def _refuse_torn(expression: str) -> None:
    """The engine's parser forgives what it cannot read, and goes on with the rest of it."""
    grammar: Any = import_module("fhirpathpy.parser")
    lexer = grammar.FHIRPathLexer(grammar.InputStream(expression))
    lexer.removeErrorListeners()
    tokens = grammar.CommonTokenStream(lexer)
    found = grammar.FHIRPathParser(tokens)
    found.removeErrorListeners()
    found.expression()
    if found.getNumberOfSyntaxErrors() or tokens.LA(1) != grammar.Token.EOF:
        raise ValueError("torn")


def _engine(expression: str, kind: str) -> Condition:
    from fhirpathpy.engine.nodes import ResourceNode

    run = _run(expression)
    create: Callable[[Any, str], Any] = ResourceNode.create_node
    whole = "%" in expression

    def holds(focus: Json, resource: Json) -> bool | None:
        around = {"resource": _plain(resource), "rootResource": _plain(resource)} if whole else {}
        value = _plain(focus)
        # A resource bears its type itself; told once more, it would not answer to its own name.
        found = run(value if kind in MODEL.resources else create(value, kind), around)
        if len(found) > 1:
            raise TypeError("a constraint gave several answers")
        return (found[0] if isinstance(found[0], bool) else True) if found else None

    return holds


def _plain(value: Json) -> Any:
    """A copy with plain numbers: the engine writes into what it is given, and knows no numbers as text."""
    return msgspec.json.decode(dumps(value))
