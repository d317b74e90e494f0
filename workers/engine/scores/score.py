"""A score, and what it answers: a result, what was missing, or why it was refused. Never a guess."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import floor
from typing import Any

from workers.engine.scores.inputs import Input, Unfit

Given = Mapping[str, Any]
"""Every input by its name, read and within its limits; what is optional may be missing."""

PLACES = 6
"""Decimals of a result, as the worked examples have them."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a formula gives: values by their names, and the band that they fall into, if it has bands."""

    result: Mapping[str, Any]
    band: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """One score: what it asks for, how it is computed, and where that is published."""

    id: str
    title: str
    formula: str
    source: str
    """An address where the formula can be read: the DOI of the paper, where it has one."""
    inputs: tuple[Input, ...]
    compute: Callable[[Given], Found]
    meaning: tuple[str, ...] = ()
    unverified: str = ""
    """What of it was not read at its source, for a clinician to check."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a score says to some inputs. Exactly one of result, missing and refused has content."""

    result: Mapping[str, Any] = field(default_factory=dict)
    band: str | None = None
    missing: tuple[str, ...] = ()
    refused: str | None = None
    notes: tuple[str, ...] = ()


def answer(score: Score, values: Mapping[str, object]) -> Answer:
    """Ask a score; a value that is None counts as missing."""
    unknown = sorted(values.keys() - {one.name for one in score.inputs})
    if unknown:
        names = ", ".join(one.name for one in score.inputs)
        return Answer(refused=f"an input is not one of this score's: {names}")
    given: dict[str, Any] = {}
    for one in score.inputs:
        if values.get(one.name) is None:
            continue
        try:
            given[one.name] = one.kind.read(values[one.name])
        except Unfit as unfit:
            return Answer(refused=f"{one.name}: {unfit}")
    missing = tuple(one.name for one in score.inputs if not one.optional and one.name not in given)
    return Answer(missing=missing) if missing else _answered(score.compute, given)


def _answered(compute: Callable[[Given], Found], given: Given) -> Answer:
    try:
        found = compute(given)
    except Unfit as unfit:
        return Answer(refused=str(unfit))
    return Answer(dict(found.result), found.band, notes=found.notes)


def rounded(value: float, places: int = PLACES) -> float:
    """A number as a result shows it."""
    return round(value, places)


def half_up(value: float) -> int:
    """The nearest whole number; a half goes up, as people round."""
    return floor(value + 0.5)
