"""Hits in the order that was asked for, by what their reader sees of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gateway.release.asking import LAST_UPDATED
from gateway.release.finding import Hit
from gateway.release.wanted import Key
from gateway.stored import Resource
from mappers.r4 import search, search_sorting


def ordered(type_: str, hits: Sequence[Hit], bodies: Sequence[Resource], order: Sequence[Key]) -> list[Hit]:
    """The hits, sorted; what has no value stands last, and what is alike stays as it was."""
    pairs = list(zip(hits, bodies, strict=True))
    for name, descending in reversed(order):
        pairs = _by_one(pairs, _key(type_, name, descending), descending)
    return [hit for hit, _ in pairs]


Pair = tuple[Hit, Resource]


def _by_one(pairs: Sequence[Pair], key: Callable[[Pair], Any], descending: bool) -> list[Pair]:
    keyed = [(key(pair), pair) for pair in pairs]
    known = [one for one in keyed if one[0] is not None]
    known.sort(key=lambda one: one[0], reverse=descending)
    return [pair for _, pair in known] + [pair for found, pair in keyed if found is None]


def _key(type_: str, name: str, descending: bool) -> Callable[[Pair], Any]:
    if name == LAST_UPDATED:
        return lambda pair: pair[0].row.written
    parameter = search.parameters(type_)[name]
    return lambda pair: search_sorting.key(pair[1], parameter, descending)
