"""What a search wants of its answer, as opposed to what must hold of a hit: order, inclusions, a total."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.release.asking import LAST_UPDATED, May, Parameters, limited_targets, refusal
from gateway.release.chaining import points
from mappers.r4 import canonicals, search, search_sorting
from mappers.r4.model import MODEL
from mappers.r4.search_terms import WHO

SORT, INCLUDE, REVINCLUDE, TOTAL = "_sort", "_include", "_revinclude", "_total"
TOTALS = ("none", "estimate", "accurate")
_NAMES = frozenset({SORT, INCLUDE, REVINCLUDE, TOTAL})
EVERY = "*"

Key = tuple[str, bool]
"""A parameter to sort by, and whether it descends."""
NEWEST_FIRST: tuple[Key, ...] = ((LAST_UPDATED, True),)


@dataclass(frozen=True, slots=True)
class Include:
    """``source:name:target`` of ``_include`` or, ``reverse``, ``_revinclude``. ``*`` stands for every one."""

    source: str
    name: str
    target: str | None
    reverse: bool
    iterate: bool

    def names(self, type_: str) -> list[str]:
        """The reference parameters of a type that it follows."""
        if self.source not in (EVERY, type_):
            return []
        return [self.name] if self.name != EVERY else [n for n in search.parameters(type_) if leads(type_, n)]

    def brings(self) -> frozenset[str]:
        """The types that it may bring; empty where these may be any."""
        if self.reverse:
            return frozenset({self.source})
        if self.target is not None:
            return frozenset({self.target})
        each = [_brought(self.source, name) for name in self.names(self.source)]
        return frozenset[str]().union(*each) if each and all(each) else frozenset()


def leads(type_: str, name: str) -> bool:
    """Whether it is a parameter of the type that finds what can be followed: a reference or a canonical."""
    return points(type_, name) or canonicals.cites(type_, name)


def _brought(type_: str, name: str) -> frozenset[str]:
    """The types that a parameter may lead to; empty where these may be any."""
    known = limited_targets(type_, name)
    return known if known or points(type_, name) else canonicals.definitions()


@dataclass(frozen=True, slots=True)
class Wanted:
    """The wishes. ``total`` is one of ``TOTALS``, or None where nothing was said."""

    order: tuple[Key, ...] = NEWEST_FIRST
    includes: tuple[Include, ...] = ()
    total: str | None = None


def is_wish(text: str) -> bool:
    """Whether a parameter says what the answer should be."""
    return text.partition(":")[0] in _NAMES


def wanted(type_: str, parameters: Parameters, may: May) -> Wanted:
    """The wishes among the parameters, each checked against what the asker may say."""
    wishes = [(text, value) for text, value in parameters if is_wish(text)]
    once = [text for text, _ in wishes if text in (SORT, TOTAL)]
    if len(set(once)) < len(once):
        raise refusal("value", "_sort and _total may be given once.")
    order, total, includes = NEWEST_FIRST, None, []
    for text, value in wishes:
        if text == SORT:
            order = tuple(_keys(type_, value, may))
        elif text == TOTAL:
            total = _total(value)
        else:
            includes.append(_include(type_, text, value))
    return Wanted(order, tuple(dict.fromkeys(includes)), total)


def _total(value: str) -> str:
    if value not in TOTALS:
        raise refusal("value", f"_total is one of {', '.join(TOTALS)}.")
    return value


def _keys(type_: str, value: str, may: May) -> Iterator[Key]:
    for part in value.split(","):
        name = part.removeprefix("-")
        known = search.parameters(type_).get(name)
        if known is None or not search_sorting.serves(known):
            raise refusal(
                "not-supported", "_sort takes search parameters of the type, with - before it or not."
            )
        if not may.whole and any(path.leaf in WHO for path in known.paths):
            raise refusal("forbidden", "Only who sent the data may sort by what identifies a person.")
        may.refuse_hidden(type_, name)
        yield name, part.startswith("-")


def _include(type_: str, text: str, value: str) -> Include:
    name, colon, modifier = text.partition(":")
    if colon and modifier != "iterate":
        raise refusal("not-supported", "_include and _revinclude take no modifier but :iterate.")
    made = _read(value, reverse=name == REVINCLUDE, iterate=bool(colon))
    if not made.reverse and not made.iterate and made.source not in (EVERY, type_):
        raise refusal(
            "value", "_include of another type than the one searched follows nothing: use :iterate."
        )
    return made


def _read(value: str, reverse: bool, iterate: bool) -> Include:
    if value == EVERY and not reverse:
        return Include(EVERY, EVERY, None, reverse, iterate)
    source, name, target = _three(value.split(":"))
    if not search.is_resource(source) or (name != EVERY and not leads(source, name)):
        raise refusal(
            "not-supported", "An inclusion reads <type>:<parameter that finds references>[:<target type>]."
        )
    if target is not None and target not in MODEL.resources:
        raise refusal("not-supported", "The target of an inclusion is a resource type.")
    return Include(source, name, target, reverse, iterate)


def _three(parts: Sequence[str]) -> tuple[str, str, str | None]:
    if len(parts) not in (2, 3):
        raise refusal("value", "An inclusion reads <type>:<parameter>[:<target type>].")
    return parts[0], parts[1], parts[2] if len(parts) == 3 else None
