"""The words of search: which parameters there are, what a query may say, and what cannot be answered.

Rows are written under as few names as possible. Where two parameters look at the same place (``patient``
and ``subject``, ``code`` and ``combo-code``), one of them owns it; the other asks for the owner's rows, and
each hit is checked again on the opened resource.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import NamedTuple, TypeAlias

from mappers.lossless import Json
from mappers.r4.model import MODEL, Element, Parameter, Path

Token: TypeAlias = tuple[str, str]
Range: TypeAlias = tuple[str, int, int]

OWN_SYSTEM = "urn:careloom:"
"""Identifiers that Careloom gives itself say nothing of a person, so that the clinical side may find them."""

WHO = frozenset({"Address", "ContactPoint", "HumanName", "Identifier", "markdown", "string"})
"""Types whose values tell who somebody is: only the identity side may look for them."""

IN_THE_STORE = frozenset({"_id", "_lastUpdated"})
"""Parameters whose rows the store has without us."""


class UnknownParameter(ValueError):  # noqa: N818 - it reads as what is wrong
    """This type of resource has no such search parameter"""


class UnsupportedModifier(ValueError):  # noqa: N818 - it reads as what is wrong
    """The search parameter does not take this modifier"""


class MalformedValue(ValueError):  # noqa: N818 - it reads as what is wrong
    """The value does not have the form that its search parameter takes"""


class Side(Enum):
    """Whose index holds the rows."""

    CLINICAL = "clinical"
    IDENTITY = "identity"
    SOURCE = "source"
    """The clinical side of a resource as it was sent, which a half may lack; kept with the identity rows."""


class Rows(NamedTuple):
    """What finds a resource: ``(parameter, value)`` and ``(parameter, low, high)``, sorted, each once."""

    tokens: list[Token]
    ranges: list[Range]


@dataclass(frozen=True, slots=True)
class Query:
    """Candidates: whoever bears one of the tokens, or a range that overlaps one of the ranges.

    ``everything`` says that rows cannot narrow the search: each resource of the type is a candidate.
    """

    side: Side
    tokens: tuple[Token, ...] = ()
    ranges: tuple[Range, ...] = ()
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """The left side of a query: ``Observation?code:not``."""

    kind: str
    parameter: Parameter
    modifier: str | None = None

    def row_name(self, path: Path) -> str:
        """The name under which the rows of a place are written."""
        return owners(self.kind)[keys(path), path.leaf]

    def row_names(self) -> list[str]:
        return sorted({self.row_name(path) for path in self.parameter.paths})

    @property
    def side(self) -> Side:
        """Whose rows answer; the places of a parameter are all of one kind."""
        return Side.IDENTITY if any(path.leaf in WHO for path in self.parameter.paths) else Side.CLINICAL

    def element(self, path: Path) -> Element | None:
        """The element at a place, where the place has one way to it."""
        return MODEL.element(".".join((self.kind, *keys(path))))


def parameters(resource_type: str) -> Mapping[str, Parameter]:
    """The search parameters of a type by name."""
    return MODEL.search.get(resource_type, {})


def keys(path: Path) -> tuple[str, ...]:
    """The JSON keys that lead to a place, filters left out."""
    return tuple(step for step in path.steps if isinstance(step, str))


@cache
def owners(resource_type: str) -> Mapping[tuple[tuple[str, ...], str], str]:
    """For each place and type that search looks at, the parameter under whose name its rows are written."""
    asking: dict[tuple[tuple[str, ...], str], list[tuple[int, bool, str]]] = {}
    for name, one in parameters(resource_type).items():
        if name not in IN_THE_STORE:
            for path in one.paths:
                rank = (len(one.paths), path.target is not None, name)
                asking.setdefault((keys(path), path.leaf), []).append(rank)
    return {place: min(ranks)[2] for place, ranks in asking.items()}


def is_indexed(resource_type: str, path: Path) -> bool:
    """Whether rows are written for a place."""
    return (keys(path), path.leaf) in owners(resource_type)


def found(resource: dict[str, Json], path: Path) -> Iterator[Json]:
    """What stands at a place; filters apply."""
    nodes: list[Json] = [resource]
    for step in path.steps:
        if isinstance(step, str):
            nodes = [item for node in nodes if isinstance(node, dict) for item in _items(node.get(step))]
        elif isinstance(step, tuple):
            key, wanted = step
            nodes = [node for node in nodes if isinstance(node, dict) and node.get(key) == wanted]
    yield from nodes


def _items(value: Json) -> list[Json]:
    if isinstance(value, list):
        return [item for item in value if item is not None]
    return [] if value is None else [value]


# --- values of a query -----------------------------------------------------------------------------------

_escape = re.compile(r"\\([\\,|$])")


def split(text: str, separator: str) -> list[str]:
    r"""The parts between separators; one after a ``\`` is part of the text. Escapes stay as they are."""
    if "\\" not in text:
        return text.split(separator)
    marks = re.finditer(rf"\\.|{re.escape(separator)}", text, re.DOTALL)
    ends = [mark.start() for mark in marks if mark[0] == separator]
    return [
        text[start:end]
        for start, end in zip([0, *(end + 1 for end in ends)], [*ends, len(text)], strict=True)
    ]


def plain(text: str) -> str:
    """The text without its escapes."""
    return _escape.sub(r"\1", text)
