"""What is taken, by ingredient: a tablet with two counts with each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from mappers.facts import Evidence, Medicine

Taken = Mapping[str, tuple[Evidence, ...]]


def by_ingredient(current: tuple[Medicine, ...]) -> Taken:
    """The evidence of each ingredient that is taken."""
    taken: dict[str, set[Evidence]] = defaultdict(set)
    for one in current:
        for name in one.ingredients or ():
            taken[name].add(one.evidence)
    return {name: tuple(sorted(taken[name])) for name in sorted(taken)}
