"""R4's invariants as Python closures: each condition's tree is turned once into functions on JSON values.

Three-valued like FHIRPath: ``None`` is the empty collection. An invariant is broken only when it says False.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from mappers.lossless import Json, dumps, exact
from mappers.r4 import dates
from mappers.r4.fhirpath import Tree
from mappers.r4.model import MODEL, PRIMITIVE

Condition: TypeAlias = Callable[[Json, Json], bool | None]
"""From the focus and the resource that it lies in."""
_Nodes: TypeAlias = Callable[[Json, Json], list[Json]]

_CONSTANTS = {"%ucum": "http://unitsofmeasure.org"}
_LOGIC = frozenset({"and", "or", "xor", "implies"})
_OPERATORS = _LOGIC | {"=", "!=", "<", ">", "<=", ">=", "in", "contains", "|", "&", "+"}
_FUNCTIONS = frozenset(
    {"all", "allFalse", "contains", "count", "empty", "exists", "first", "hasValue", "intersect", "is",
     "isDistinct", "not", "select", "startsWith", "tail", "trace", "where"}
)  # fmt: skip
_COLLECTING = frozenset({"where", "select", "first", "tail", "trace", "count", "intersect"})
_TYPES = {
    "Boolean": "boolean",
    "decimal": "decimal",
    "Composition": "Composition",
    "MessageHeader": "MessageHeader",
}


def understood(tree: Tree) -> bool:
    """Whether ``condition`` can be made from this tree."""
    match tree:
        case ["literal", _]:
            return True
        case ["variable", name]:
            return name in ("$this", "%resource") or name in _CONSTANTS
        case ["name", base, _] | ["index", base, _]:
            return base is None or understood(base)
        case ["call", base, function, arguments]:
            known = function in _FUNCTIONS and (base is None or understood(base))
            return known and all(understood(argument) for argument in arguments)
        case ["is", base, kind]:
            return kind in _TYPES and understood(base)
        case [operator, left, right]:
            return operator in _OPERATORS and understood(left) and understood(right)
    return False


def condition(tree: Tree, kind: str | None) -> Condition:
    """The condition on a focus of this type."""
    match tree:
        case [("and" | "or" | "xor" | "implies") as operator, left, right]:
            return _logic(operator, condition(left, kind), condition(right, kind))
        case [("=" | "!=" | "<" | ">" | "<=" | ">=") as operator, left, right]:
            return _comparison(operator, _nodes(left, kind)[0], _nodes(right, kind)[0])
        case ["in", left, right] | ["contains", right, left]:
            return _membership(_nodes(left, kind)[0], _nodes(right, kind)[0])
        case ["is", base, name]:
            return _type_test(_nodes(base, kind)[0], name)
        case ["call", base, function, arguments]:
            made = _call(base, function, arguments, kind)
            if made is not None:
                return made
    return _as_condition(_nodes(tree, kind)[0])


def _as_condition(nodes: _Nodes) -> Condition:
    def truth(focus: Json, resource: Json) -> bool | None:
        found = nodes(focus, resource)
        if not found:
            return None
        return found[0] if isinstance(found[0], bool) else True

    return truth


# --- logic -----------------------------------------------------------------------------------------------


def _logic(operator: str, left: Condition, right: Condition) -> Condition:
    if operator == "and":
        return lambda f, r: False if (a := left(f, r)) is False else _and(a, right(f, r))
    if operator == "or":
        return lambda f, r: True if (a := left(f, r)) else _or(a, right(f, r))
    if operator == "implies":
        return lambda f, r: True if (a := left(f, r)) is False else _or(_negated(a), right(f, r))
    return lambda f, r: None if (a := left(f, r)) is None or (b := right(f, r)) is None else a is not b


def _and(a: bool | None, b: bool | None) -> bool | None:
    if a is False or b is False:
        return False
    return None if a is None or b is None else True


def _or(a: bool | None, b: bool | None) -> bool | None:
    if a or b:
        return True
    return None if a is None or b is None else False


def _negated(told: bool | None) -> bool | None:
    return None if told is None else not told


# --- functions that answer yes or no ---------------------------------------------------------------------


def _call(base: Tree | None, function: str, arguments: list[Tree], kind: str | None) -> Condition | None:
    if function == "not" and base is not None:
        inner_condition = condition(base, kind)
        return lambda f, r: _negated(inner_condition(f, r))
    if function in ("exists", "empty") and not arguments:
        there = _presence(base, kind)
        return there if function == "exists" else (lambda f, r: not there(f, r))
    nodes, inner = _nodes(base, kind)
    if function == "exists":
        test = condition(arguments[0], inner)
        return lambda f, r: any(test(node, r) for node in nodes(f, r))
    if function == "all":
        test = condition(arguments[0], inner)
        return lambda f, r: all(test(node, r) is not False for node in nodes(f, r))
    if function in ("startsWith", "contains"):
        wanted = arguments[0][1]
        return _on_text(nodes, str.startswith if function == "startsWith" else str.__contains__, wanted)
    if function == "is":
        return _type_test(nodes, arguments[0][2])
    simple = {
        "hasValue": lambda f, r: any(not isinstance(node, dict) for node in nodes(f, r)),
        "isDistinct": lambda f, r: _distinct(nodes(f, r)),
        "allFalse": lambda f, r: all(node is False for node in nodes(f, r)),
    }
    return simple.get(function)


def _on_text(nodes: _Nodes, test: Callable[[str, str], bool], wanted: str) -> Condition:
    def told(focus: Json, resource: Json) -> bool | None:
        found = nodes(focus, resource)
        return test(found[0], wanted) if found and isinstance(found[0], str) else None

    return told


def _presence(base: Tree | None, kind: str | None) -> Condition:
    """``x.exists()``; for an element of the focus itself it is one look into the dict."""
    if _is_primitive(kind):
        return lambda f, r: base is None
    if base is not None and base[0] == "name" and base[1] is None and kind is not None:
        names = tuple(name for key, _ in _keys(kind, base[2]) for name in (key, f"_{key}"))
        if len(names) == 2:
            plain, extended = names
            return lambda f, r: type(f) is dict and (plain in f or extended in f)
        return lambda f, r: type(f) is dict and any(name in f for name in names)
    nodes = _nodes(base, kind)[0]
    return lambda f, r: bool(nodes(f, r))


def _is_primitive(kind: str | None) -> bool:
    return kind is not None and kind in MODEL.types and MODEL.types[kind].kind == PRIMITIVE


def _distinct(nodes: list[Json]) -> bool:
    return len(nodes) == len({node if isinstance(node, str) else dumps(node) for node in nodes})


def _type_test(nodes: _Nodes, name: str) -> Condition:
    kind = _TYPES[name]
    if kind == "boolean":
        return lambda f, r: None if not (found := nodes(f, r)) else isinstance(found[0], bool)
    if kind == "decimal":
        return lambda f, r: None if not (found := nodes(f, r)) else _is_number(found[0])
    return lambda f, r: None if not (found := nodes(f, r)) else found[0].get("resourceType") == kind


# --- comparison ------------------------------------------------------------------------------------------


def _comparison(operator: str, left: _Nodes, right: _Nodes) -> Condition:
    def compare(focus: Json, resource: Json) -> bool | None:
        a, b = left(focus, resource), right(focus, resource)
        if not a or not b:
            return None
        if operator in ("=", "!="):
            return (len(a) == len(b) and all(map(_equal, a, b))) is (operator == "=")
        place = _order(a[0], b[0])
        return None if place is None else _PLACES[operator](place)

    return compare


_PLACES: dict[str, Callable[[int], bool]] = {
    "<": lambda place: place < 0,
    ">": lambda place: place > 0,
    "<=": lambda place: place <= 0,
    ">=": lambda place: place >= 0,
}


def _membership(left: _Nodes, right: _Nodes) -> Condition:
    def within(focus: Json, resource: Json) -> bool | None:
        found = left(focus, resource)
        return any(_equal(found[0], other) for other in right(focus, resource)) if found else None

    return within


def _is_number(value: Json) -> bool:
    return isinstance(value, int | msgspec.Raw) and not isinstance(value, bool)


def _equal(a: Json, b: Json) -> bool:
    if type(a) is str and type(b) is str:
        return a == b
    if _is_number(a) and _is_number(b):
        return exact(a) == exact(b)
    return type(a) is type(b) and bool(a == b)


def _order(a: Json, b: Json) -> int | None:
    if _is_number(a) and _is_number(b):
        one, other = exact(a), exact(b)
        return (one > other) - (one < other)
    if isinstance(a, dict) and isinstance(b, dict):
        return _order_quantities(a, b)
    return dates.order(a, b) if isinstance(a, str) and isinstance(b, str) else None


def _order_quantities(a: dict[str, Json], b: dict[str, Json]) -> int | None:
    """Quantities of one unit; others cannot be told apart here."""
    if (a.get("system"), a.get("code"), a.get("unit")) != (b.get("system"), b.get("code"), b.get("unit")):
        return None
    return _order(a.get("value"), b.get("value"))


# --- nodes -----------------------------------------------------------------------------------------------


def _nodes(tree: Tree | None, kind: str | None) -> tuple[_Nodes, str | None]:
    """What the expression finds, and its type when that is one."""
    match tree:
        case None | ["variable", "$this"]:
            return (lambda f, r: [f]), kind
        case ["literal", value]:
            return (lambda f, r: [value]), None
        case ["variable", "%resource"]:
            return (lambda f, r: [r]), None
        case ["variable", name]:
            constant = [_CONSTANTS[name]]
            return (lambda f, r: constant), None
        case ["name", base, name]:
            return _member(*_nodes(base, kind), name)
        case ["index", base, number]:
            nodes, inner = _nodes(base, kind)
            return (lambda f, r: nodes(f, r)[number : number + 1]), inner
        case ["call", base, name, given] if name in _COLLECTING:
            return _collection(base, name, given, kind)
        case ["|" | "&" | "+" as operator, left, right]:
            return _joined(operator, _nodes(left, kind)[0], _nodes(right, kind)[0]), None
    told = condition(tree, kind)
    return (lambda f, r: [] if (answer := told(f, r)) is None else [answer]), "boolean"


def _keys(kind: str | None, name: str) -> list[tuple[str, str | None]]:
    """The JSON keys of an element with their types; an element that the type does not know is its own key."""
    element = MODEL.types[kind].elements.get(name) if kind is not None and kind in MODEL.types else None
    return [(name, None)] if element is None else list(element.json_names())


def _member(nodes: _Nodes, kind: str | None, name: str) -> tuple[_Nodes, str | None]:
    keys = _keys(kind, name)
    names = [key for key, _ in keys]

    def step(focus: Json, resource: Json) -> list[Json]:
        found: list[Json] = []
        for node in nodes(focus, resource):
            if isinstance(node, dict):
                for key in names:
                    _gather(node, key, found)
        return found

    return step, keys[0][1] if len(keys) == 1 else None


def _gather(node: dict[str, Json], key: str, found: list[Json]) -> None:
    """Adds what the element holds; a primitive that has only extensions is its extensions' object."""
    value = node.get(key, node.get(f"_{key}"))
    if isinstance(value, list):
        found.extend(item for item in value if item is not None)
    elif value is not None:
        found.append(value)


