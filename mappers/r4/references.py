"""Every place where a resource points at another, what the text means, and how to point elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from mappers.lossless import Json
from mappers.r4.model import MODEL


@dataclass(frozen=True, slots=True)
class Literal:
    """``Type/id`` or ``Type/id/_history/version`` on this server."""

    type: str
    id: str
    version: str | None = None

    def __str__(self) -> str:
        history = "" if self.version is None else f"/_history/{self.version}"
        return f"{self.type}/{self.id}{history}"


@dataclass(frozen=True, slots=True)
class Urn:
    """``urn:uuid:…`` or ``urn:oid:…``: another entry of the same bundle."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Conditional:
    """``Type?query``: whatever the search finds, if it is one."""

    type: str
    query: str

    def __str__(self) -> str:
        return f"{self.type}?{self.query}"


@dataclass(frozen=True, slots=True)
class Fragment:
    """``#id``: a contained resource; ``#`` alone the one that contains."""

    id: str

    def __str__(self) -> str:
        return f"#{self.id}"


@dataclass(frozen=True, slots=True)
class Absolute:
    """Anything else: a URL on some server, a canonical, or a text that is no reference at all."""

    text: str

    def __str__(self) -> str:
        return self.text


_Change: TypeAlias = Callable[[str], str]
Target: TypeAlias = Literal | Urn | Conditional | Fragment | Absolute

_ID = r"[A-Za-z0-9\-.]{1,64}"
_literal = re.compile(rf"([A-Z][A-Za-z]+)/({_ID})(?:/_history/({_ID}))?").fullmatch


def parse(text: str) -> Target:
    """What a reference means; ``str()`` of it is the text again."""
    if text.startswith("#"):
        return Fragment(text[1:])
    if text.startswith(("urn:uuid:", "urn:oid:")):
        return Urn(text)
    found = _literal(text)
    if found is not None and found[1] in MODEL.resources:
        return Literal(found[1], found[2], found[3])
    kind, question, query = text.partition("?")
    if question and kind in MODEL.resources:
        return Conditional(kind, query)
    return Absolute(text)


def pointers(resource: dict[str, Json]) -> Iterator[str]:
    """Every ``Reference.reference`` at any depth, contained resources and extensions included."""
    return (text for key, text in _texts(resource) if key == "reference")


def references(resource: dict[str, Json]) -> Iterator[str]:
    """Every ``Reference.reference``, and every URI or canonical that is a ``urn:uuid:`` or a ``urn:oid:``, at
    any depth.

    Such a URI can be the name of another entry of the bundle, and is then rewritten with it; unlike a pointer
    it may as well name something that lies nowhere near. Elements of type ``uuid`` and ``oid`` can hold
    nothing but such a name, and stay as they are.
    """
    return (text for _, text in _texts(resource))


def places(resource: dict[str, Json], at: str) -> Iterator[tuple[str, str]]:
    """Every ``Reference.reference`` with the FHIRPath where it stands, in the order of the resource."""
    for key, value in resource.items():
        items = list(enumerate(value)) if type(value) is list else [(None, value)]
        for number, item in items:
            place = f"{at}.{key}" if number is None else f"{at}.{key}[{number}]"
            if type(item) is dict:
                yield from places(item, place)
            elif key == "reference" and type(item) is str:
                yield place, item


def rewrite(resource: dict[str, Json], change: _Change, narrative: _Change | None = None) -> dict[str, Json]:
    """The resource with each of its ``references`` changed, and by ``narrative`` each ``div``; what was given
    stays as it was."""
    return _rewritten(resource, change, narrative)


_URIS = frozenset({"uri", "url", "canonical"})
_NAMES = ("urn:uuid:", "urn:oid:")


@cache
def _uri_names() -> frozenset[str]:
    """JSON names that bear URIs somewhere; what a ``system`` or ``fullUrl`` names is no link."""
    names = {
        key for name in MODEL.types for key, (_, kind) in MODEL.json_names(name).items() if kind in _URIS
    }
    return frozenset(names - {"system", "fullUrl"})


def _is_reference(key: str, text: str) -> bool:
    return key == "reference" or (text.startswith(_NAMES) and key in _uri_names())


def _texts(resource: dict[str, Json]) -> Iterator[tuple[str, str]]:
    stack: list[tuple[str, Json]] = [("", resource)]
    while stack:
        key, value = stack.pop()
        if type(value) is dict:
            stack.extend(value.items())
        elif type(value) is list:
            stack.extend((key, item) for item in value)
        elif type(value) is str and _is_reference(key, value):
            yield key, value


def _rewritten(node: dict[str, Json], change: _Change, narrative: _Change | None) -> dict[str, Json]:
    """Copied only along the way to what changes: most of a resource is shared with what was given."""
    made: dict[str, Json] | None = None
    for key, value in node.items():
        kind = type(value)
        new: object
        if kind is str:
            if key == "reference" or (value[:4] == "urn:" and _is_reference(key, value)):
                new = change(value)
            elif narrative is not None and key == "div":
                new = narrative(value)
            else:
                continue
        elif kind is dict:
            new = _rewritten(value, change, narrative)
        elif kind is list:
            new = _rewritten_items(key, value, change, narrative)
        else:
            continue
        if new is not value:
            made = dict(node) if made is None else made
            made[key] = new
    return node if made is None else made


def _rewritten_items(key: str, items: list[Json], change: _Change, narrative: _Change | None) -> list[Json]:
    made = [_rewritten_item(key, item, change, narrative) for item in items]
    return made if any(new is not old for new, old in zip(made, items, strict=True)) else items


def _rewritten_item(key: str, item: Json, change: _Change, narrative: _Change | None) -> Json:
    if type(item) is dict:
        return _rewritten(item, change, narrative)
    if type(item) is list:
        return _rewritten_items(key, item, change, narrative)
    return change(item) if type(item) is str and _is_reference(key, item) else item
