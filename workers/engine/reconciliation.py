"""One answer out of many proposals: merged, guarded, and ordered. Nothing else decides.

1. Proposals of the same act become one activity with several reasons.
2. An act that starts a medicine is judged option by option: taken already, it is not proposed; forbidden
   in every option, it is withdrawn and says why; with anything left to settle, it is a question.
3. The rest is ordered by urgency, then by strength of evidence, then by name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from mappers.facts import Truth
from mappers.recommendations import (
    Act,
    Activity,
    ActKind,
    Issue,
    Reason,
    Target,
    Unanswered,
    Urgency,
    Withdrawn,
)
from workers.engine.answer import ordered, soonest
from workers.engine.case import Case
from workers.engine.definitions import Knowledge, MedicineClass, Offer, Strength
from workers.engine.guards import Verdict, judge, setting_known, taken_already, together
from workers.engine.recommenders import Findings, Proposal

URGENCIES = (Urgency.STAT, Urgency.ASAP, Urgency.URGENT, Urgency.ROUTINE)
STRENGTHS = tuple(Strength)
SEVERITIES = ("high", "moderate", "low")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What stands after reconciliation."""

    activities: tuple[Activity, ...]
    withdrawn: tuple[Withdrawn, ...]
    targets: tuple[Target, ...]
    issues: tuple[Issue, ...]
    unanswered: tuple[Unanswered, ...]
    until: date | None


@dataclass(frozen=True, slots=True)
class _Merged:
    offer: Offer
    urgency: Urgency
    strength: Strength
    activity: Activity


def reconcile(case: Case, knowledge: Knowledge, findings: Sequence[Findings]) -> Outcome:
    """The one answer."""
    merged = _merge(one for found in findings for one in found.proposals)
    judged = [_judge(case, knowledge, one) for one in merged]
    activities = [(one, result) for one, (result, _) in zip(merged, judged, strict=True)]
    return Outcome(
        tuple(_ordered((one, result) for one, result in activities if isinstance(result, Activity))),
        tuple(result for _, result in activities if isinstance(result, Withdrawn)),
        _distinct_targets(one for found in findings for one in found.targets),
        _merge_issues(one for found in findings for one in found.issues),
        tuple(sorted((one for found in findings for one in found.unanswered), key=lambda one: one.rule.id)),
        soonest([*(found.until for found in findings), *(verdict.until for _, verdict in judged)]),
    )


def _merge(proposals: Iterable[Proposal]) -> list[_Merged]:
    groups: dict[str, list[Proposal]] = defaultdict(list)
    for proposal in proposals:
        groups[proposal.offer.key].append(proposal)
    return [_one(groups[key]) for key in sorted(groups)]


def _one(group: list[Proposal]) -> _Merged:
    offer = group[0].offer
    urgency = min((one.urgency for one in group), key=URGENCIES.index)
    act = Act(offer.key, offer.kind, offer.title, offer.codings, soonest(one.due for one in group))
    activity = Activity(
        act,
        urgency,
        _reasons(one.reason for one in group),
        tuple(sorted({problem for one in group for problem in one.problems})),
        min((one.goal for one in group if one.goal is not None), default=None),
    )
    return _Merged(offer, urgency, min((one.strength for one in group), key=STRENGTHS.index), activity)


def _reasons(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    return tuple(sorted(dict.fromkeys(reasons), key=lambda one: (one.rule.id, one.sentence)))


def _judge(case: Case, knowledge: Knowledge, merged: _Merged) -> tuple[Activity | Withdrawn | None, Verdict]:
    if merged.offer.kind is not ActKind.START_MEDICINE:
        return merged.activity, Verdict()
    taken, verdict = taken_already(case, merged.offer)
    if taken is Truth.TRUE:
        return None, verdict
    choices = [knowledge.medicines[key] for key in merged.offer.options]
    options = [(medicine, judge(case, medicine)) for medicine in choices]
    whole = together([verdict, *(one for _, one in options)])
    open_ = [(medicine, one) for medicine, one in options if not one.forbids]
    if not open_:
        return _withdraw(merged, choices, whole), whole
    evidence = tuple(piece for reason in merged.activity.reasons for piece in reason.evidence)
    asked = together([verdict, *(one for _, one in open_), setting_known(case, evidence)])
    return _offer(merged, [medicine for medicine, _ in open_], whole.forbids, asked), whole


def _withdraw(merged: _Merged, medicines: Sequence[MedicineClass], verdict: Verdict) -> Withdrawn:
    activity = merged.activity
    return Withdrawn(
        _chosen(activity.act, medicines), "; ".join(verdict.forbids), verdict.evidence, activity.reasons
    )


def _chosen(act: Act, medicines: Sequence[MedicineClass]) -> Act:
    """The act with the medicines that it leaves to choose from in its title."""
    choice = " or ".join(medicine.display for medicine in medicines)
    return replace(act, title=act.title.replace("{options}", choice))


def _offer(
    merged: _Merged, medicines: Sequence[MedicineClass], left_out: Sequence[str], asked: Verdict
) -> Activity:
    """The activity that remains: the options that nothing forbids, as a draft or as a question."""
    act = _chosen(merged.activity.act, medicines)
    reasons = tuple(_with_guards(one, left_out, asked) for one in merged.activity.reasons)
    if not asked.asks:
        return replace(merged.activity, act=act, reasons=reasons)
    question = replace(act, kind=ActKind.QUESTION, title=f"To decide: {act.title}?")
    return replace(merged.activity, act=question, reasons=reasons, questions=asked.asks)


def _with_guards(reason: Reason, left_out: Sequence[str], asked: Verdict) -> Reason:
    """A reason that also says what was left out, and rests on what the guards read."""
    sentence = " ".join([reason.sentence, *(f"Left out: {text}." for text in left_out)])
    would_change = ordered([*reason.would_change, *(f"to know {text}" for text in asked.asks)])
    evidence = tuple(sorted({*reason.evidence, *asked.evidence}))
    return Reason(reason.rule, sentence, evidence, would_change)


def _ordered(pairs: Iterable[tuple[_Merged, Activity]]) -> list[Activity]:
    def rank(pair: tuple[_Merged, Activity]) -> tuple[int, int, str]:
        merged, activity = pair
        return URGENCIES.index(merged.urgency), STRENGTHS.index(merged.strength), activity.act.key

    return [activity for _, activity in sorted(pairs, key=rank)]


def _distinct_targets(targets: Iterable[Target]) -> tuple[Target, ...]:
    by_key = {target.key: target for target in targets}
    return tuple(by_key[key] for key in sorted(by_key))


def _merge_issues(issues: Iterable[Issue]) -> tuple[Issue, ...]:
    groups: dict[str, list[Issue]] = defaultdict(list)
    for issue in issues:
        groups[issue.key].append(issue)
    merged = [
        replace(
            group[0],
            severity=min((one.severity for one in group), key=SEVERITIES.index),
            reasons=_reasons(reason for one in group for reason in one.reasons),
            implicated=tuple(sorted({piece for one in group for piece in one.implicated})),
        )
        for group in groups.values()
    ]
    return tuple(sorted(merged, key=lambda one: (SEVERITIES.index(one.severity), one.key)))
