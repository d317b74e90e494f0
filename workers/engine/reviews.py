"""Dangers of what is taken, as acts: each medicine is reviewed once, whatever speaks against it.

An interaction, a gene, an allergy and a duplicate that concern the same medicine are one review with several
reasons; where a rule proposes the review of that medicine itself, they join it. A danger of low severity is
shown and asks nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mappers.facts import Evidence
from mappers.recommendations import ActKind, Issue, Urgency
from workers.engine.answer import ordered
from workers.engine.definitions import Offer, Strength
from workers.engine.recommenders import Findings, Proposal

REVIEW = "review"
_WORDS = 5
_GRAVE = {"high": (Urgency.URGENT, Strength.STRONG), "moderate": (Urgency.ROUTINE, Strength.MODERATE)}


def reviews(findings: Sequence[Findings]) -> list[Proposal]:
    """The reviews that dangers call for, as proposals like any other."""
    issues = [one for found in findings for one in found.issues]
    proposed = [one for found in findings for one in found.proposals]
    asked = [one for one in issues if one.medicines and one.severity in _GRAVE]
    return [made for group in _groups(asked) for made in _proposals(group, _joined(group, issues, proposed))]


def _groups(issues: Iterable[Issue]) -> list[list[Issue]]:
    """Dangers that share a medicine, directly or through a third."""
    groups: list[list[Issue]] = []
    for issue in issues:
        held = set(issue.medicines)
        met = [group for group in groups if any(held & set(one.medicines) for one in group)]
        groups = [group for group in groups if group not in met]
        groups.append([*(one for group in met for one in group), issue])
    return groups


def _joined(group: Sequence[Issue], issues: Iterable[Issue], proposed: Iterable[Proposal]) -> Offer | None:
    """The review that a rule proposes of one of these medicines, which its own danger implicates."""
    taken = {piece for one in group for piece in _taken(one)}
    rules = {one.reasons[0].rule.id for one in issues if not one.medicines and taken & set(_taken(one))}
    offers = [
        one.offer
        for one in proposed
        if one.offer.kind is ActKind.REVIEW_MEDICINE and one.reason.rule.id in rules
    ]
    return min(offers, key=lambda one: one.key, default=None)


def _taken(issue: Issue) -> list[Evidence]:
    return [piece for piece in issue.implicated if piece.reference.startswith("Medication")]


def _proposals(group: Sequence[Issue], joined: Offer | None) -> list[Proposal]:
    offer = joined or _offer(group)
    return [
        Proposal(offer, *_GRAVE[issue.severity], reason=reason, problems=(), goal=None, due=None)
        for issue in group
        for reason in issue.reasons
    ]


def _offer(group: Sequence[Issue]) -> Offer:
    names = sorted({name for one in group for name in one.medicines})
    words = ordered(word for name in names for word in name.replace("-", " ").split())
    title = f"Review {_listed(names)}"
    return Offer("-".join([REVIEW, *words[:_WORDS]]), ActKind.REVIEW_MEDICINE, title, (), (), ())


def _listed(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
