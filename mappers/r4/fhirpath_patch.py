"""FHIRPath Patch (http://hl7.org/fhir/R4/fhirpatch.html): Parameters that say how a resource changes. Pure.

What is given stays as it was; all operations are done or none. Where an element has to be one and is none or
several, the patch fails: it was written for another state of the resource.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mappers.lossless import Json
from mappers.r4 import patch_paths as paths
from mappers.r4.patch_paths import Item, Many, Node
from mappers.r4.patch_values import value_of
from mappers.r4.patching import CannotPatch, copied, unmet

OPERATION = "operation"


@dataclass(frozen=True, slots=True)
class _Asked:
    """The parts of one operation, by name."""

    root: Node
    parts: Mapping[str, Mapping[str, Json]]

    def text(self, name: str) -> str:
        found = _only(self.parts.get(name, {}), ("valueString", "valueCode"))
        if not isinstance(found, str):
            raise CannotPatch(f"The operation needs a part {name} with a text.")
        return found

    def index(self, name: str) -> int:
        found = _only(self.parts.get(name, {}), ("valueInteger", "valueUnsignedInt", "valuePositiveInt"))
        if not isinstance(found, int) or isinstance(found, bool) or found < 0:
            raise CannotPatch(f"The operation needs a part {name} with a whole number from 0.")
        return found

    def value(self) -> Mapping[str, Json]:
        if "value" not in self.parts:
            raise CannotPatch("The operation needs a part value.")
        return self.parts["value"]

    def one(self) -> Node:
        found = paths.select(self.root, self.text("path"))
        if len(found) != 1:
            raise unmet("The path must lead to one element, and leads to none or several.")
        return found[0]

    def collection(self) -> Many:
        return paths.collection(self.root, self.text("path"))


def applied(resource: dict[str, Json], parameters: Json) -> dict[str, Json]:
    """The resource after every operation. Raises ``CannotPatch``, naming the operation."""
    changed: dict[str, Json] = copied(resource)
    root = paths.root(changed)
    given = parameters.get("parameter", []) if isinstance(parameters, dict) else None
    if given is None or not isinstance(given, list) or parameters.get("resourceType") != "Parameters":
        raise CannotPatch("A FHIRPath Patch is a Parameters resource.")
    for number, parameter in enumerate(given):
        try:
            _do(root, parameter)
        except CannotPatch as refusal:
            refusal.operation = number
            raise
    return changed


def _do(root: Node, parameter: Json) -> None:
    if not isinstance(parameter, dict) or parameter.get("name") != OPERATION:
        raise CannotPatch("Each parameter of a patch is named operation.")
    listed = parameter.get("part")
    parts = [part for part in listed if isinstance(part, dict)] if isinstance(listed, list) else []
    names = [str(part.get("name")) for part in parts]
    if len(set(names)) < len(names):
        raise CannotPatch("An operation has the same part twice.")
    asked = _Asked(root, dict(zip(names, parts, strict=True)))
    deed = _DEEDS.get(asked.text("type"))
    if deed is None:
        raise CannotPatch("The type must be add, insert, delete, replace or move.")
    deed(asked)


def _add(asked: _Asked) -> None:
    holder = asked.one()
    item, kind = _made(holder, asked.text("name"), asked.value())
    many = paths.child(holder, asked.text("name"), kind)
    if many.items and not many.repeats:
        raise unmet("The element is there already, and there can be only one; replace it.")
    many.put([*many.items, item])


def _insert(asked: _Asked) -> None:
    many, at = _repeating(asked.collection()), asked.index("index")
    if at > len(many.items):
        raise unmet("The index is beyond the end of the list.")
    item, _ = value_of(many.element, asked.value())
    many.put([*many.items[:at], item, *many.items[at:]])


def _delete(asked: _Asked) -> None:
    found = paths.select(asked.root, asked.text("path"))
    if len(found) > 1:
        raise unmet("Only a single element can be deleted, and the path leads to several.")
    for node in found:
        paths.removed(_inside(node))


def _replace(asked: _Asked) -> None:
    node = _inside(asked.one())
    item, kind = value_of(node.element, asked.value())
    paths.replaced(node, item, kind)


def _move(asked: _Asked) -> None:
    many, source, target = _repeating(asked.collection()), asked.index("source"), asked.index("destination")
    if max(source, target) >= len(many.items):
        raise unmet("An index is beyond the end of the list.")
    rest = [*many.items[:source], *many.items[source + 1 :]]
    many.put([*rest[:target], many.items[source], *rest[target:]])


_DEEDS: Mapping[str, Callable[[_Asked], None]] = {
    "add": _add,
    "insert": _insert,
    "delete": _delete,
    "replace": _replace,
    "move": _move,
}


def _made(holder: Node, name: str, part: Mapping[str, Json]) -> tuple[Item, str]:
    return value_of(paths.element_of(holder, name), part)


def _inside(node: Node) -> Node:
    if node.above is None:
        raise CannotPatch("The path must lead into the resource, not to the resource itself.")
    return node


def _repeating(many: Many) -> Many:
    if not many.repeats:
        raise CannotPatch("The path must lead to an element that repeats.")
    return many


def _only(part: Mapping[str, Any], names: tuple[str, ...]) -> Json:
    return next((part[name] for name in names if name in part), None)
