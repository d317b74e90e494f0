"""Whether a value is the fixed one, fits a pattern, or bears a code of a value set."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from mappers.lossless import Json, exact
from mappers.profiles.rules import Codes


def same(wanted: Json, value: Json) -> bool:
    """Whether the value is this one, whole; numbers are equal by their value."""
    if type(wanted) is dict:
        return type(value) is dict and wanted.keys() == value.keys() and _each(same, wanted, value)
    if type(wanted) is list:
        return type(value) is list and len(wanted) == len(value) and all(map(same, wanted, value))
    return _equal(wanted, value)


def fits(pattern: Json, value: Json) -> bool:
    """Whether the value has at least what the pattern has; each item of an array somewhere in its array."""
    if type(pattern) is dict:
        return type(value) is dict and pattern.keys() <= value.keys() and _each(fits, pattern, value)
    if type(pattern) is list:
        return type(value) is list and all(any(fits(one, item) for item in value) for one in pattern)
    return _equal(pattern, value)


def codings(value: Json) -> Iterator[tuple[str | None, str]]:
    """The codes that a value bears, each with its system; a bare code has none."""
    if type(value) is str:
        yield None, value
    elif type(value) is dict and type(inner := value.get("coding")) is list:
        for one in inner:
            yield from codings(one if type(one) is dict and "coding" not in one else None)
    elif type(value) is dict and type(value.get("code")) is str:
        system = value.get("system")
        yield (system if type(system) is str else ""), value["code"]


def listed(codes: Codes, value: Json) -> bool:
    """Whether one of the value's codes is of the value set."""
    return any(
        any(code in known for known in codes.values()) if system is None else code in codes.get(system, ())
        for system, code in codings(value)
    )


def _each(test: Callable[[Json, Json], bool], wanted: dict[str, Json], value: dict[str, Json]) -> bool:
    return all(test(wanted[key], value[key]) for key in wanted)


def _equal(wanted: Json, value: Json) -> bool:
    if _is_number(wanted) and _is_number(value):
        return exact(wanted) == exact(value)
    return type(wanted) is type(value) and bool(wanted == value)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | msgspec.Raw) and not isinstance(value, bool)
