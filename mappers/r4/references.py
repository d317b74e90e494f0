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
_How: TypeAlias = tuple[_Change, _Change | None]
"""What becomes of references, and of narratives."""
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
    """Every ``Reference.reference``, and every URI that is a ``urn:uuid:`` or a ``urn:oid:``, at any depth.

    Such a URI can be the name of another entry of the bundle, and is then rewritten with it; unlike a pointer
    it may as well name something that lies nowhere near. A canonical is never the name of an entry (R4,
    http.html, transactions).
    """
    return (text for _, text in _texts(resource))


def rewrite(resource: dict[str, Json], change: _Change, narrative: _Change | None = None) -> dict[str, Json]:
    """The resource with each of its ``references`` changed, and by ``narrative`` each ``div``; what was given
    stays as it was.

    An element of type ``uuid`` or ``oid`` can hold nothing but a urn. Where ``change`` turns its text to a
    ``Type/id`` of which the id is a UUID, or an OID, it becomes the urn of that id; else it stays.
    """
    return _rewritten(resource, (change, narrative), _NO_NAMES)


_NAMES = ("urn:uuid:", "urn:oid:")
_LINKS, _CANONICALS, _IDS = frozenset({"uri", "url"}), frozenset({"canonical"}), frozenset({"uuid", "oid"})
_UNLINKED = frozenset({"system", "fullUrl"})
"""What these name is no link."""
_AS_URN = {
    "urn:uuid:": re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch,
    "urn:oid:": re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*))+").fullmatch,
}


@dataclass(frozen=True, slots=True)
class _Names:
    """JSON names within a resource of one type that bear links, and those that bear nothing but urns."""

    links: frozenset[str]
    ids: frozenset[str]


_NO_NAMES = _Names(frozenset(), frozenset())


@cache
def _names_of(kind: object) -> _Names:
    """Some names bear a uri in one type and a canonical in another: so they are told by the resource."""
    inside = [name for name in MODEL.types if _is_part(name, str(kind))]
    names = [(key, type_) for name in inside for key, (_, type_) in MODEL.json_names(name).items()]
    links, canonicals, ids = (
        frozenset(key for key, type_ in names if type_ in wanted) for wanted in (_LINKS, _CANONICALS, _IDS)
    )
    return _Names(links - canonicals - _UNLINKED, ids)


def _is_part(name: str, kind: str) -> bool:
    """Whether a type is a resource's own, or a data type that may stand in it."""
    owner = name.partition(".")[0]
    if owner == kind:
        return True
    # Definitions of elements are parts of profiles alone, and bear canonicals by common names.
    return owner not in MODEL.resources and (owner != "ElementDefinition" or kind == "StructureDefinition")


def _turned(key: str, text: str, change: _Change, names: _Names) -> str:
    """What becomes of a text that begins with ``urn:``, and is no reference."""
    if not text.startswith(_NAMES):
        return text
    if key in names.links:
        return change(text)
    return _renamed(text, change) if key in names.ids else text


def _renamed(text: str, change: _Change) -> str:
    prefix = next(name for name in _NAMES if text.startswith(name))
    target = parse(change(text))
    fits = isinstance(target, Literal) and _AS_URN[prefix](target.id)
    return f"{prefix}{target.id}" if isinstance(target, Literal) and fits else text


def _texts(resource: dict[str, Json]) -> Iterator[tuple[str, str]]:
    stack: list[tuple[str, Json, _Names]] = [("", resource, _NO_NAMES)]
    while stack:
        key, value, names = stack.pop()
        if type(value) is dict:
            names = _known(value["resourceType"]) if "resourceType" in value else names
            stack.extend((name, item, names) for name, item in value.items())
        elif type(value) is list:
            stack.extend((key, item, names) for item in value)
        elif type(value) is str and (key == "reference" or (value.startswith(_NAMES) and key in names.links)):
            yield key, value


def _known(kind: Json) -> _Names:
    """The names of a type of R4; of anything else none, and nothing of it is remembered."""
    return _names_of(kind) if type(kind) is str and kind in MODEL.resources else _NO_NAMES


def _rewritten(node: dict[str, Json], how: _How, names: _Names) -> dict[str, Json]:
    """Copied only along the way to what changes: most of a resource is shared with what was given."""
    made: dict[str, Json] | None = None
    change, narrative = how
    if "resourceType" in node:
        names = _known(node["resourceType"])
    for key, value in node.items():
        kind = type(value)
        new: object
        if kind is str:
            if key == "reference":
                new = change(value)
            elif value[:4] == "urn:":
                new = _turned(key, value, change, names)
            elif narrative is not None and key == "div":
                new = narrative(value)
            else:
                continue
        elif kind is dict:
            new = _rewritten(value, how, names)
        elif kind is list:
            new = _rewritten_items(key, value, how, names)
        else:
            continue
        if new is not value:
            made = dict(node) if made is None else made
            made[key] = new
    return node if made is None else made


def _rewritten_items(key: str, items: list[Json], how: _How, names: _Names) -> list[Json]:
    made = [_rewritten_item(key, item, how, names) for item in items]
    return made if any(new is not old for new, old in zip(made, items, strict=True)) else items


def _rewritten_item(key: str, item: Json, how: _How, names: _Names) -> Json:
    if type(item) is dict:
        return _rewritten(item, how, names)
    if type(item) is list:
        return _rewritten_items(key, item, how, names)
    return _turned(key, item, how[0], names) if type(item) is str and item[:4] == "urn:" else item
