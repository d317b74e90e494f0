"""The order of resources by a search parameter: of several values the one that comes first counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from mappers.lossless import Json
from mappers.r4 import numbers, ucum
from mappers.r4.dates import in_utc
from mappers.r4.model import Parameter
from mappers.r4.search_ranges import stretches
from mappers.r4.search_rows import normal, texts_of
from mappers.r4.search_terms import found

_HIGHEST = Fraction(10**2_000)
"""Beyond every near number in every unit."""


def serves(parameter: Parameter) -> bool:
    """Whether resources have an order by it."""
    return parameter.type in _ENDS and all(path.leaf != "exists" for path in parameter.paths)


def key(resource: dict[str, Json], parameter: Parameter, descending: bool) -> Any:
    """What a resource is sorted by, comparable with the keys of others; None without a value."""
    ends = _ENDS[parameter.type]
    values = [value for path in parameter.paths for value in found(resource, path)]
    pairs = [pair for value in values for pair in ends(value)]
    if not pairs:
        return None
    return max(last for _, last in pairs) if descending else min(first for first, _ in pairs)


def _dates(value: Json) -> Iterator[tuple[Any, Any]]:
    for one in stretches(value):
        yield in_utc(one)[:2]


def _numbers(value: Json) -> Iterator[tuple[Fraction, Fraction]]:
    meant = numbers.meant(value)
    if meant is not None:
        common, (low, high) = _common(value), numbers.span(meant)
        yield (
            -_HIGHEST if low is None else common(low),
            _HIGHEST if high is None else common(high),
        )


def _common(value: Json) -> Callable[[Fraction], Fraction]:
    """Into the unit of the dimension, where that is known."""
    if isinstance(value, dict):
        value = value.get("low", value.get("high", value))
    if isinstance(value, dict) and value.get("system") == ucum.SYSTEM:
        scale = ucum.scale(value.get("code", ""))
        if scale is not None:
            return scale.common
    return lambda number: number


def _texts(value: Json) -> Iterator[tuple[str, str]]:
    yield from ((normal(text), normal(text)) for text in texts_of(value))


def _tokens(value: Json) -> Iterator[tuple[str, str]]:
    if isinstance(value, bool):
        yield (str(value), str(value))
    elif isinstance(value, str):
        yield value, value
    elif isinstance(value, dict):
        codings = value.get("coding", [value])
        texts = (one.get("code", one.get("value")) for one in codings)
        yield from ((text, text) for text in texts if isinstance(text, str))


def _pointers(value: Json) -> Iterator[tuple[str, str]]:
    text = value.get("reference") if isinstance(value, dict) else value
    if isinstance(text, str):
        yield text, text


_ENDS: Mapping[str, Callable[[Json], Iterator[tuple[Any, Any]]]] = {
    "date": _dates,
    "number": _numbers,
    "quantity": _numbers,
    "reference": _pointers,
    "string": _texts,
    "token": _tokens,
    "uri": _pointers,
}
"""For each kind of parameter, the first and the last place of a value."""
