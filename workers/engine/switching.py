"""The rules in force for one hospital: what it switched, what it set otherwise, and what was recalled. Pure.

A recall is stronger than any switch. A threshold that lies outside of its rule's bounds, or that the rule has
no more, refuses the rule: it is off, and ``refused`` says so, since a rule with the wrong number is no rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from workers.engine.definitions import Guideline, Knowledge, State
from workers.engine.rules import guideline
from workers.engine.sheet import Sheet
from workers.engine.thresholds import published


@dataclass(frozen=True, slots=True)
class Switch:
    """What a hospital decided about a rule: its state (None: as published), and numbers of its own."""

    state: State | None = None
    thresholds: Mapping[str, Decimal] = field(default_factory=dict)


Version = tuple[str, str]
"""A rule's id and the version that was published."""


class SwitchRefused(ValueError):  # noqa: N818 - it reads as what happened
    """A switch asks for what the rule does not offer; the text says what it offers."""


def in_force(knowledge: Knowledge, switches: Mapping[str, Switch], recalled: frozenset[Version]) -> Knowledge:
    """The knowledge as it counts for a hospital."""
    rules = [_switched(knowledge, one, switches.get(one.rule.id), recalled) for one in knowledge.every]
    return _sorted(knowledge, rules)


def tuned(knowledge: Knowledge, rule: Guideline, values: Mapping[str, Decimal]) -> Guideline:
    """A rule with some of its thresholds set; raises ``SwitchRefused``."""
    unknown = values.keys() - {one.name for one in rule.thresholds}
    if unknown:
        has = ", ".join(one.name for one in rule.thresholds) or "none"
        raise SwitchRefused(f"{rule.rule.id} has no threshold {', '.join(sorted(unknown))}; it has: {has}.")
    faults: list[str] = []
    words = {name: f"{value:f}" for name, value in values.items()}
    sheet = Sheet(rule.written, rule.rule.id, faults, words)
    found = guideline(sheet, rule.pack, knowledge.offers, knowledge.medicines)
    if faults:
        raise SwitchRefused("; ".join(faults))
    return found


def only_on(knowledge: Knowledge, rule: Guideline) -> Knowledge:
    """The knowledge with this rule on, beside those that are."""
    rules = [replace(one, state=State.ON) if one.rule.id == rule.rule.id else one for one in knowledge.every]
    return _sorted(knowledge, rules)


def _switched(
    knowledge: Knowledge, rule: Guideline, switch: Switch | None, recalled: frozenset[Version]
) -> Guideline:
    if (rule.rule.id, published(rule.rule.version)) in recalled:
        return replace(rule, state=State.RECALLED)
    if switch is None:
        return rule
    try:
        found = tuned(knowledge, rule, switch.thresholds) if switch.thresholds else rule
    except SwitchRefused:
        return replace(rule, state=State.OFF)
    return found if switch.state is None else replace(found, state=switch.state)


def _sorted(knowledge: Knowledge, rules: Iterable[Guideline]) -> Knowledge:
    by_state: dict[State, list[Guideline]] = {state: [] for state in State}
    for one in rules:
        by_state[one.state].append(one)
    off = sorted((*by_state[State.OFF], *by_state[State.RECALLED]), key=lambda one: one.rule.id)
    return replace(
        knowledge,
        guidelines=tuple(by_state[State.ON]),
        shadowed=tuple(by_state[State.SHADOW]),
        shelved=tuple(off),
    )
