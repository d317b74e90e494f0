"""Enrichers compute what nobody measured: a closed, ordered list, each in a file of its own.

Order matters: an enricher sees the readings that those before it computed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from mappers.recommendations import (
    Derived,
    GenePhenotype,
    Implication,
    Rule,
    Scored,
    Trend,
    Unanswered,
)
from workers.engine.case import Case


@dataclass(frozen=True, slots=True)
class Enrichment:
    """What an enricher found: values to store, what it missed, and the day on which that turns."""

    derived: tuple[Derived, ...] = ()
    unanswered: tuple[Unanswered, ...] = ()
    until: date | None = field(default=None)
    scores: tuple[Scored, ...] = ()
    trends: tuple[Trend, ...] = ()
    phenotypes: tuple[GenePhenotype, ...] = ()
    implications: tuple[Implication, ...] = ()


class Enricher(Protocol):
    """Computes readings into a case before any rule reads it, and says what is worth storing."""

    @property
    def rule(self) -> Rule:
        """What it computes by, with its source."""
        ...

    def enrich(self, case: Case) -> Enrichment:
        """Add readings to the case."""
        ...
