"""What the filters of a token's scopes leave of what its bearer would see otherwise.

A filter is tried on the resource as this reader is shown it, so what a profile hides cannot be told by what
passes. What does not pass was never there: it is no hit, costs no budget, is not counted, and is 404.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gateway.auth.filters import Filter, any_of
from gateway.auth.scopes import Right, Scopes
from gateway.custody.ids import WriteNo
from gateway.custody.records import StoredVersion
from gateway.stored import Resource
from mappers.r4 import search

Seen = Callable[[Sequence[StoredVersion]], Mapping[WriteNo, Resource]]
"""Living rows whose keys exist, opened as their reader sees them."""

READ, SEARCH = "r", "s"
_BY_CRITERIA = "srudc"
"""The rights by which criteria may find something, in the order in which they are asked."""


@dataclass(frozen=True, slots=True)
class Passing:
    """A criterion that every hit must meet: to pass one of the filters."""

    type: str
    only: tuple[Filter, ...]

    def queries(self) -> Sequence[search.Query]:
        return any_of(self.type, self.only)

    def holds(self, resource: Resource, written: int) -> bool:
        return any(one.holds(self.type, resource) for one in self.only)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The filters of some scopes."""

    scopes: Scopes

    def passing(self, type_: str, letter: str) -> tuple[Passing, ...]:
        """What a search of a type must ask beside; nothing where the whole type is open."""
        only = self.scopes.filters(type_, letter)
        return (Passing(type_, only),) if only else ()

    def within(self, rows: Sequence[StoredVersion], letter: str, seen: Seen) -> list[StoredVersion]:
        """Those of the rows that pass. Only what a filter stands before is opened."""
        filtered = [row for row in rows if self.scopes.filters(row.type, letter)]
        bodies = seen(filtered) if filtered else {}
        return [row for row in rows if self._passes(row, letter, bodies)]

    def _passes(self, row: StoredVersion, letter: str, bodies: Mapping[WriteNo, Resource]) -> bool:
        body = bodies.get(row.write_no)
        return body is None or self.scopes.covers(row.type, letter, body)


OPEN = Bounds(Scopes(()))
"""No filter at all: for who has no scopes, and is held by other means."""


def for_criteria(scopes: Scopes, type_: str) -> Bounds:
    """The bounds of what the criteria of a write find.

    They tell whether something matches, so of a type that may not be searched they find no more than may be
    read or written. Of a type without any right a conditional reference finds what there is.
    """
    letter = next((letter for letter in _BY_CRITERIA if scopes.allows(type_, letter)), SEARCH)
    beside = () if letter == SEARCH else scopes.filters(type_, letter)
    return Bounds(Scopes((*scopes.rights, *(Right(type_, SEARCH, only) for only in beside))))
