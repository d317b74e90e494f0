"""Search on R4 resources: the rows that find one, and what a query asks of rows and of resources.

Rows only narrow. ``queries`` says which rows a hit must have; ``matches`` is the truth, told on the opened
resource. A parameter, modifier or value that is not understood is an error: a filter that is dropped in
silence answers with somebody else's data.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from mappers.lossless import Json
from mappers.r4 import search_composite as composite
from mappers.r4 import search_parts as parts
from mappers.r4.model import MODEL, Composite, Parameter
from mappers.r4.search_rows import reference_names, rows
from mappers.r4.search_terms import (
    MalformedValue,
    Query,
    Rows,
    Side,
    UnknownParameter,
    UnsupportedModifier,
    parameters,
)

__all__ = [
    "MalformedValue",
    "Query",
    "Rows",
    "Side",
    "UnknownParameter",
    "UnsupportedModifier",
    "clinical_rows",
    "identity_rows",
    "is_resource",
    "known",
    "matches",
    "parameters",
    "queries",
    "query",
    "reference_names",
    "source_rows",
]


def known(resource_type: str) -> Mapping[str, Parameter | Composite]:
    """All search parameters of a type by name."""
    return {**parameters(resource_type), **composite.composites(resource_type)}


def clinical_rows(clinical_half: dict[str, Json]) -> Rows:
    """The rows of a clinical half: all parameters but those that tell who somebody is."""
    return rows(clinical_half, Side.CLINICAL)


def identity_rows(original: dict[str, Json]) -> Rows:
    """The rows of a resource as it was sent: identifiers, names, addresses, contacts, texts, birth dates."""
    return rows(original, Side.IDENTITY)


def source_rows(original: dict[str, Json], keys: Collection[str] | None = None) -> Rows:
    """What ``clinical_rows`` would be of a resource as it was sent: a half may lack some of it.

    With ``keys`` only of these elements of the resource. References stand as they were sent.
    """
    return rows(original, Side.SOURCE, keys)


def queries(resource_type: str, name: str, modifier: str | None, value: str) -> tuple[Query, ...]:
    """The candidates for one ``name:modifier=value``, each of which must hold."""
    if name in composite.composites(resource_type):
        return composite.queries(resource_type, name, modifier, value)
    return (query(resource_type, name, modifier, value),)


def query(resource_type: str, name: str, modifier: str | None, value: str) -> Query:
    """The candidates for a parameter that is no composite; values between commas are alternatives."""
    return parts.query(parts.asked(resource_type, name, modifier), value)


def matches(
    resource: dict[str, Json], resource_type: str, name: str, modifier: str | None, value: str
) -> bool:
    """Whether the resource answers ``name:modifier=value``."""
    if name in composite.composites(resource_type):
        return composite.matches(resource, resource_type, (name, modifier), value)
    return parts.matches(resource, parts.asked(resource_type, name, modifier), value)


def is_resource(name: str) -> bool:
    """Whether R4 has such a resource type."""
    return name in MODEL.resources
