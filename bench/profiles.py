"""What it costs to hold one resource to a profile, beside R4's own check of the same resources.

The first check of each profile compiles it; that is told apart, because a process pays it once.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.bundles import Bundle
from gateway.profiles import library
from mappers import lossless
from mappers.profiles.library import Library, Profile
from mappers.profiles.rules import ERROR
from mappers.r4 import validate

ROUNDS = 5

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one profile: CPU seconds to compile it, and per resource to check it and to check R4 alone."""

    profile: str
    resources: int
    conforming: int
    compiled: float
    checked: float
    r4: float


def profiles(bundles: Sequence[Bundle]) -> list[Cost]:
    """The cost of each profile that ships, on the resources of its type; of those without any, nothing."""
    entries = [entry for bundle in bundles for entry in lossless.loads(bundle.body)["entry"]]
    resources = [entry["resource"] for entry in entries]
    found = []
    for profile in library(()).profiles():
        mine = [one for one in resources if one["resourceType"] == profile.type]
        if mine:
            found.append(_cost(profile, mine))
    return found


def _cost(profile: Profile, resources: Sequence[Resource]) -> Cost:
    # A library of its own, so that each profile compiles what it leans on itself.
    known = library(())
    compiled = _taken(lambda: known.refusals([profile.url]))
    faults = [known.check(one, profile.url) for one in resources]
    return Cost(
        profile.canonical,
        len(resources),
        sum(all(one.severity != ERROR for one in told) for told in faults),
        compiled,
        _median(lambda: _check(known, profile, resources)) / len(resources),
        _median(lambda: [validate.problems(one) for one in resources]) / len(resources),
    )


def _check(known: Library, profile: Profile, resources: Sequence[Resource]) -> None:
    for one in resources:
        known.check(one, profile.url)


def _median(run: Callable[[], object]) -> float:
    return statistics.median(_taken(run) for _ in range(ROUNDS))


def _taken(run: Callable[[], object]) -> float:
    began = time.process_time()
    run()
    return time.process_time() - began
