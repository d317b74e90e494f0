"""How fast opened records become facts and what follows from them, by one core, as a patient's record grows.

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
from mappers.facts import Facts
from mappers.fhir_to_facts import Opened, facts
from workers.engine.apply import ENRICHERS
from workers.engine.case import Case

ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Speed:
    """Of one patient: CPU seconds for the whole record, to parse it, to read facts and to enrich them."""

    resources: int
    read: float
    parsed: float
    enriched: float

    @property
    def per_second(self) -> float:
        """Resources a second, from parsed JSON to facts."""
        return self.resources / self.read

    @property
    def with_enrichment(self) -> float:
        """Resources a second, from parsed JSON to facts and everything that is computed from them."""
        return self.resources / (self.read + self.enriched)

    @property
    def whole(self) -> float:
        """Resources a second, from an opened record's bytes to facts and enrichment."""
        return self.resources / (self.parsed + self.read + self.enriched)


def speeds(bundles: Sequence[Bundle], today: date) -> list[Speed]:
    """How fast each bundle, which is one patient's, becomes facts."""
    allowed = policy.load(POLICY)
    return [_speed(_records(bundle, allowed), today) for bundle in bundles]


def growth(measured: Sequence[Speed]) -> float:
    """What one resource of the largest record costs beside one of the smallest: 1 where it is linear."""
    ordered = sorted(measured, key=lambda one: one.resources)
    return ordered[0].with_enrichment / ordered[-1].with_enrichment


def _records(bundle: Bundle, allowed: policy.Policy) -> list[tuple[str, bytes]]:
    """The clinical halves of one patient, as they lie in custody before they are sealed."""
    name = names()
    halves = (split(resource, allowed, name).clinical for resource in settled(lossless.loads(bundle.body)))
    return [
        (f"{half['resourceType']}/{half['id']}/_history/1", lossless.dumps(half)) for half in halves if half
    ]


def _speed(records: Sequence[tuple[str, bytes]], today: date) -> Speed:
    opened = [Opened(reference, lossless.loads(body)) for reference, body in records]
    known = facts(opened, today)
    return Speed(
        len(records),
        read=_best(lambda: facts(opened, today)),
        parsed=_best(lambda: [lossless.loads(body) for _, body in records]),
        enriched=_best(lambda: _enrich(known)),
    )


def _enrich(known: Facts) -> None:
    """Everything that is computed of a patient before any rule reads it."""
    case = Case(known)
    for enricher in ENRICHERS:
        enricher.enrich(case)


def _best(run: Callable[[], object]) -> float:
    return min(_taken(run) for _ in range(ROUNDS))


def _taken(run: Callable[[], object]) -> float:
    began = time.process_time()
    run()
    return time.process_time() - began
