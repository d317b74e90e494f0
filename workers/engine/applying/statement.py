"""One statement of resources: compiled once, asked of the candidates that its type and codes leave.

No result is unknown. So is a result over resources of which one bears data-absent-reason where the statement
looks: "there is none that can be read" is not "there is none".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import fhirpathpy
from fhirpathpy.models import models

from mappers.facts import Evidence, Truth
from mappers.fhir_to_facts import Opened
from workers.engine.answer import Answer
from workers.engine.applying.counting import Constants, Counting, Undecided, counting, limits
from workers.engine.applying.indexed import selection
from workers.engine.applying.paths import Reader
from workers.engine.applying.record import Code
from workers.engine.applying.shapes import BOOLEAN
from workers.engine.applying.spelling import Node, spell, tree
from workers.engine.applying.world import World
from workers.engine.grammar import TODAY, ExpressionFault

R4 = models["r4"]
DAY = timedelta(days=1)
_TODAY = frozenset({TODAY})
Run = Callable[[Any, Mapping[str, Any]], list[Any]]


class Confused(ValueError):  # noqa: N818 - it reads as what happened
    """The data gave several values, or one of another kind, where the expression says one"""


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """A compiled statement and what it looks at."""

    text: str
    run: Run
    types: frozenset[str]
    codes: tuple[Code, ...]
    asked: frozenset[tuple[str, str]]
    variables: frozenset[str]
    affirms: bool
    """Whether it says that something is there, so that one that can be read is enough."""
    counting: Counting | None
    """Its plain form, where it has one."""

    def ask(self, world: World) -> Answer:
        """Whether it holds. Raises ``Confused``; what the engine of FHIRPath raises is not caught."""
        missing = [name for name in sorted(self.variables) if name != TODAY and name not in world.variables]
        if missing:
            return Answer(Truth.UNKNOWN, missing=tuple(f"%{name}" for name in missing))
        until = world.today + DAY if TODAY in self.variables else None
        found = self._truth(world, self.candidates(world))
        sure = found is Truth.TRUE and self.affirms
        if not sure and any(world.record.absent(*one) for one in self.asked):
            return Answer(Truth.UNKNOWN, until, (f"what cannot be read of {self.text}",))
        return Answer(found, until, (self.text,) if found is Truth.UNKNOWN else ())

    def candidates(self, world: World) -> list[Opened]:
        """The resources that it is asked of."""
        return [one for type_ in sorted(self.types) for one in world.record.of(type_, self.codes)]

    def evidence(self, world: World) -> frozenset[Evidence]:
        """The versions of which it holds by themselves; else of all that it was asked of."""
        found = self.candidates(world)
        alone = [one for one in found if self._truth(world, [one]) is Truth.TRUE] if len(found) > 1 else found
        told = {piece for name in self.variables - {TODAY} for piece in world.variables[name].evidence}
        return frozenset(one.evidence for one in alone or found) | told

    def _truth(self, world: World, candidates: list[Opened]) -> Truth:
        plain = self.counting
        if plain is not None:
            today = environment(_TODAY, world)
            told = limits(plain.constants, lambda text: compiled(text)({}, today))
            if told is not None:
                return Truth.of(plain.decide(_count(plain, world, candidates, told)))
        given = self.run([world.record.plain(one) for one in candidates], environment(self.variables, world))
        if not given:
            return Truth.UNKNOWN
        if len(given) != 1 or not isinstance(given[0], bool):
            raise Confused
        return Truth.of(given[0])


def _count(plain: Counting, world: World, candidates: list[Opened], told: Constants) -> int:
    """How many meet the criterion, as far as it has to be known."""
    count = 0
    for one in candidates:
        try:
            met = plain.ask(one.body, told)
        except Undecided:
            run = compiled(plain.criterion)
            met = run(world.record.plain(one), environment(_TODAY, world)) == [True]
        count += met is True
        if count == plain.enough:
            break
    return count


def statement(node: Node, variables: Mapping[str, str]) -> Statement:
    """The statement behind a tree; raises ``ExpressionFault`` for all that no patient must find first."""
    reader = Reader(variables)
    shape = reader.read(node)
    if shape.many or shape.kinds != {BOOLEAN}:
        raise ExpressionFault(f"{spell(node)} is not true or false")
    one = len(reader.roots) == 1
    found = selection(node) if one else None
    left = None if found is None else counting(tree(found.text), reader.roots[0])
    return Statement(
        spell(node),
        compiled(spell(node) if found is None else found.text),
        frozenset(reader.roots),
        () if found is None else found.codes,
        frozenset(pair for pair in reader.asked if pair[0] in reader.roots),
        frozenset(reader.used),
        _affirms(spell(node)),
        left,
    )


_DENYING = re.compile(r"!=|\b(?:empty|not|all|count|implies|xor|last|first)\b")


def _affirms(text: str) -> bool:
    return "exists(" in text and _DENYING.search(text) is None


def environment(variables: frozenset[str], world: World) -> dict[str, Any]:
    """The variables as FHIRPath takes them."""
    told = {name: world.variables[name].value for name in variables - {TODAY}}
    return {**told, TODAY: world.today.isoformat()} if TODAY in variables else told


@cache
def compiled(text: str) -> Run:
    """What runs an expression of FHIRPath over R4."""
    run: Run = fhirpathpy.compile(text, R4)
    return run
