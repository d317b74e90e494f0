"""Chains (``subject:Patient.name``) and ``_has``: answered from the inside outwards, as lists of ids.

Each step is a search of its own with the same rights as one that was asked for directly: the scope on its
type, what its reader may ask, and what it may see. So a chain tells nothing that two searches would not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from gateway.refusal import Kind, refused
from gateway.release import asking
from gateway.release.asking import (
    Asked,
    Being,
    May,
    Name,
    Pointing,
    Settled,
    limited_targets,
    pointed_at,
    refusal,
)
from gateway.stored import Resource
from mappers.r4 import search

MOST_STEPS = 3
HAS = "_has:"

Find = Callable[[str, Sequence[Settled]], Iterable[Resource]]
"""The resources of a type, in pseudonyms, that meet some criteria and may be seen."""


@dataclass(frozen=True, slots=True)
class Chained:
    """``name.inner``: pointing at a resource of which the inner criterion holds, of any of these types."""

    type: str
    name: str
    inner: tuple[tuple[str, Criterion], ...]


@dataclass(frozen=True, slots=True)
class Having:
    """``_has:source:name:inner``: being pointed at by a resource of which the inner criterion holds."""

    type: str
    source: str
    name: str
    inner: Criterion


Criterion = Asked | Chained | Having


@dataclass(frozen=True, slots=True)
class Grammar:
    """Reads criteria, of what this asker may say."""

    may: May

    def criterion(self, type_: str, text: str, value: str, steps: int = 0) -> Criterion:
        """One parameter, understood or refused."""
        if text.startswith(HAS):
            return self._having(type_, text, value, steps + 1)
        if "." in text:
            return self._chained(type_, text, value, steps + 1)
        return asking.understood(type_, text, value, self.may)

    def _having(self, type_: str, text: str, value: str, steps: int) -> Having:
        self._count(steps)
        source, _, rest = text.removeprefix(HAS).partition(":")
        name, _, inner = rest.partition(":")
        if not (inner and search.is_resource(source)) or not points(source, name):
            raise refusal("not-supported", "_has reads _has:<type>:<reference parameter>:<parameter>.")
        if (known := limited_targets(source, name)) and type_ not in known:
            raise refusal("value", "The parameter in _has does not point at the type that is searched.")
        self._refuse_unless_allowed(source)
        self.may.refuse_hidden(source, name)
        return Having(type_, source, name, self.criterion(source, inner, value, steps))

    def _chained(self, type_: str, text: str, value: str, steps: int) -> Chained:
        self._count(steps)
        first, _, inner = text.partition(".")
        name, _, target = first.partition(":")
        if not points(type_, name) or (target and not search.is_resource(target)):
            raise refusal("not-supported", "A chain begins with a reference parameter of the type.")
        types = [target] if target else self._fitting(limited_targets(type_, name), inner)
        self.may.refuse_hidden(type_, name)
        for one in types:
            self._refuse_unless_allowed(one)
        return Chained(type_, name, tuple((one, self.criterion(one, inner, value, steps)) for one in types))

    def _fitting(self, known: frozenset[str], inner: str) -> list[str]:
        """The types that a chain without one may mean."""
        if not known:
            raise refusal("too-costly", "This reference may point at anything: name the type in the chain.")
        name = inner.partition(":")[0].partition(".")[0]
        types = [one for one in sorted(known) if name == "_has" or name in search.known(one)]
        if not types:
            raise refusal("not-supported", "No type that the chain may lead to has this search parameter.")
        return types

    def _count(self, steps: int) -> None:
        if steps > MOST_STEPS:
            raise refusal("too-costly", f"Chains and _has may have {MOST_STEPS} steps.")

    def _refuse_unless_allowed(self, type_: str) -> None:
        if not self.may.allows(type_):
            raise refused(
                Kind.FORBIDDEN, "forbidden", "The token's scopes do not allow to search a type in the chain."
            )


def points(type_: str, name: str) -> bool:
    """Whether it is a parameter of the type that finds literal references."""
    known = search.parameters(type_).get(name)
    return known is not None and any(path.leaf == "Reference" for path in known.paths)


def settled(criteria: Sequence[Criterion], name: Name, find: Find) -> list[Settled] | None:
    """The criteria in one tenant's pseudonyms; None where one of them can hold of nothing there."""
    made: list[Settled] = []
    for one in criteria:
        step = _settled(one, name, find)
        if step is None:
            return None
        made.append(step)
    return made


def _settled(one: Criterion, name: Name, find: Find) -> Settled | None:
    if isinstance(one, Chained):
        met = frozenset(ref for type_, inner in one.inner for ref in _met(type_, inner, name, find))
        return Pointing(one.type, one.name, met) if met else None
    if isinstance(one, Having):
        ids = frozenset(_pointed(one, name, find))
        return Being(one.type, ids) if ids else None
    return asking.translated(one, name)


def _met(type_: str, inner: Criterion, name: Name, find: Find) -> Iterator[str]:
    criteria = settled([inner], name, find)
    for resource in () if criteria is None else find(type_, criteria):
        yield f"{type_}/{resource['id']}"


def _pointed(one: Having, name: Name, find: Find) -> Iterator[str]:
    criteria = settled([one.inner], name, find)
    for resource in () if criteria is None else find(one.source, criteria):
        for text in pointed_at(resource, one.source, one.name):
            type_, slash, id_ = text.partition("/")
            if slash and type_ == one.type:
                yield id_
