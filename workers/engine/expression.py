"""Conditions: a small, typed part of FHIRPath over named facts, linted when loaded and compiled once.

FHIRPath itself gives three-valued ``and``, ``or``, ``xor``, ``implies`` and ``not()``: a missing fact is
the empty collection, and an empty result is unknown. What would turn unknown into false (``exists()``,
``iif()``, a misspelt path, a quantity) is not in the grammar, so a pack that uses it is refused.
``%today`` may only be compared, alone on its side, with a day: the other side is the day on which the
answer turns. A number known as a range is tried at both ends, which is sound because a comparison turns once
and each such name is used once; a name used twice counts as missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import product
from typing import Any

import fhirpathpy
from fhirpathpy.models import models

from mappers.facts import Truth
from workers.engine.answer import Answer, ordered, soonest
from workers.engine.calendar import DAY
from workers.engine.grammar import TODAY, ExpressionFault, Read, read
from workers.engine.known import Known, Scalar, Type

Lookup = Callable[[str], Known]
R4 = models["r4"]
_REMEMBERED = 20_000
"""Answers that one process remembers: most are of truth values, so most patients ask what others asked."""


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """A compiled condition or value, the names that it reads, and the days with which it compares today."""

    text: str
    type: Type
    names: Mapping[str, int]
    """Each name and how often it is used."""
    run: Callable[..., list[Any]]
    turns: tuple[Expression, ...] = ()


def compiled(text: str, type_of: Callable[[str], Type | None]) -> Expression:
    """The expression behind a text; raises ``ExpressionFault`` for all that a patient must not find first."""
    return _compiled(read(text, type_of))


def _compiled(found: Read) -> Expression:
    run = fhirpathpy.compile(found.text, R4)
    turns = tuple(_compiled(turn) for turn in found.turns)
    return Expression(found.text, found.type, found.names, run, turns)


def answer(expression: Expression, lookup: Lookup, today: date) -> Answer:
    """The answer to a condition. An error of the engine is raised, never taken for "does not apply"."""
    known = {name: lookup(name) for name in expression.names if name != TODAY}
    results = {_truth(expression, values) for values in _worlds(expression, known, today)}
    missing = ordered(one.gap for one in known.values() if not one.values)
    ranges = ordered(f"{name} more exactly than {one}" for name, one in known.items() if len(one.values) > 1)
    turning = [_turn(turn, known, today) for turn in expression.turns]
    return Answer(
        results.pop() if len(results) == 1 else Truth.UNKNOWN,
        soonest([*(one.until for one in known.values()), *turning]),
        missing + ranges,
        tuple(sorted({piece for one in known.values() for piece in one.evidence})),
    )


def value(expression: Expression, lookup: Lookup) -> Known:
    """What an expression of a date gives, for instance the day on which something falls due."""
    known = {name: lookup(name) for name in expression.names}
    until = soonest(one.until for one in known.values())
    if any(len(one.values) != 1 for one in known.values()):
        return Known((), (), until, "; ".join(ordered(one.gap for one in known.values())))
    (found,) = _values(expression, {name: one.values[0] for name, one in known.items()}) or (None,)
    return Known((date.fromisoformat(found),), (), until) if isinstance(found, str) else Known((), (), until)


def _worlds(expression: Expression, known: Mapping[str, Known], today: date) -> list[dict[str, Scalar]]:
    """Every combination of ends. A range whose name is used twice is left out: its ends prove nothing."""
    usable = {
        name: one.values
        for name, one in known.items()
        if one.values and (len(one.values) == 1 or expression.names[name] == 1)
    }
    return [{TODAY: today, **dict(zip(usable, values, strict=True))} for values in product(*usable.values())]


def _truth(expression: Expression, values: Mapping[str, Scalar]) -> Truth:
    return _truth_of(expression, tuple(sorted(values.items())))


@lru_cache(maxsize=_REMEMBERED)
def _truth_of(expression: Expression, values: tuple[tuple[str, Scalar], ...]) -> Truth:
    """An expression knows nothing but its names: the same values give the same answer, whoever asks."""
    found = _values(expression, dict(values))
    if not found:
        return Truth.UNKNOWN
    if len(found) != 1 or not isinstance(found[0], bool):
        raise TypeError(f"a condition gave no truth value: {expression.text}")
    return Truth.of(found[0])


def _values(expression: Expression, values: Mapping[str, Scalar]) -> list[Any]:
    environment: dict[str, Any] = {}
    for name in expression.names:
        head, _, leaf = name.partition(".")
        found = values.get(name)
        plain = found.isoformat() if isinstance(found, date) else found
        if not leaf:
            environment[head] = [] if plain is None else plain
        elif plain is not None:
            environment.setdefault(head, {})[leaf] = plain
        else:
            environment.setdefault(head, {})
    return expression.run({}, environment)


def _turn(turn: Expression, known: Mapping[str, Known], today: date) -> date | None:
    """The next day on which a comparison of today with this day can turn: the day itself or the one after."""
    found = value(turn, known.__getitem__)
    days = [day for one in found.values if isinstance(one, date) for day in (one, one + DAY) if day > today]
    return min(days, default=None)


__all__ = ["Expression", "ExpressionFault", "Lookup", "answer", "compiled", "value"]
