"""The plan in a minute's reading: dangers, what is asked and why, what was decided; then what it rests on.

What a clinician must read stands above "Basis"; what one needs to check it stands below. Only our own words
are in it, all of them escaped; references and pseudonyms are not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from datetime import date
from html import escape

from mappers.recommendations import (
    Activity,
    Derived,
    Issue,
    Plan,
    Rule,
    Scored,
    Target,
    Unanswered,
    Urgency,
    Withdrawn,
)
from mappers.recommendations_to_careplan.genomic import told_phenotype
from mappers.recommendations_to_careplan.scored import told_estimate
from mappers.recommendations_to_careplan.trend import told_trend
from mappers.recommendations_to_careplan.writer import by, cited
from mappers.units import analytes, shown

OPENING = "A draft: nothing in it is ordered until a clinician accepts it."
DECIDED = "What a clinician decided stands; what is recommended is not ordered until a clinician accepts it."
ABOVE = "See the danger above."
NOTHING = "Nothing is due: no rule that could be answered proposes anything."
SHOWN = 20


def div(plan: Plan, decisions: Sequence[str] = (), *, draft: bool = True) -> str:
    """The narrative of a plan, as FHIR's XHTML."""
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{"".join(_parts(plan, decisions, draft))}</div>'


def more(kept: Sequence[Activity]) -> str:
    """What is not asked yet, in one sentence."""
    titles = "; ".join(one.act.title for one in kept)
    return f"{len(kept)} more, kept until something above is decided: {titles}"


def _parts(plan: Plan, decisions: Sequence[str], draft: bool) -> Iterator[str]:
    told = {reason.sentence for issue in plan.issues for reason in issue.reasons}
    asked = [_activity(one, plan.as_of, told) for one in plan.activities]
    yield f"<p><b>Suggested care plan.</b> {escape(OPENING if draft else DECIDED)}</p>"
    yield _list("Dangers in the current treatment", map(_issue, plan.issues))
    yield _list("Recommended", asked) or f"<p>{escape(NOTHING)}</p>"
    if plan.kept:
        yield f"<p>{escape(more(plan.kept))}</p>"
    yield _list("Decided by a clinician", map(escape, decisions))
    yield _list("Goals", (_target(one, plan.as_of) for one in plan.targets))
    yield _list("Considered and withdrawn", map(_withdrawn, plan.withdrawn))
    yield _list("Could not be told", _unanswered(plan.unanswered))
    yield _list("Could not be read", _unreadable(plan))
    yield from _basis(plan)
    if plan.next_look:
        yield f"<p>Time alone may change this plan on {plan.next_look.isoformat()}.</p>"


def _list(title: str, items: Iterable[str]) -> str:
    body = "".join(f"<li>{item}</li>" for item in items)
    return f"<p><b>{escape(title)}</b></p><ul>{body}</ul>" if body else ""


def _activity(activity: Activity, today: date, told: Set[str]) -> str:
    urgency = "" if activity.urgency is Urgency.ROUTINE else f" ({activity.urgency.value})"
    head = f"<b>{escape(activity.act.title)}</b>{escape(urgency + by(activity.act.due, today))}"
    lines = [f"To settle first: {question}" for question in activity.questions]
    lines += [
        " ".join([f"{option.title}:", *_once(one.sentence for one in option.reasons)])
        for option in activity.options
    ]
    if not activity.options:
        sentences = _once(reason.sentence for reason in activity.reasons)
        lines += [one for one in sentences if one not in told]
        lines += [ABOVE] if told & set(sentences) else []
    return head + _broken(lines)


def _broken(lines: Iterable[str]) -> str:
    return "".join(f"<br/>{escape(line)}" for line in lines)


def _once(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _issue(issue: Issue) -> str:
    head = f"<b>{escape(_begun(issue.title))}</b> ({escape(issue.severity)})"
    return head + _broken(_once(_begun(reason.sentence) for reason in issue.reasons))


def _begun(text: str) -> str:
    """A sentence may begin with the name of a medicine."""
    return text[:1].upper() + text[1:]


# --- what it rests on ------------------------------------------------------------------------------------


def _basis(plan: Plan) -> Iterator[str]:
    """Inputs, rules with their sources, for whom and within which limits, and what would change each act."""
    yield _list("Basis: what was computed", _computed(plan))
    rules = set(_rules(plan))
    yield _list(
        "Basis: rules and sources",
        (_rule(one) for one in sorted(rules, key=lambda one: (one.id, one.version, one.source.strength))),
    )
    yield _list("Basis: what would change it", filter(None, map(_changes, plan.activities)))


def _rules(plan: Plan) -> Iterator[Rule]:
    for group in (plan.activities, plan.issues, plan.targets, plan.withdrawn):
        yield from (reason.rule for one in group for reason in one.reasons)


def _rule(rule: Rule) -> str:
    said = [f"{rule.title} (rule {rule.id} {rule.version}). {cited(rule)}."]
    said += [f"For whom: {rule.population}."] if rule.population else []
    said += [f"Limits: {rule.limits}."] if rule.limits else []
    return escape(" ".join(said))


def _changes(activity: Activity) -> str:
    changes = _once(change for reason in activity.reasons for change in reason.would_change)
    return escape(f"{activity.act.title}: {'; '.join(changes)}") if changes else ""


def _target(target: Target, today: date) -> str:
    late = target.due is not None and target.due < today
    return escape(f"{target.title}{f', not reached by {target.due}' if late else by(target.due, today)}")


def _computed(plan: Plan) -> Iterator[str]:
    yield from map(_derived, plan.derived)
    yield from map(_scored, plan.scores)
    yield from (escape(told_trend(one)) for one in plan.trends)
    yield from (escape(told_phenotype(one)) for one in plan.phenotypes)


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


def _unanswered(unanswered: Sequence[Unanswered]) -> Iterator[str]:
    """By what is missing, since that is what a clinician can mend."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for one in unanswered:
        groups.setdefault(one.missing, []).append(one.rule.title)
    for missing, titles in groups.items():
        yield escape(f"Missing {', '.join(missing)}: {'; '.join(_once(titles))}")


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
