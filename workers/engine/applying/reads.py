"""What a definition looks at, told before it is applied: which types of resources, and whether any fact."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workers.engine.applying.building import DEEPEST, unread, variables_of
from workers.engine.applying.formula import condition
from workers.engine.applying.launch import Definition, Find
from workers.engine.applying.values import giving
from workers.engine.grammar import ExpressionFault


@dataclass(frozen=True, slots=True)
class Reads:
    """Resource types that paths start from, and whether facts are named, which come from many types."""

    types: frozenset[str] = frozenset()
    facts: bool = False

    def __or__(self, other: Reads) -> Reads:
        return Reads(self.types | other.types, self.facts or other.facts)


def reads(definition: Definition, find: Find, depth: int = 0) -> Reads:
    """What a definition and those within it look at; what cannot be read looks at nothing."""
    found = Reads()
    for one in _holders(definition):
        found |= _of_holder(one, variables_of(definition))
        canonical = one.get("definitionCanonical")
        inner = find(str(canonical)) if canonical is not None and depth < DEEPEST else None
        if inner is not None:
            found |= reads(inner, find, depth + 1)
    return found


def _holders(definition: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield definition
    for one in definition.get("action", ()):
        yield from _holders(one)


def _of_holder(holder: Mapping[str, Any], variables: Mapping[str, str]) -> Reads:
    found = Reads()
    for one in holder.get("condition", ()):
        if unread(one.get("expression")) is None:
            found |= _of_condition(one["expression"]["expression"], variables)
    for one in holder.get("dynamicValue", ()):
        if unread(one.get("expression")) is None:
            found |= _of_value(one["expression"]["expression"], variables)
    return found


def _of_condition(text: str, variables: Mapping[str, str]) -> Reads:
    try:
        found = condition(text, variables)
    except ExpressionFault:
        return Reads()
    return Reads(found.types(), found.reads_facts())


def _of_value(text: str, variables: Mapping[str, str]) -> Reads:
    try:
        found = giving(text, variables)
    except ExpressionFault:
        return Reads()
    return Reads(found.types, bool(found.facts))
