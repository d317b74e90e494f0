"""Composite parameters: ``code-value-quantity=4548-4$gt7``, parts that must hold of one element together."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from mappers.lossless import Json
from mappers.r4 import search_parts as parts
from mappers.r4.model import MODEL, Composite, Parameter, Part, Path
from mappers.r4.search_terms import (
    Asked,
    MalformedValue,
    Query,
    UnsupportedModifier,
    found,
    is_indexed,
    split,
)


class _Place(NamedTuple):
    """A part, in which element it is looked for, and as what."""

    base: Path
    part: Part
    asked: Asked


def composites(resource_type: str) -> Mapping[str, Composite]:
    """The composite search parameters of a type by name."""
    return MODEL.composites.get(resource_type, {})


def queries(resource_type: str, name: str, modifier: str | None, value: str) -> tuple[Query, ...]:
    """The candidates for each part; several values are alternatives, so a part is any of theirs."""
    alternatives = _alternatives(_plain(resource_type, name, modifier), value)
    asked = _asked(resource_type, name)
    return tuple(
        parts.united([_candidates(one, texts[place]) for texts in alternatives])
        for place, one in enumerate(asked)
    )


def matches(
    resource: dict[str, Json], resource_type: str, parameter: tuple[str, str | None], value: str
) -> bool:
    """Whether the parts of an alternative hold of one element. ``parameter`` is name and modifier."""
    name, modifier = parameter
    composite, asked = _plain(resource_type, name, modifier), _asked(resource_type, name)
    alternatives = _alternatives(composite, value)
    return any(
        all(
            _holds(resource, node, _Place(base, part, one), text)
            for part, one, text in zip(composite.parts, asked, texts, strict=True)
        )
        for base in composite.bases
        for node in found(resource, base)
        for texts in alternatives
    )


def _plain(resource_type: str, name: str, modifier: str | None) -> Composite:
    if modifier is not None:
        raise UnsupportedModifier
    return composites(resource_type)[name]


def _alternatives(composite: Composite, value: str) -> list[list[str]]:
    found_texts = [split(text, "$") for text in split(value, ",")]
    if any(len(texts) != len(composite.parts) or not all(texts) for texts in found_texts):
        raise MalformedValue
    return found_texts


def _candidates(one: Asked, text: str) -> Query:
    query = parts.candidates(one, text)
    # A place that no parameter of its own looks at has no rows.
    indexed = all(is_indexed(one.kind, path) for path in one.parameter.paths)
    return query if indexed else Query(query.side, everything=True)


def _holds(resource: dict[str, Json], node: dict[str, Json], place: _Place, text: str) -> bool:
    base, part, one = place
    return any(
        parts.holds(one, path if part.whole else _below(base, path), value, text)
        for path in part.paths
        for value in found(resource if part.whole else node, path)
    )


@cache
def _asked(resource_type: str, name: str) -> tuple[Asked, ...]:
    """Each part as a parameter of its own, with its places from the root of the resource."""
    composite = composites(resource_type)[name]
    return tuple(Asked(resource_type, _parameter(composite, part)) for part in composite.parts)


def _parameter(composite: Composite, part: Part) -> Parameter:
    bases = composite.bases
    paths = part.paths if part.whole else [_below(base, path) for base in bases for path in part.paths]
    return Parameter(composite.name, part.type, tuple(paths), composite.url, "")


def _below(base: Path, path: Path) -> Path:
    return Path((*base.steps, *path.steps), path.leaf, path.target)
