"""Where a FHIRPath Patch changes a resource: paths that lead to places in it, and what can be done there.

A path is made of names, indexes, ``first()``, ``last()``, ``where(…)`` with ``=``, ``!=``, ``and``, ``or``
and ``exists()``, ``extension('url')`` and ``ofType(…)``. What else FHIRPath has computes values, and a
computed value is no place. A primitive and its extensions (``birthDate``, ``_birthDate``) are one element.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mappers.lossless import Json
from mappers.r4.fhirpath import NotFhirPath, Tree, parse
from mappers.r4.model import MODEL, Element
from mappers.r4.patching import CannotPatch, equal, unmet

_LONGEST = 500
"""Characters of a path: each step of it is walked within the one before."""

_NOT_SERVED = (
    "The path must be made of names, indexes, first(), last(), where(), extension() and ofType(), "
    "and begin with the resource's type."
)


class Item(NamedTuple):
    """One element as JSON has it: its value, and beside a primitive its id and extensions."""

    value: Json
    beside: Json = None


@dataclass(slots=True)
class Node:
    """An object in the resource, or one element of it with the place where it stands."""

    value: Json
    type: str
    above: Many | None = None
    index: int = 0

    @property
    def element(self) -> Element | None:
        return self.above.element if self.above else None


@dataclass(slots=True)
class Many:
    """All that stands under one name in an object: one element, or a list of them."""

    holder: Node
    element: Element
    key: str
    type: str
    items: list[Item]

    @classmethod
    def of(cls, holder: Node, element: Element, kind: str) -> Many:
        """The elements of this name and type, none yet perhaps."""
        key = {one: key for key, one in element.json_names()}.get(kind, element.name)
        return cls(holder, element, key, kind, list(_items(holder.value, key)))

    @property
    def repeats(self) -> bool:
        return self.element.max != 1

    def nodes(self) -> list[Node]:
        return [Node(item.value, _type(item.value, self.type), self, n) for n, item in enumerate(self.items)]

    def put(self, items: Sequence[Item]) -> None:
        """Let these stand there, in FHIR's own form; where none is left, the object may go as well."""
        self.items = list(items)
        _write(self.holder.value, self.key, self.items, self.repeats)
        if not self.holder.value and self.holder.above is not None:
            removed(self.holder)


def _type(value: Json, declared: str) -> str:
    kind = value.get("resourceType") if isinstance(value, dict) else None
    return kind if isinstance(kind, str) and kind in MODEL.resources else declared


def _items(holder: Mapping[str, Json], key: str) -> Iterator[Item]:
    value, beside = holder.get(key), holder.get(f"_{key}")
    if isinstance(value, list) or isinstance(beside, list):
        values, sides = value or [], beside or []
        for n in range(max(len(values), len(sides))):
            yield Item(values[n] if n < len(values) else None, sides[n] if n < len(sides) else None)
    elif value is not None or beside is not None:
        yield Item(value, beside)


def _write(holder: dict[str, Json], key: str, items: Sequence[Item], repeats: bool) -> None:
    for name, values in ((key, [i.value for i in items]), (f"_{key}", [i.beside for i in items])):
        if all(value is None for value in values):
            holder.pop(name, None)
        else:
            holder[name] = values if repeats else values[0]


# --- changing --------------------------------------------------------------------------------------------


def removed(node: Node) -> None:
    """Take one element away, and what is empty without it."""
    assert node.above is not None
    items = node.above.items
    node.above.put([*items[: node.index], *items[node.index + 1 :]])


def replaced(node: Node, item: Item, kind: str) -> None:
    """Put another value in an element's place; a choice may change its type with it."""
    assert node.above is not None
    many = node.above
    items = [*many.items[: node.index], item, *many.items[node.index + 1 :]]
    if many.element.choice and kind != many.type:
        _write(many.holder.value, many.key, [], many.repeats)
        many = Many.of(many.holder, many.element, kind)
    many.put(items)


# --- finding ---------------------------------------------------------------------------------------------


def root(resource: dict[str, Json]) -> Node:
    """The resource as the place where every path begins."""
    return Node(resource, str(resource.get("resourceType")))


