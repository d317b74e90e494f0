"""The value of a FHIRPath Patch: a part's ``value[x]``, or parts within parts for what has no type's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mappers.lossless import Json
from mappers.r4.model import MODEL, Element
from mappers.r4.patch_paths import Item, Many, Node
from mappers.r4.patching import CannotPatch, copied

_STEM = "value"
_NO_VALUE = "A value must be a value[x], a resource, or parts."


def value_of(element: Element | None, part: Mapping[str, Json]) -> tuple[Item, str]:
    """What a part says an element is, and its type. Raises ``CannotPatch``."""
    if element is None:
        raise CannotPatch("The element is none that R4 has at this place.")
    if "resource" in part:
        return Item(copied(part["resource"])), "Resource"
    if "part" in part:
        return Item(_anonymous(element.types[0], part["part"])), element.types[0]
    return _typed(element, part)


def _typed(element: Element, part: Mapping[str, Json]) -> tuple[Item, str]:
    names = {key.removeprefix("_") for key in part if key.lstrip("_").startswith(_STEM)}
    if len(names) != 1:
        raise CannotPatch(_NO_VALUE)
    (name,) = names
    item = Item(copied(part.get(name)), copied(part.get(f"_{name}")))
    if not element.choice:
        return item, element.types[0]
    kind = _kind(name.removeprefix(_STEM))
    if kind not in element.types:
        raise CannotPatch("The value's type is none that this element can have.")
    return item, kind


def _kind(suffix: str) -> str:
    """``Quantity`` of ``valueQuantity``, ``dateTime`` of ``valueDateTime``."""
    small = suffix[:1].lower() + suffix[1:]
    return small if small in MODEL.types else suffix


def _anonymous(type_: str, parts: Any) -> dict[str, Json]:
    """An element that has no named type, put together of the parts that say its own elements."""
    made: dict[str, Json] = {}
    if type_ not in MODEL.types or not isinstance(parts, list):
        raise CannotPatch(_NO_VALUE)
    for part in parts:
        name = part.get("name") if isinstance(part, dict) else None
        element = MODEL.types[type_].elements.get(str(name))
        item, kind = value_of(element, part if isinstance(part, dict) else {})
        assert element is not None
        many = Many.of(Node(made, type_), element, kind)
        if many.items and not many.repeats:
            raise CannotPatch("A value has a part twice that there can be only one of.")
        many.put([*many.items, item])
    return made
