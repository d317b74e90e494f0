"""From the engine's answer to cards: pure, in our own words, most urgent first.

Standard: https://cds-hooks.hl7.org/2.0/#card-attributes
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Any

from gateway.cds_hooks.chart import Chart
from mappers.recommendations import Activity, ActKind, Issue, Plan, Reason, Urgency
from mappers.recommendations_to_careplan.drafts import KINDS, draft
from mappers.recommendations_to_careplan.reasons import REASON_SYSTEM, decision_reasons
from mappers.recommendations_to_careplan.writer import Writer, cited

SUMMARY = 140
"""Characters that a summary may have."""
ORDERED = frozenset({ActKind.MEASURE, ActKind.REFER, ActKind.START_MEDICINE})
"""Acts whose draft an EHR can take over as an order."""
_INDICATOR = {Urgency.STAT: "critical", Urgency.ASAP: "critical", Urgency.URGENT: "warning"}
_SEVERITY = {"high": "critical", "moderate": "warning"}
_RANK = ("critical", "warning", "info")

Draw = Callable[[], uuid.UUID]


@dataclass(frozen=True, slots=True)
class Given:
    """A card, the act that it is about, and the rules behind it."""

    act: str
    rules: tuple[str, ...]
    card: dict[str, Any]

    @property
    def uuid(self) -> str:
        return str(self.card["uuid"])

    @property
    def suggestions(self) -> tuple[str, ...]:
        return tuple(str(one["uuid"]) for one in self.card.get("suggestions", ()))


@dataclass(frozen=True, slots=True)
class Dealer:
    """Makes cards for one chart; ``draw`` gives uuids."""

    chart: Chart
    plan: Plan
    draw: Draw

    def of_patient(self, decided: Set[str]) -> list[Given]:
        """A card for each line, but for those whose act was ``decided`` already."""
        lines = [one for one in self.plan.activities if one.act.key not in decided]
        told = {reason.rule.id for one in self.plan.activities for reason in one.reasons}
        alone = [one for one in self.plan.issues if not any(reason.rule.id in told for reason in one.reasons)]
        return _sorted([*map(self._line, lines), *map(self._danger, alone)])

    def of_drafts(self) -> list[Given]:
        """A card for whatever rests on one of the drafts."""
        dangers = [one for one in self.plan.issues if self._drafted(one)]
        told = {reason.rule.id for one in dangers for reason in one.reasons}
        lines = [one for one in self.plan.activities if self._rests(one) and not _about(one, told)]
        return _sorted([*map(self._danger, dangers), *map(self._line, lines)])

    def _drafted(self, issue: Issue) -> bool:
        return any(_local(one.reference) in self.chart.drafts for one in issue.implicated)

    def _rests(self, activity: Activity) -> bool:
        pieces = (piece for reason in activity.reasons for piece in reason.evidence)
        return any(_local(one.reference) in self.chart.drafts for one in pieces)

    def _line(self, activity: Activity) -> Given:
        indicator = _INDICATOR.get(activity.urgency, "info")
        told = [*_because(activity.reasons), *(f"To settle first: {one}." for one in activity.questions)]
        for option in activity.options:
            told += [f"**One side: {option.title}.**", *_because(option.reasons)]
        reasons = activity.reasons or tuple(reason for one in activity.options for reason in one.reasons)
        card = self._card(activity.act.title, indicator, told, reasons)
        if activity.act.kind in ORDERED:
            card["suggestions"] = [self._suggestion(activity)]
            card["selectionBehavior"] = "at-most-one"
        return Given(activity.act.key, _rules(reasons), card)

    def _danger(self, issue: Issue) -> Given:
        indicator = _SEVERITY.get(issue.severity, "info")
        card = self._card(issue.title, indicator, list(_because(issue.reasons)), issue.reasons)
        return Given(issue.key, _rules(issue.reasons), card)

    def _card(
        self, title: str, indicator: str, told: Sequence[str], reasons: Sequence[Reason]
    ) -> dict[str, Any]:
        sources = list(dict.fromkeys(reason.rule.source for reason in reasons))
        links = [{"label": one.title, "url": one.url, "type": "absolute"} for one in sources[1:] if one.url]
        source = {"label": sources[0].title if sources else "Careloom"}
        if sources and sources[0].url:
            source["url"] = sources[0].url
        card: dict[str, Any] = {
            "uuid": str(self.draw()),
            "summary": shortened(title),
            "indicator": indicator,
            "detail": "\n\n".join(told),
            "source": source,
            "overrideReasons": override_reasons(),
        }
        return {**card, "links": links} if links else card

    def _suggestion(self, activity: Activity) -> dict[str, Any]:
        writer = Writer(self.plan, self.chart.subject, lambda _kind, key: key)
        made = draft(writer, activity)
        kept = {name: value for name, value in made.items() if name not in ("id", "identifier", "basedOn")}
        action = {
            "type": "create",
            "description": f"Create a draft {KINDS[activity.act.kind]}",
            "resource": self.chart.in_own_ids(kept),
        }
        return {"uuid": str(self.draw()), "label": shortened(activity.act.title), "actions": [action]}


def not_looked(missing: Sequence[str], draw: Draw) -> dict[str, Any]:
    """The one card where something was not sent: to say nothing would look like nothing to say."""
    names = ", ".join(missing)
    text = "What was not sent cannot be told from what is not there. To be sent, null where there is none:"
    return {
        "uuid": str(draw()),
        "summary": "Careloom could not look: not everything that it needs was sent along.",
        "indicator": "info",
        "detail": f"{text} {names}.",
        "source": {"label": "Careloom"},
    }


def shortened(text: str) -> str:
    """A summary: at most 140 characters, cut between words."""
    if len(text) <= SUMMARY:
        return text
    head = text[: SUMMARY - 1].rpartition(" ")[0] or text[: SUMMARY - 1]
    return f"{head}…"


def override_reasons() -> list[dict[str, str]]:
    """Why a clinician may decline, in the codes that a plan bears for it."""
    offered = (one for one in decision_reasons().values() if one.decides == "declined")
    return [{"system": REASON_SYSTEM, "code": one.code, "display": one.display} for one in offered]


def _because(reasons: Iterable[Reason]) -> Iterator[str]:
    for reason in reasons:
        rule = reason.rule
        yield reason.sentence
        yield f"*{cited(rule)}; rule {rule.id} {rule.version}.*"
        if rule.population:
            yield f"For whom: {rule.population}."
        if reason.would_change:
            yield "Would change this: " + "; ".join(reason.would_change) + "."


def _rules(reasons: Iterable[Reason]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"{one.rule.id}|{one.rule.version}" for one in reasons))


def _about(activity: Activity, rules: Set[str]) -> bool:
    return all(reason.rule.id in rules for reason in activity.reasons)


def _sorted(cards: Iterable[Given]) -> list[Given]:
    return sorted(cards, key=lambda one: _RANK.index(one.card["indicator"]))


def _local(reference: str) -> str:
    return reference.partition("/_history/")[0]
