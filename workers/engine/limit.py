"""How much is asked at once: a page that nobody reads to its end asks nothing.

What is urgent is never held back, and neither is what a danger of the present treatment calls for. What is
held back keeps its order and is told by name; it is asked as soon as there is room.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace

from mappers.recommendations import Activity, ActKind, Plan, Urgency

MOST = 12


def limited(plan: Plan, most: int, decided: Set[str] = frozenset()) -> Plan:
    """The plan with no more than ``most`` acts that are still to be decided, but for those that must be seen.

    ``decided`` are the keys of acts that a clinician has decided about: they ask nothing any more.
    """
    dangers = {reason.rule.id for issue in plan.issues for reason in issue.reasons}
    asked = [one for one in plan.activities if one.act.key not in decided]
    urgent = [one for one in asked if must_be_seen(one, dangers)]
    room = max(0, most - len(urgent))
    kept = [one for one in asked if one not in urgent][room:]
    if not kept:
        return plan
    shown = tuple(one for one in plan.activities if one not in kept)
    return replace(plan, activities=shown, kept=tuple(kept))


def must_be_seen(activity: Activity, dangers: Set[str]) -> bool:
    """Whether this is more urgent than routine, or follows from a danger."""
    contradiction = activity.act.kind is ActKind.CHOICE
    risky = any(reason.rule.id in dangers for reason in activity.reasons)
    return activity.urgency is not Urgency.ROUTINE or contradiction or risky
