"""Canonical references: by its url, and perhaps its version, one resource names a definition.

Such a text names no place, so whoever follows it looks for the definitions that say that they are it. Which
types of these a place may name is R4's to say; where R4 leaves it open, or lists none, it is any of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from mappers.lossless import Json
from mappers.r4.model import MODEL, Path
from mappers.r4.search_terms import found, keys, parameters

URL = "url"
_PUBLISHED = ("url", "version", "publisher")
"""What every definition has; a Contract or a Device has a url and is none."""
_LEAVES = frozenset({"canonical", "uri"})


class Cited(NamedTuple):
    """What a text names: a definition of one of these types, in this version or, without one, in any."""

    url: str
    version: str | None
    types: frozenset[str]


@cache
def definitions() -> frozenset[str]:
    """The types that are published under a url, by which they can be found."""
    return frozenset(
        type_
        for type_ in MODEL.resources
        if URL in parameters(type_) and all(MODEL.element(f"{type_}.{key}") for key in _PUBLISHED)
    )


def cites(type_: str, name: str) -> bool:
    """Whether it is a reference parameter of the type that finds canonicals."""
    known = parameters(type_).get(name)
    return known is not None and known.type == "reference" and any(p.leaf in _LEAVES for p in known.paths)


def cited(resource: dict[str, Json], name: str) -> Iterator[Cited]:
    """What a reference parameter finds in a resource, of what names a definition."""
    type_ = str(resource["resourceType"])
    for path in parameters(type_)[name].paths:
        if path.leaf in _LEAVES:
            for text in found(resource, path):
                if isinstance(text, str):
                    yield Cited(*_parts(text, path.leaf), cited_types(type_, path))


def own(resource: dict[str, Json]) -> tuple[str, str | None] | None:
    """The url and version of a definition; None where it says no url."""
    url, version = resource.get(URL), resource.get("version")
    return (url, version if isinstance(version, str) else None) if isinstance(url, str) else None


@cache
def cited_types(type_: str, path: Path) -> frozenset[str]:
    """The types of definitions that a place of a type may name."""
    kind, element = type_, None
    for key in keys(path):
        element, _ = MODEL.json_names(kind)[key]
        kind = element.types[0]
    named = frozenset(() if element is None else element.targets) & definitions()
    return named or definitions()


def _parts(text: str, leaf: str) -> tuple[str, str | None]:
    """A uri is taken to the letter."""
    url, bar, version = text.partition("|")
    return (url, version) if bar and leaf == "canonical" else (text, None)
