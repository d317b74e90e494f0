"""One search parameter that is no composite: which rows its value asks for, and whether a resource has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from mappers.lossless import Json
from mappers.r4 import search_names as names
from mappers.r4 import search_ranges as line
from mappers.r4.model import MODEL, Parameter, Path
from mappers.r4.search_rows import BIRTH_DATE
from mappers.r4.search_terms import (
    IN_THE_STORE,
    Asked,
    MalformedValue,
    Query,
    Side,
    UnknownParameter,
    UnsupportedModifier,
    found,
    parameters,
    plain,
    split,
)

_MODIFIERS = {
    "token": frozenset({"missing", "not", "of-type", "text"}),
    "reference": frozenset({"identifier", "missing"}),
    "string": frozenset({"contains", "exact", "missing"}),
    "date": frozenset({"missing"}),
    "number": frozenset({"missing"}),
    "quantity": frozenset({"missing"}),
    "uri": frozenset({"missing"}),
}
"""For each kind of parameter the modifiers that it takes; a reference takes names of types as well."""

_OPENS_ALL = frozenset({"contains", "text"})
"""Modifiers that ask for what no row tells."""

_BARRED = frozenset({"token", "quantity", "number"})
"""Kinds whose values have parts, with bars between them."""


def asked(resource_type: str, name: str, modifier: str | None) -> Asked:
    """The parameter of a type; raises ``UnknownParameter`` or ``UnsupportedModifier``."""
    parameter = parameters(resource_type).get(name)
    if parameter is None:
        raise UnknownParameter
    if modifier is not None and not _takes(parameter, modifier):
        raise UnsupportedModifier
    return Asked(resource_type, parameter, modifier)


def _takes(parameter: Parameter, modifier: str) -> bool:
    if parameter.type == "reference" and modifier in MODEL.resources:
        return True
    if modifier == "of-type":
        return any(path.leaf == "Identifier" for path in parameter.paths)
    return modifier in _MODIFIERS[parameter.type]


def query(one: Asked, value: str) -> Query:
    """The candidates; values separated by commas are alternatives."""
    if one.modifier == "missing":
        _truth(value)
        return Query(one.side, everything=True)
    found_parts = [candidates(one, part) for part in split(value, ",")]
    if one.modifier == "not":
        return Query(one.side, everything=True)
    return united(found_parts)


def united(alternatives: Sequence[Query]) -> Query:
    """The candidates of any of these."""
    sides = {one.side for one in alternatives}
    if len(sides) > 1 or any(one.everything for one in alternatives):
        return Query(Side.IDENTITY if Side.IDENTITY in sides else Side.CLINICAL, everything=True)
    tokens = dict.fromkeys(token for one in alternatives for token in one.tokens)
    ranges = dict.fromkeys(span for one in alternatives for span in one.ranges)
    return Query(alternatives[0].side, tuple(tokens), tuple(ranges))


def matches(resource: dict[str, Json], one: Asked, value: str) -> bool:
    """Whether the resource has the value."""
    there = list(_values(resource, one.parameter))
    if one.modifier == "missing":
        return (not there) is _truth(value)
    wanted = split(value, ",")
    held = any(holds(one, path, item, part) for path, item in there for part in wanted)
    return held is not (one.modifier == "not")


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


def candidates(one: Asked, part: str) -> Query:
    """The candidates for one alternative."""
    kind = one.parameter.type
    if one.parameter.name in IN_THE_STORE:
        return Query(Side.CLINICAL, everything=True)
    if one.modifier == "identifier":
        return names.logical_candidates(one, part)
    if one.modifier == "of-type":
        return names.typed_candidates(one, part)
    part = part if kind in _BARRED else plain(part)
    if one.modifier in _OPENS_ALL:
        return Query(Side.IDENTITY, everything=True)
    if one.parameter.name == BIRTH_DATE and line.is_whole_day(part):
        return names.birth_date_candidates(part)
    return _CANDIDATES[kind](one, part)


_CANDIDATES: Mapping[str, Callable[[Asked, str], Query]] = {
    "date": line.date_candidates,
    "number": line.quantity_candidates,
    "quantity": line.quantity_candidates,
    "reference": names.reference_candidates,
    "string": names.string_candidates,
    "token": names.token_candidates,
    "uri": names.uri_candidates,
}


def holds(one: Asked, path: Path, value: Json, part: str) -> bool:
    """Whether one value is one alternative."""
    if one.modifier in _HOLDS:
        return _HOLDS[one.modifier](value, part)
    part = part if one.parameter.type in _BARRED else plain(part)
    match one.parameter.type:
        case "token":
            return names.token_holds(one, path, value, part)
        case "reference":
            return names.reference_holds(one, path, value, part)
        case "string":
            return names.string_holds(one, value, part)
        case "uri":
            return names.uri_holds(path, value, part)
        case "date":
            return line.date_holds(value, part)
    return line.quantity_holds(value, part)


_HOLDS: Mapping[str | None, Callable[[Json, str], bool]] = {
    "identifier": names.logical_holds,
    "of-type": names.typed_holds,
    "text": names.text_holds,
}
"""Modifiers that ask for something other than the value itself."""
