"""What a client may do, in SMART's words: ``system/CarePlan.rs``.

Letters stand in the order ``cruds``; v1's ``.read``, ``.write``, ``.*`` mean ``rs``, ``cud``, ``cruds``. A
wildcard covers every type but ``AuditEvent``: the trail is given only to whoever names it. A filter
(``system/Observation.rs?category=laboratory``) lets pass what it holds of; several scopes on one type are a
union. A scope that cannot be honoured to the letter (``patient/…``, a type that R4 does not have, a filter on
every type) is refused, never widened.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gateway.auth import filters
from gateway.auth.filters import EVERYTHING, Filter, FilterRefused
from mappers.lossless import Json
from mappers.r4.model import MODEL

LETTERS = "cruds"
TRAIL = "AuditEvent"
MOST_FILTERED = 32
"""So many scopes with a filter a client may have: each one is tried on each resource."""

_SCOPE = re.compile(r"system/(?P<type>\*|[A-Z][A-Za-z]{1,63})\.(?P<right>[a-z]+|\*)(?:\?(?P<filter>.*))?")
_V1 = {"read": "rs", "write": "cud", "*": LETTERS}


class ScopeRefused(ValueError):  # noqa: N818 - it reads as what happened
    """The scope cannot be honoured."""


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """Letters on a type, or on what a filter lets pass of it; ``*`` stands for every type but the trail."""

    type: str
    letters: str
    only: Filter = EVERYTHING

    def __str__(self) -> str:
        return f"system/{self.type}.{self.letters}" + (f"?{self.only}" if self.only else "")


@dataclass(frozen=True, slots=True)
class Scopes:
    """The rights of a token, in canonical order."""

    rights: tuple[Right, ...]

    def allows(self, type_: str, letter: str) -> bool:
        """Whether one interaction (one of ``cruds``) is allowed on a type, or on some resources of it."""
        return any(letter in right.letters and _covers(right.type, type_) for right in self.rights)

    def filters(self, type_: str, letter: str) -> tuple[Filter, ...]:
        """One of these must hold of a resource that the interaction concerns; none where all are allowed.

        Ask ``allows`` first: what is not allowed at all has no filter either.
        """
        found = [r.only for r in self.rights if letter in r.letters and _covers(r.type, type_)]
        return () if not all(found) else tuple(found)

    def covers(self, type_: str, letter: str, resource: dict[str, Json]) -> bool:
        """Whether the interaction is allowed on this very resource."""
        only = self.filters(type_, letter)
        return self.allows(type_, letter) and (not only or any(one.holds(type_, resource) for one in only))

    def within(self, ceiling: Scopes) -> Scopes:
        """What both allow; may be empty, which allows nothing."""
        return _canonical(_meet(self, ceiling))

    def __bool__(self) -> bool:
        return bool(self.rights)

    def __str__(self) -> str:
        return " ".join(map(str, self.rights))


def parse(text: str) -> Scopes:
    """The scopes in a space-separated list; raises ``ScopeRefused`` when it is empty or one is not ours."""
    if not text.split():
        raise ScopeRefused("give at least one scope, such as system/CarePlan.rs")
    made = _canonical([_one(word) for word in text.split()])
    if sum(bool(right.only) for right in made.rights) > MOST_FILTERED:
        raise ScopeRefused(f"at most {MOST_FILTERED} scopes may have a filter")
    return made


def _one(word: str) -> Right:
    found = _SCOPE.fullmatch(word)
    if found is None:
        raise ScopeRefused("a scope reads system/<type or *>.<cruds>, such as system/CarePlan.rs")
    if found["type"] != "*" and found["type"] not in MODEL.resources:
        raise ScopeRefused("a scope names a type that FHIR R4 does not have")
    right = found["right"]
    letters = _V1.get(right, right)
    if letters != _ordered(set(letters)):
        raise ScopeRefused(f"the rights of a scope are letters of {LETTERS!r}, each once and in this order")
    return Right(found["type"], letters, _filter(found["type"], found["filter"]))


def _filter(type_: str, text: str | None) -> Filter:
    if text is None:
        return EVERYTHING
    if type_ in ("*", TRAIL):
        raise ScopeRefused(f"a scope with a filter names its type, which is not {TRAIL}")
    try:
        return filters.parse(type_, text)
    except FilterRefused as refusal:
        raise ScopeRefused(str(refusal)) from None


def _covers(name: str, type_: str) -> bool:
    return name == type_ or (name == "*" and type_ != TRAIL)


def _meet(one: Scopes, other: Scopes) -> Iterator[Right]:
    for mine in one.rights:
        for theirs in other.rights:
            narrower = theirs.type if mine.type == "*" else mine.type
            if _covers(mine.type, narrower) and _covers(theirs.type, narrower):
                letters = _ordered(set(mine.letters) & set(theirs.letters))
                yield Right(narrower, letters, mine.only & theirs.only)


def _canonical(rights: Iterable[Right]) -> Scopes:
    """Each type and filter once, without the letters that a wider right gives anyhow."""
    merged: dict[tuple[str, Filter], set[str]] = {}
    for right in rights:
        merged.setdefault((right.type, right.only), set()).update(right.letters)
    every = [Right(type_, _ordered(letters), only) for (type_, only), letters in merged.items()]
    left = [Right(r.type, _ordered(set(r.letters) - _given_wider(r, every)), r.only) for r in every]
    return Scopes(tuple(sorted((r for r in left if r.letters), key=lambda r: (r.type, r.only))))


def _given_wider(right: Right, every: Sequence[Right]) -> set[str]:
    return {letter for one in every if _is_wider(one, right) for letter in one.letters}


def _is_wider(one: Right, other: Right) -> bool:
    if not _covers(one.type, other.type):
        return False
    return one.only.is_wider_than(other.only) or (one.only == other.only and one.type != other.type)


def _ordered(letters: set[str]) -> str:
    return "".join(x for x in LETTERS if x in letters)
