"""What rules in shadow answer for a patient: worked out like any, counted, and shown to nobody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mappers.facts import Facts, Truth
from workers.engine.apply import ENRICHERS
from workers.engine.case import Case
from workers.engine.definitions import Guideline, Knowledge
from workers.engine.recommenders.guidelines import applies

ANSWERS = tuple(truth.value for truth in (Truth.TRUE, Truth.FALSE, Truth.UNKNOWN))


@dataclass(frozen=True, slots=True)
class Shadowed:
    """A rule's answer: true where an action applies, unknown where none does and one is not known."""

    rule: str
    version: str
    truth: Truth


def answers(facts: Facts, knowledge: Knowledge) -> tuple[Shadowed, ...]:
    """The answers of all rules in shadow; nobody asks them of somebody who died."""
    if not knowledge.shadowed or facts.person.deceased:
        return ()
    case = Case(facts)
    for enricher in ENRICHERS:
        enricher.enrich(case)
    return tuple(_answer(case, one) for one in knowledge.shadowed)


def _answer(case: Case, rule: Guideline) -> Shadowed:
    found = (applies(case, rule, action).truth for action in rule.actions)
    return Shadowed(rule.rule.id, rule.rule.version, _any(found))


def _any(found: Iterable[Truth]) -> Truth:
    whole = Truth.FALSE
    for one in found:
        whole = whole | one
    return whole
