"""Following canonicals: a definition is found by its url, and by a version where that is named.

Both ways are searches like any other. Rows only propose; what decides is what the definition, and what cites
it, say of themselves as their reader sees them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from gateway.stored import Resource
from mappers.r4 import canonicals, search
from mappers.r4.search import Side
from mappers.r4.search_terms import Asked as Term

AT_ONCE = 1_000
"""Urls that one search asks for."""

Name = tuple[str, str | None]
"""A url, and a version or any."""


@dataclass(frozen=True, slots=True)
class Published:
    """Being a definition that one of these names means."""

    type: str
    names: frozenset[Name]

    def queries(self) -> Sequence[search.Query]:
        return (_rows(self.type, canonicals.URL, {url for url, _ in self.names}),)

    def holds(self, resource: Resource, written: int) -> bool:
        own = canonicals.own(resource)
        return own is not None and not self.names.isdisjoint((own, (own[0], None)))


@dataclass(frozen=True, slots=True)
class Citing:
    """Naming one of these definitions, each of its type, by a reference parameter.

    What says that it is a version stands here without one too, for such a name means each version.
    """

    type: str
    name: str
    definitions: frozenset[tuple[str, Name]]

    def queries(self) -> Sequence[search.Query]:
        return (_rows(self.type, self.name, {url for _, (url, _) in self.definitions}),)

    def holds(self, resource: Resource, written: int) -> bool:
        return any(
            (type_, (one.url, one.version)) in self.definitions
            for one in canonicals.cited(resource, self.name)
            for type_ in one.types
        )


def _rows(type_: str, name: str, urls: Iterable[str]) -> search.Query:
    names = Term(type_, search.parameters(type_)[name]).row_names()
    return search.Query(Side.CLINICAL, tuple((row, url) for row in names for url in sorted(urls)))


def published(names: Iterable[tuple[str, Name]]) -> Iterator[Published]:
    """What finds the definitions of these types and names, so many at a time."""
    by_type: dict[str, dict[Name, None]] = {}
    for type_, name in names:
        by_type.setdefault(type_, {})[name] = None
    for type_, mine in by_type.items():
        left = iter(mine)
        while part := frozenset(islice(left, AT_ONCE)):
            yield Published(type_, part)


def citing(type_: str, name: str, definitions: Sequence[tuple[str, Name]]) -> Iterator[Citing]:
    """What finds who names these definitions, so many at a time."""
    for start in range(0, len(definitions), AT_ONCE):
        part = definitions[start : start + AT_ONCE]
        yield Citing(type_, name, frozenset((*part, *((one, (url, None)) for one, (url, _) in part))))
