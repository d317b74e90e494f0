"""Search on R4 resources: the rows that find one, and what a query asks of rows and of resources.

Rows only narrow. ``query`` says which rows a hit must have; ``matches`` is the truth, told on the opened
resource. A parameter, modifier or value that is not understood is an error: a filter that is dropped in
silence answers with somebody else's data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from mappers.lossless import Json
from mappers.r4 import search_names as names
from mappers.r4 import search_ranges as line
from mappers.r4.model import MODEL, Parameter, Path
from mappers.r4.search_rows import BIRTH_DATE, rows
from mappers.r4.search_terms import (
    IN_THE_STORE,
    Asked,
    MalformedValue,
    Query,
    Rows,
    Side,
    UnknownParameter,
    UnsupportedModifier,
    found,
    parameters,
    plain,
    split,
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
    "matches",
    "parameters",
    "query",
    "source_rows",
]

_MODIFIERS = {
    "token": frozenset({"not", "missing"}),
    "reference": frozenset({"identifier", "missing"}),
    "string": frozenset({"contains", "exact", "missing"}),
    "date": frozenset({"missing"}),
    "number": frozenset({"missing"}),
    "quantity": frozenset({"missing"}),
    "uri": frozenset({"missing"}),
}
"""For each kind of parameter the modifiers that it takes; a reference takes names of types as well."""

_BARRED = frozenset({"token", "quantity", "number"})
"""Kinds whose values have parts, with bars between them."""


def clinical_rows(clinical_half: dict[str, Json]) -> Rows:
    """The rows of a clinical half: all parameters but those that tell who somebody is."""
    return rows(clinical_half, Side.CLINICAL)


def identity_rows(original: dict[str, Json]) -> Rows:
    """The rows of a resource as it was sent: identifiers, names, addresses, contacts, texts, birth dates."""
    return rows(original, Side.IDENTITY)


def source_rows(original: dict[str, Json]) -> Rows:
    """The codes of a resource as it was sent: a half may lack some, which its source still looks for."""
    return rows(original, Side.SOURCE)


def query(resource_type: str, name: str, modifier: str | None, value: str) -> Query:
    """The candidates for one ``name:modifier=value``; values separated by commas are alternatives."""
    asked = _asked(resource_type, name, modifier)
    if modifier == "missing":
        _truth(value)
        return Query(asked.side, everything=True)
    parts = [_candidates(asked, part) for part in split(value, ",")]
    sides = {part.side for part in parts}
    if modifier == "not" or len(sides) > 1 or any(part.everything for part in parts):
        return Query(Side.IDENTITY if Side.IDENTITY in sides else Side.CLINICAL, everything=True)
    tokens = dict.fromkeys(token for part in parts for token in part.tokens)
    ranges = dict.fromkeys(one for part in parts for one in part.ranges)
    return Query(parts[0].side, tuple(tokens), tuple(ranges))


def matches(
    resource: dict[str, Json], resource_type: str, name: str, modifier: str | None, value: str
) -> bool:
    """Whether the resource answers ``name:modifier=value``."""
    asked = _asked(resource_type, name, modifier)
    there = list(_values(resource, asked.parameter))
    if modifier == "missing":
        return (not there) is _truth(value)
    parts = split(value, ",")
    held = any(_holds(asked, path, one, part) for path, one in there for part in parts)
    return held is not (modifier == "not")


def _asked(resource_type: str, name: str, modifier: str | None) -> Asked:
    parameter = parameters(resource_type).get(name)
    if parameter is None:
        raise UnknownParameter
    of_type = parameter.type == "reference" and modifier in MODEL.resources
    if modifier is not None and modifier not in _MODIFIERS[parameter.type] and not of_type:
        raise UnsupportedModifier
    return Asked(resource_type, parameter, modifier)


def _truth(value: str) -> bool:
    if value not in ("true", "false"):
        raise MalformedValue
    return value == "true"


def _values(resource: dict[str, Json], parameter: Parameter) -> Iterator[tuple[Path, Json]]:
    """What stands at the parameter's places; where only presence counts, whether anything does."""
    pairs = [(path, value) for path in parameter.paths for value in found(resource, path)]
    if parameter.paths[0].leaf == "exists":
        yield parameter.paths[0], any(value is not False for _, value in pairs)
    else:
        yield from pairs


def _candidates(asked: Asked, part: str) -> Query:
    kind = asked.parameter.type
    if asked.parameter.name in IN_THE_STORE:
        return Query(Side.CLINICAL, everything=True)
    if asked.modifier == "identifier":
        return names.logical_candidates(asked, part)
    part = part if kind in _BARRED else plain(part)
    if asked.parameter.name == BIRTH_DATE and line.is_whole_day(part):
        return names.birth_date_candidates(part)
    return _CANDIDATES[kind](asked, part)


_CANDIDATES: Mapping[str, Callable[[Asked, str], Query]] = {
    "date": line.date_candidates,
    "number": line.quantity_candidates,
    "quantity": line.quantity_candidates,
    "reference": names.reference_candidates,
    "string": names.string_candidates,
    "token": names.token_candidates,
    "uri": names.uri_candidates,
}


def _holds(asked: Asked, path: Path, value: Json, part: str) -> bool:
    if asked.modifier == "identifier":
        return names.logical_holds(value, part)
    part = part if asked.parameter.type in _BARRED else plain(part)
    match asked.parameter.type:
        case "token":
            return names.token_holds(asked, path, value, part)
        case "reference":
            return names.reference_holds(asked, path, value, part)
        case "string":
            return names.string_holds(asked, value, part)
        case "uri":
            return names.uri_holds(path, value, part)
        case "date":
            return line.date_holds(value, part)
    return line.quantity_holds(value, part)
