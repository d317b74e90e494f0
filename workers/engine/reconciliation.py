"""One answer out of many proposals: merged, guarded, and ordered. Nothing else decides.

1. Proposals of the same act become one activity with several reasons; dangers of what is taken are reasons.
2. An act that starts a medicine is judged option by option: taken already, it is not proposed; forbidden
   in every option, it is withdrawn and says why; with anything left to settle, it is a question.
3. Proposals that speak against one another become a choice, with every side and its reasons.
4. The rest is ordered by urgency, strength of evidence and expected benefit, then by name.
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
    Withdrawn,
)
from workers.engine.answer import ordered, soonest
from workers.engine.case import Case
from workers.engine.conflicts import settle, settle_goals
from workers.engine.definitions import Knowledge, MedicineClass
from workers.engine.guards import Verdict, judge, setting_known, taken_already, together
from workers.engine.merged import Merged, merge, reasons_of
from workers.engine.recommenders import Findings
from workers.engine.reviews import reviews

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


def reconcile(case: Case, knowledge: Knowledge, findings: Sequence[Findings]) -> Outcome:
    """The one answer."""
    merged = merge([*(one for found in findings for one in found.proposals), *reviews(findings)])
    judged = [_judge(case, knowledge, one) for one in merged]
    targets, choices = settle_goals(one for found in findings for one in found.targets)
    standing = settle([one for one, _ in judged if isinstance(one, Merged)])
    return Outcome(
        _ordered([*standing, *choices], targets),
        tuple(one for one, _ in judged if isinstance(one, Withdrawn)),
        targets,
        _merge_issues(one for found in findings for one in found.issues),
        tuple(sorted((one for found in findings for one in found.unanswered), key=lambda one: one.rule.id)),
        soonest([*(found.until for found in findings), *(verdict.until for _, verdict in judged)]),
    )


def _judge(case: Case, knowledge: Knowledge, merged: Merged) -> tuple[Merged | Withdrawn | None, Verdict]:
    if merged.offer.kind is not ActKind.START_MEDICINE:
        return merged, Verdict()
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


def _withdraw(merged: Merged, medicines: Sequence[MedicineClass], verdict: Verdict) -> Withdrawn:
    activity = merged.activity
    return Withdrawn(
        _chosen(activity.act, medicines), "; ".join(verdict.forbids), verdict.evidence, activity.reasons
    )


def _chosen(act: Act, medicines: Sequence[MedicineClass]) -> Act:
    """The act with the medicines that it leaves to choose from in its title."""
    choice = " or ".join(medicine.display for medicine in medicines)
    return replace(act, title=act.title.replace("{options}", choice))


def _offer(
    merged: Merged, medicines: Sequence[MedicineClass], left_out: Sequence[str], asked: Verdict
) -> Merged:
    """What remains: the options that nothing forbids, as a draft or as a question."""
    act = _chosen(merged.activity.act, medicines)
    reasons = tuple(_with_guards(one, left_out, asked) for one in merged.activity.reasons)
    activity = replace(merged.activity, act=act, reasons=reasons)
    if asked.asks:
        question = replace(act, kind=ActKind.QUESTION, title=f"To decide: {act.title}?")
        activity = replace(activity, act=question, questions=asked.asks)
    open_ = replace(merged.offer, options=tuple(medicine.key for medicine in medicines))
    return replace(merged, offer=open_, activity=activity, named=act.title)


def _with_guards(reason: Reason, left_out: Sequence[str], asked: Verdict) -> Reason:
    """A reason that also says what was left out, and rests on what the guards read."""
    sentence = " ".join([reason.sentence, *(f"Left out: {text}." for text in left_out)])
    would_change = ordered([*reason.would_change, *(f"to know {text}" for text in asked.asks)])
    evidence = tuple(sorted({*reason.evidence, *asked.evidence}))
    return Reason(reason.rule, sentence, evidence, would_change)


def _ordered(standing: Iterable[Merged], targets: Sequence[Target]) -> tuple[Activity, ...]:
    """In the order in which they are read; a goal that is not settled is served by nothing."""
    keys = {target.key for target in targets}
    activities = [one.activity for one in sorted(standing, key=lambda one: one.rank)]
    return tuple(one if one.goal in keys else replace(one, goal=None) for one in activities)


def _merge_issues(issues: Iterable[Issue]) -> tuple[Issue, ...]:
    groups: dict[str, list[Issue]] = defaultdict(list)
    for issue in issues:
        groups[issue.key].append(issue)
    merged = [
        replace(
            group[0],
            severity=min((one.severity for one in group), key=SEVERITIES.index),
            reasons=reasons_of(reason for one in group for reason in one.reasons),
            implicated=tuple(sorted({piece for one in group for piece in one.implicated})),
        )
        for group in groups.values()
    ]
    return tuple(sorted(merged, key=lambda one: (SEVERITIES.index(one.severity), one.key)))
