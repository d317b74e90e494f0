"""What a profile asks, as values: one rule per element, each with the rules of what lies in it.

A rule holds only what goes beyond R4, which is checked elsewhere. What it does not name, it leaves free.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple, TypeAlias

from mappers.lossless import Json
from mappers.r4.model import MODEL

ERROR, WARNING, INFORMATION = "error", "warning", "information"

Codes: TypeAlias = Mapping[str, frozenset[str]]
"""The codes of a value set by code system."""


class NotHonoured(Exception):  # noqa: N818 - it reads as what is wrong
    """A construct that this check cannot honour; the text says which, for whoever adds the profile"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to say of a resource: FHIR's severity and code, words for a person, where (FHIRPath)."""

    severity: str
    code: str
    text: str
    expression: str


@dataclass(frozen=True, slots=True)
class Binding:
    """``codes`` is None where the value set cannot be listed."""

    strength: str
    url: str
    codes: Codes | None


@dataclass(frozen=True, slots=True)
class Constraint:
    """A condition; ``holds`` takes the focus and the resource, answers None when there is nothing to tell,
    and raises whatever the engine raises."""

    key: str
    human: str
    severity: str
    holds: Callable[[Json, Json], bool | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """What is asked of each occurrence of an element, and how many there may be."""

    name: str
    min: int = 0
    max: int | None = None
    types: frozenset[str] = frozenset()
    """The types to which a choice is narrowed; empty: R4's own."""
    profiles: tuple[str, ...] = ()
    """Canonicals, one of which the value must conform to."""
    targets: frozenset[str] = frozenset()
    """The types that a reference may point at; empty: R4's own."""
    unopened: bool = False
    """Whether a profile is asked of what is referred to."""
    fixed: Json = None
    pattern: Json = None
    binding: Binding | None = None
    max_length: int | None = None
    constraints: Mapping[str, tuple[Constraint, ...]] = field(default_factory=dict)
    """By the type of the occurrence: what a choice asks is told to each type apart."""
    members: Mapping[str, Rule] = field(default_factory=dict)
    slicing: Slicing | None = None


class Item(NamedTuple):
    """One occurrence of an element: the step to it, its type, its value, and what a primitive has beside."""

    step: str
    kind: str
    value: Json
    beside: Json = None


@dataclass(frozen=True, slots=True)
class Slice:
    """Some of an element's occurrences; ``has`` tells which."""

    rule: Rule
    has: Callable[[Item], bool]


@dataclass(frozen=True, slots=True)
class Slicing:
    """``told`` is False where only what is referred to could tell the slices apart."""

    slices: tuple[Slice, ...]
    closed: bool = False
    told: bool = True


def items(kind: str, value: Json, name: str) -> Iterator[Item]:
    """The occurrences of an element in an object of this type; none in what is no object."""
    names, repeats = _names(kind, name)
    if type(value) is not dict:
        return
    for key, sibling, inner in names:
        if key not in value and sibling not in value:
            continue
        found, beside = value.get(key), value.get(sibling)
        if not repeats:
            yield Item(f".{name}", inner, found, beside)
            continue
        values = found if type(found) is list else []
        siblings = beside if type(beside) is list else []
        for place in range(max(len(values), len(siblings))):
            here = values[place] if place < len(values) else None
            yield Item(f".{name}[{place}]", inner, here, siblings[place] if place < len(siblings) else None)


@cache
def _names(kind: str, name: str) -> tuple[tuple[tuple[str, str, str], ...], bool]:
    """The JSON names of an element, each with its sibling's and its type; and whether it repeats."""
    known = MODEL.types.get(kind)
    element = known.elements.get(name) if known is not None else None
    if element is None:
        return (), False
    return tuple((key, f"_{key}", inner) for key, inner in element.json_names()), element.max != 1


def kind_of(item: Item) -> str:
    """The item's type; for any resource, the type that it says it is."""
    if item.kind != "Resource":
        return item.kind
    said = item.value.get("resourceType") if type(item.value) is dict else None
    return said if type(said) is str and said in MODEL.resources else item.kind
