"""Proposals of the same act as one: every reason, the highest urgency, the earliest due day, and its rank."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from mappers.recommendations import Act, Activity, ActKind, Reason, Urgency
from workers.engine.answer import soonest
from workers.engine.definitions import Offer, Strength
from workers.engine.recommenders import Proposal

URGENCIES = (Urgency.STAT, Urgency.ASAP, Urgency.URGENT, Urgency.ROUTINE)
STRENGTHS = tuple(Strength)
BENEFITS = (
    ActKind.CHOICE,
    ActKind.START_MEDICINE,
    ActKind.REVIEW_MEDICINE,
    ActKind.REFER,
    ActKind.MEASURE,
    ActKind.QUESTION,
    ActKind.INFORM,
)
"""Which kind of act changes most for a patient: treatment before a look, a look before a word. No rule that
ships bears an effect size, so benefit is an order and no number."""


@dataclass(frozen=True, slots=True)
class Merged:
    """One act with everything that speaks for it."""

    offer: Offer
    urgency: Urgency
    strength: Strength
    activity: Activity
    named: str = ""
    """What it would be called if nothing were left to settle."""

    @property
    def rank(self) -> tuple[int, int, int, int, str]:
        """Urgency, strength, then benefit: how many rules ask for it, and what kind of act it is."""
        rules = {reason.rule.id for reason in self.activity.reasons}
        return (
            URGENCIES.index(self.urgency),
            STRENGTHS.index(self.strength),
            -len(rules),
            BENEFITS.index(self.offer.kind),
            self.activity.act.key,
        )


def merge(proposals: Iterable[Proposal]) -> list[Merged]:
    """One of each act, by its key."""
    groups: dict[str, list[Proposal]] = defaultdict(list)
    for proposal in proposals:
        groups[proposal.offer.key].append(proposal)
    return [_one(groups[key]) for key in sorted(groups)]


def reasons_of(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Each reason once, by its rule."""
    return tuple(sorted(dict.fromkeys(reasons), key=lambda one: (one.rule.id, one.sentence)))


def _one(group: list[Proposal]) -> Merged:
    offer = group[0].offer
    urgency = min((one.urgency for one in group), key=URGENCIES.index)
    act = Act(offer.key, offer.kind, offer.title, offer.codings, soonest(one.due for one in group))
    activity = Activity(
        act,
        urgency,
        reasons_of(one.reason for one in group),
        tuple(sorted({problem for one in group for problem in one.problems})),
        min((one.goal for one in group if one.goal is not None), default=None),
    )
    strength = min((one.strength for one in group), key=STRENGTHS.index)
    return Merged(offer, urgency, strength, activity, offer.title)
