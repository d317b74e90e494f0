"""Recommenders say what would help: a closed, ordered list, each in a file of its own.

They propose and never decide: what is merged, withdrawn or asked is for reconciliation alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from mappers.facts import Evidence
from mappers.recommendations import Issue, Reason, Target, Unanswered, Urgency
from workers.engine.case import Case
from workers.engine.definitions import Knowledge, Offer, Strength


@dataclass(frozen=True, slots=True)
class Proposal:
    """One act that one rule proposes, before anything else was asked."""

    offer: Offer
    urgency: Urgency
    strength: Strength
    reason: Reason
    problems: tuple[Evidence, ...]
    goal: str | None
    due: date | None


@dataclass(frozen=True, slots=True)
class Findings:
    """What a recommender says, and the first day on which time alone would make it say something else."""

    proposals: tuple[Proposal, ...] = ()
    targets: tuple[Target, ...] = ()
    issues: tuple[Issue, ...] = ()
    unanswered: tuple[Unanswered, ...] = ()
    until: date | None = None


class Recommender(Protocol):
    """Reads a case through knowledge."""

    def recommend(self, case: Case, knowledge: Knowledge) -> Findings:
        """Everything that it proposes, warns of, aims at, and could not tell."""
        ...
