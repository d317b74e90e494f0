"""Extensions whose definition is known, wherever they stand: where they may stand, and what they must say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from mappers.lossless import Json
from mappers.profiles.rules import Item, NotHonoured, kind_of
from mappers.r4.model import MODEL


class Place(NamedTuple):
    """An extension where it stands; ``on`` is all that a definition may call the element that bears it."""

    item: Item
    path: str
    on: frozenset[str]


class _Owner(NamedTuple):
    """An object on the way from the resource, innermost first."""

    name: str
    kind: str
    url: str | None
    outer: _Owner | None


def places(resource: Json, root: str, wanted: Callable[[str], bool]) -> Iterator[Place]:
    """Every extension in a resource whose url is wanted; those of contained resources too."""
    kind = kind_of(Item("", "Resource", resource))
    if kind in MODEL.resources:
        yield from _within(resource, _Owner(kind, kind, None, None), root, wanted)


def _within(
    value: dict[str, Json], owner: _Owner, path: str, wanted: Callable[[str], bool]
) -> Iterator[Place]:
    names = MODEL.json_names(_held_as(owner))
    for key, held in value.items():
        if type(held) is not dict and type(held) is not list:
            continue
        element, kind = names.get(key.removeprefix("_"), (None, ""))
        if element is None:
            continue
        repeats = element.max != 1
        for place, one in enumerate(held if type(held) is list else (held,)):
            if type(one) is not dict:
                continue
            step = f"{path}.{element.name}[{place}]" if repeats else f"{path}.{element.name}"
            url = one.get("url") if kind == "Extension" else None
            if type(url) is str and wanted(url):
                yield Place(Item(step, "Extension", one), step, _called(owner))
            inner = _Owner(element.name, kind_of(Item("", kind, one)), url, owner)
            if inner.kind in MODEL.types:
                yield from _within(one, inner, step, wanted)


def _held_as(owner: _Owner) -> str:
    """The type whose elements an object has: what stands beside a primitive has those of any element."""
    return owner.kind if MODEL.types[owner.kind].elements else "Element"


def _called(owner: _Owner) -> frozenset[str]:
    """The names of an element: its type, its paths from every type around it, an extension's url."""
    found, tail, outer = {owner.kind}, owner.name, owner.outer
    if isinstance(owner.url, str):
        found.add(owner.url)
    while outer is not None:
        found.add(f"{outer.kind}.{tail}")
        if outer.kind in MODEL.resources:
            break
        tail, outer = f"{outer.name}.{tail}", outer.outer
    return frozenset(found)


def contexts(told: Mapping[str, Any]) -> frozenset[str]:
    """Where an extension may stand, as its definition says; empty: anywhere."""
    found = set()
    for one in told.get("context", ()):
        if one["type"] not in ("element", "extension"):
            raise NotHonoured(f"an extension's context by {one['type']}")
        found.add(one["expression"].replace("[x]", ""))
    return frozenset() if found & {"Element", "Resource", "DomainResource"} else frozenset(found)
