"""Which search parameters would tell a reader what the profile hides from it.

A search is decided on the clinical half. Whoever may ask ``date=ge2026-03-05`` finds the day by asking often
enough, even where the answers show the year alone. So a parameter that looks at an element which the profile
changes is not open to that reader at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from gateway.privacy.elements import is_primitive
from gateway.privacy.lines import Lines, Spot
from gateway.privacy.policy import Policy, Verb
from mappers.r4.model import MODEL

Steps = tuple[Any, ...]
"""JSON keys, with filters and positions between them, as a search parameter looks."""
_DATES = frozenset({"date", "dateTime", "instant"})
_OPEN = frozenset({Verb.KEEP, Verb.PARTS})
_AGES_IN_TEXT = "ages-in-text"
"""What it changes stands in Careloom's own sentences, which no parameter looks at."""


@cache
def hides(policy: Policy, type_: str, name: str) -> bool:
    """Whether a release profile changes something that this search parameter looks at."""
    return any(_looks_at_hidden(policy, type_, steps) for steps in _places(type_, name))


def _places(type_: str, name: str) -> Iterator[Steps]:
    """Where a parameter looks; the parts of a composite one lie below each of its bases, or anywhere."""
    parameter = MODEL.search.get(type_, {}).get(name)
    if parameter is not None:
        yield from (path.steps for path in parameter.paths)
    composite = MODEL.composites.get(type_, {}).get(name)
    if composite is not None:
        for part in composite.parts:
            bases = [()] if part.whole else [base.steps for base in composite.bases]
            yield from ((*base, *path.steps) for base in bases for path in part.paths)


def _looks_at_hidden(policy: Policy, type_: str, steps: Steps) -> bool:
    lines, kind, outer = Lines(policy), type_, tuple[str, ...]()
    for step in steps:
        if not isinstance(step, str):
            continue
        spot = next((one for one in lines.spots(kind, outer) if one.key == step), None)
        if spot is None or not _is_open(spot):
            return True
        kind, outer = spot.kind, spot.outer
    dates = (one for one in _parts(lines, kind, outer) if one.kind in _DATES)
    return not all(map(_is_open, dates))


def _parts(lines: Lines, kind: str, outer: tuple[str, ...]) -> list[Spot]:
    """What a period or a timing consists of."""
    return [] if is_primitive(kind) or kind not in MODEL.types else list(lines.spots(kind, outer))


def _is_open(spot: Spot) -> bool:
    return spot.action.verb in _OPEN or spot.action.how == _AGES_IN_TEXT