def select(start: Node, text: str) -> list[Node]:
    """The elements that a path leads to. Raises ``CannotPatch`` for one that is not understood."""
    return _walk([start], start, _parsed(text))


def collection(start: Node, text: str) -> Many:
    """The list that a path leads to, empty perhaps; what holds it must be one element."""
    tree = _parsed(text)
    if tree[0] != "name" or tree[1] is None:
        raise CannotPatch("The path must end with the name of the list.")
    holders = _walk([start], start, tree[1])
    if len(holders) != 1:
        raise unmet("What holds the list must be one element, and is none or several.")
    return child(holders[0], tree[2])


def element_of(holder: Node, name: str) -> Element | None:
    """R4's definition of what a name means in an object."""
    kind = MODEL.types.get(holder.type)
    return kind.elements.get(name) if kind else None


def child(holder: Node, name: str, kind: str | None = None) -> Many:
    """What stands under a name in an object, of the kind given where nothing does yet.

    Raises ``CannotPatch`` for a name that R4 does not have there.
    """
    element = element_of(holder, name)
    if element is None or not isinstance(holder.value, dict):
        raise CannotPatch("The element is none that R4 has at this place.")
    there = [one for key, one in element.json_names() if key in holder.value or f"_{key}" in holder.value]
    return Many.of(holder, element, there[0] if there else kind or element.types[0])


def _parsed(text: str) -> Tree:
    if len(text) > _LONGEST:
        raise CannotPatch(_NOT_SERVED)
    try:
        return parse(text)
    except (NotFhirPath, ValueError, RecursionError):
        raise CannotPatch(_NOT_SERVED) from None


def _walk(focus: list[Node], start: Node, tree: Tree) -> list[Node]:
    """The nodes that a tree means, seen from the focus."""
    match tree:
        case ["name", None, name]:
            here = [node for node in focus if node is start and node.type == name]
            return here or _children(focus, name)
        case ["name", base, name]:
            return _children(_walk(focus, start, base), name)
        case ["index", base, number]:
            return _walk(focus, start, base)[number : number + 1]
        case ["variable", "$this"]:
            return focus
        case ["call", base, name, arguments]:
            before = focus if base is None else _walk(focus, start, base)
            return _called(before, name, arguments)
    raise CannotPatch(_NOT_SERVED)


def _children(focus: list[Node], name: str) -> list[Node]:
    known = [node for node in focus if isinstance(node.value, dict) and element_of(node, name) is not None]
    if focus and not known and all(isinstance(node.value, dict) for node in focus):
        raise CannotPatch("The path names an element that R4 does not have there.")
    return [found for node in known for found in child(node, name).nodes()]


def _called(focus: list[Node], name: str, arguments: list[Tree]) -> list[Node]:
    match name, arguments:
        case "first", []:
            return focus[:1]
        case "last", []:
            return focus[-1:]
        case "where", [condition]:
            return [node for node in focus if _holds(node, condition)]
        case "extension", [["literal", url]]:
            return [node for node in _children(focus, "extension") if node.value.get("url") == url]
        case "ofType" | "as", [["name", None, kind]]:
            return [node for node in focus if node.type == kind]
    raise CannotPatch(_NOT_SERVED)


def _holds(node: Node, tree: Tree) -> bool:
    match tree:
        case ["and", left, right]:
            return _holds(node, left) and _holds(node, right)
        case ["or", left, right]:
            return _holds(node, left) or _holds(node, right)
        case ["=" | "!=" as sign, left, right]:
            return _same(_values(node, left), _values(node, right)) is (sign == "=")
        case ["call", base, "exists", []]:
            return bool(_walk([node], node, base))
    raise CannotPatch(_NOT_SERVED)


def _values(node: Node, tree: Tree) -> list[Json]:
    return [tree[1]] if tree[0] == "literal" else [found.value for found in _walk([node], node, tree)]


def _same(one: list[Json], other: list[Json]) -> bool:
    return len(one) == len(other) == 1 and equal(one[0], other[0])
