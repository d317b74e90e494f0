"""How fast opened records become facts, by one core, and whether that holds as a patient's record grows.

The records are split beforehand, as they lie in custody. Each size is one patient; every step is run several
times, and the best counts, because what else the machine does only adds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from bench.bundles import Bundle
from bench.custody import POLICY, names, settled
from gateway.privacy import policy
from gateway.privacy.split import split
from mappers import lossless
from mappers.fhir_to_facts import Opened, facts

ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Speed:
    """Of one patient: CPU seconds for the whole record, to read facts and to parse it before."""

    resources: int
    read: float
    parsed: float

    @property
    def per_second(self) -> float:
        """Resources a second, from parsed JSON to facts."""
        return self.resources / self.read

    @property
    def with_parsing(self) -> float:
        """Resources a second, from an opened record's bytes to facts."""
        return self.resources / (self.read + self.parsed)


def speeds(bundles: Sequence[Bundle], today: date) -> list[Speed]:
    """How fast each bundle, which is one patient's, becomes facts."""
    allowed = policy.load(POLICY)
    return [_speed(_records(bundle, allowed), today) for bundle in bundles]


def growth(measured: Sequence[Speed]) -> float:
    """What one resource of the largest record costs beside one of the smallest: 1 where it is linear."""
    ordered = sorted(measured, key=lambda one: one.resources)
    return ordered[0].per_second / ordered[-1].per_second


def _records(bundle: Bundle, allowed: policy.Policy) -> list[tuple[str, bytes]]:
    """The clinical halves of one patient, as they lie in custody before they are sealed."""
    name = names()
    halves = (split(resource, allowed, name).clinical for resource in settled(lossless.loads(bundle.body)))
    return [
        (f"{half['resourceType']}/{half['id']}/_history/1", lossless.dumps(half)) for half in halves if half
    ]


def _speed(records: Sequence[tuple[str, bytes]], today: date) -> Speed:
    opened = [Opened(reference, lossless.loads(body)) for reference, body in records]
    return Speed(
        len(records),
        read=_best(lambda: facts(opened, today)),
        parsed=_best(lambda: [lossless.loads(body) for _, body in records]),
    )


def _best(run: Callable[[], object]) -> float:
    return min(_taken(run) for _ in range(ROUNDS))


def _taken(run: Callable[[], object]) -> float:
    began = time.process_time()
    run()
    return time.process_time() - began