def _collection(
    base: Tree | None, name: str, given: list[Tree], kind: str | None
) -> tuple[_Nodes, str | None]:
    nodes, inner = _nodes(base, kind)
    if name == "where":
        test = condition(given[0], inner)
        return (lambda f, r: [node for node in nodes(f, r) if test(node, r)]), inner
    if name == "select":
        pick, picked = _nodes(given[0], inner)
        return (lambda f, r: [found for node in nodes(f, r) for found in pick(node, r)]), picked
    if name == "intersect":
        other = _nodes(given[0], kind)[0]
        return (lambda f, r: [node for node in nodes(f, r) if node in other(f, r)]), inner
    simple: dict[str, _Nodes] = {
        "first": lambda f, r: nodes(f, r)[:1],
        "tail": lambda f, r: nodes(f, r)[1:],
        "trace": nodes,
        "count": lambda f, r: [len(nodes(f, r))],
    }
    return simple[name], inner


def _joined(operator: str, left: _Nodes, right: _Nodes) -> _Nodes:
    if operator == "|":
        return lambda f, r: left(f, r) + right(f, r)
    if operator == "&":
        return lambda f, r: ["".join(str(node) for node in (*left(f, r)[:1], *right(f, r)[:1]))]
    return lambda f, r: [sum(node for node in (*left(f, r), *right(f, r)) if isinstance(node, int))]
