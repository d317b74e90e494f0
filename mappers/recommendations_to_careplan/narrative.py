"""The plan in a minute's reading: what, why and on whose word, then what was withdrawn and what is missing.

Only our own words are in it, all of them escaped; references and pseudonyms are not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from html import escape

from mappers.recommendations import (
    Activity,
    Derived,
    Issue,
    Plan,
    Reason,
    Scored,
    Target,
    Unanswered,
    Urgency,
    Withdrawn,
)
from mappers.recommendations_to_careplan.scored import told_estimate
from mappers.recommendations_to_careplan.trend import told_trend
from mappers.recommendations_to_careplan.writer import by, cited
from mappers.units import analytes, shown

OPENING = "A draft: nothing in it is ordered until a clinician accepts it."
DECIDED = "What a clinician decided stands; what is recommended is not ordered until a clinician accepts it."
NOTHING = "Nothing is due: no rule that could be answered proposes anything."
SHOWN = 20


def div(plan: Plan, decisions: Sequence[str] = (), *, draft: bool = True) -> str:
    """The narrative of a plan, as FHIR's XHTML."""
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{"".join(_parts(plan, decisions, draft))}</div>'


def _parts(plan: Plan, decisions: Sequence[str], draft: bool) -> Iterator[str]:
    yield f"<p><b>Suggested care plan.</b> {escape(OPENING if draft else DECIDED)}</p>"
    yield _list("Dangers in the current treatment", map(_issue, plan.issues))
    yield (
        _list("Recommended", (_activity(one, plan.as_of) for one in plan.activities))
        or f"<p>{escape(NOTHING)}</p>"
    )
    yield _list("Decided by a clinician", map(escape, decisions))
    yield _list("Goals", (_target(one, plan.as_of) for one in plan.targets))
    yield _list("Computed", _computed(plan))
    yield _list("Considered and withdrawn", map(_withdrawn, plan.withdrawn))
    yield _list("Could not be told", map(_unanswered, plan.unanswered))
    yield _list("Could not be read", _unreadable(plan))
    if plan.next_look:
        yield f"<p>Time alone may change this plan on {plan.next_look.isoformat()}.</p>"


def _list(title: str, items: Iterable[str]) -> str:
    body = "".join(f"<li>{item}</li>" for item in items)
    return f"<p><b>{escape(title)}</b></p><ul>{body}</ul>" if body else ""


def _activity(activity: Activity, today: date) -> str:
    urgency = "" if activity.urgency is Urgency.ROUTINE else f" ({activity.urgency.value})"
    head = f"<b>{escape(activity.act.title)}</b>{escape(urgency + by(activity.act.due, today))}"
    questions = "".join(f"<br/>To settle first: {escape(question)}" for question in activity.questions)
    return head + questions + _reasons(activity.reasons)


def _reasons(reasons: Sequence[Reason]) -> str:
    """Why, then on whose word (each source once), then what would have changed it."""
    sentences = _once(reason.sentence for reason in reasons)
    sources = _once(cited(reason.rule) for reason in reasons)
    changes = _once(change for reason in reasons for change in reason.would_change)
    lines = [*map(escape, sentences), *(f"<i>{escape(source)}</i>" for source in sources)]
    if changes:
        lines.append(f"Would change this: {escape('; '.join(changes))}")
    return "".join(f"<br/>{line}" for line in lines)


def _once(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _issue(issue: Issue) -> str:
    head = f"<b>{escape(issue.title)}</b> ({escape(issue.severity)})"
    return head + _reasons(issue.reasons)


def _target(target: Target, today: date) -> str:
    return escape(f"{target.title}{by(target.due, today)}")


def _computed(plan: Plan) -> Iterator[str]:
    yield from map(_derived, plan.derived)
    yield from map(_scored, plan.scores)
    yield from (escape(told_trend(one)) for one in plan.trends)


def _derived(derived: Derived) -> str:
    measured = derived.measurement
    unit = shown(measured.unit)
    value = f"{measured.value:f} {unit}"
    if derived.bounds:
        value = f"between {derived.bounds[0]:f} and {derived.bounds[1]:f} {unit}"
    meaning = f": {derived.interpretation}" if derived.interpretation else ""
    name = analytes()[measured.analyte].name
    return escape(f"{name} {value} of {measured.when.isoformat()}{meaning} ({derived.rule.title})")


def _scored(scored: Scored) -> str:
    told = ", ".join([*map(told_estimate, scored.estimates), *([scored.band] if scored.band else [])])
    day = f" of {scored.when.isoformat()}" if scored.when else ""
    return escape(f"{scored.rule.title}{day}: {told}")


def _withdrawn(withdrawn: Withdrawn) -> str:
    return f"{escape(withdrawn.act.title)}: {escape(withdrawn.because)}"


def _unanswered(unanswered: Unanswered) -> str:
    return f"{escape(unanswered.rule.title)}. Missing: {escape(', '.join(unanswered.missing))}"


def _unreadable(plan: Plan) -> Iterator[str]:
    """Each kind of trouble once, with how often it was met: a hundred bad values are one line."""
    kinds = Counter((one.what.partition(" of ")[0], one.reason) for one in plan.unreadable)
    single = {(one.what.partition(" of ")[0], one.reason): one.what for one in plan.unreadable}
    for (what, reason), times in sorted(kinds.items())[:SHOWN]:
        yield escape(f"{single[what, reason]} {reason}" if times == 1 else f"{what} {reason} ({times} times)")
    if len(kinds) > SHOWN:
        yield escape(f"and {len(kinds) - SHOWN} more kinds")
    if plan.unread:
        values = "other value" if plan.unread == 1 else "other values"
        yield escape(f"{plan.unread} {values}, which no rule asks for, could not be read")
