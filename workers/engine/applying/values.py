"""Expressions whose value is written into a resource: paths and facts may stand side by side.

Here nothing is decided, so a fact that is missing or known as a range only leaves the value out, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from workers.engine.answer import ordered
from workers.engine.applying.paths import Reader
from workers.engine.applying.shapes import SPAN
from workers.engine.applying.spelling import spell, tree
from workers.engine.applying.statement import Run, compiled, environment
from workers.engine.applying.world import World, type_of
from workers.engine.grammar import TODAY, ExpressionFault


@dataclass(frozen=True, slots=True)
class Value:
    """What an expression gave: one value, or what is missing in its place."""

    found: Any = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Giving:
    """A compiled expression that gives one value."""

    text: str
    run: Run
    types: frozenset[str]
    variables: frozenset[str]
    facts: frozenset[str]

    def ask(self, world: World) -> Value:
        """The value for one patient."""
        gaps = [f"%{name}" for name in sorted(self.variables - {TODAY}) if name not in world.variables]
        known = {name: world.names(name) for name in sorted(self.facts)}
        gaps += [one.gap or str(one) for one in known.values() if len(one.values) != 1]
        if gaps:
            return Value(missing=ordered(gaps))
        told = environment(self.variables, world)
        for name, one in known.items():
            _put(told, name, one.values[0])
        candidates = [
            world.record.plain(one) for type_ in sorted(self.types) for one in world.record.of(type_)
        ]
        given = self.run(candidates, told)
        return Value(given[0]) if given else Value(missing=(self.text,))


def giving(text: str, variables: Mapping[str, str]) -> Giving:
    """The expression behind a text; raises ``ExpressionFault``."""
    return _giving(text, tuple(sorted(variables.items())))


@lru_cache(maxsize=4096)
def _giving(text: str, variables: tuple[tuple[str, str], ...]) -> Giving:
    root = tree(text)
    reader = Reader(dict(variables), type_of)
    shape = reader.read(root)
    if shape.many:
        raise ExpressionFault(f"{spell(root)} can be several values; take first()")
    if SPAN in shape.kinds:
        raise ExpressionFault(f"{spell(root)} is no value of FHIR")
    used, facts = frozenset(reader.used), frozenset(reader.facts)
    return Giving(spell(root), compiled(spell(root)), frozenset(reader.roots), used, facts)


def _put(told: dict[str, Any], name: str, value: Any) -> None:
    head, _, leaf = name.partition(".")
    plain = value.isoformat() if isinstance(value, date) else value
    if leaf:
        told.setdefault(head, {})[leaf] = plain
    else:
        told[head] = plain
