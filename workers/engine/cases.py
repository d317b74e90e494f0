"""Runs the cases that lie beside each rule: patients in a few lines, and what the rule must answer for them.

Whoever writes the rule writes them, in JSON; the tests and ``careloom knowledge check`` run them.
"""

from __future__ import annotations

import json
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from mappers.drugs import classes_of
from mappers.facts import (
    Allergy,
    Evidence,
    Facts,
    Measurement,
    Medicine,
    Person,
    Problem,
    Setting,
    Sex,
    Truth,
    Unreadable,
)
from mappers.recommendations import Plan
from workers.engine.apply import ENRICHERS, plan
from workers.engine.case import Case
from workers.engine.definitions import Guideline, Knowledge
from workers.engine.knowledge import SHIPPED
from workers.engine.recommenders.guidelines import applies
from workers.engine.vocabulary import analytes

Node = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RuleCase:
    """One patient, what each action of the rule must answer, and what must become of the acts."""

    rule: str
    kind: str
    name: str
    facts: Facts
    answers: Mapping[str, str]
    acts: Mapping[str, str]


def cases(folder: Path = SHIPPED) -> tuple[RuleCase, ...]:
    """Every case of every pack."""
    return tuple(one for path in sorted(folder.glob("*/cases/*.json")) for one in _cases(path))


def failures(knowledge: Knowledge, folder: Path = SHIPPED) -> tuple[str, ...]:
    """What the rules answer otherwise than their cases say; a folder without cases is a failure."""
    found = cases(folder)
    if not found:
        return ("there are no cases",)
    return tuple(text for one in found for text in failed(knowledge, one))


def failed(knowledge: Knowledge, case: RuleCase) -> Iterator[str]:
    """The differences between a case and the engine."""
    where = f"{case.rule}, {case.name!r}"
    rules = [one for one in knowledge.guidelines if one.rule.id == case.rule]
    if not rules or not case.answers:
        yield f"{where}: there is no such rule, or nothing is expected of it"
        return
    for action, expected, given in _answers(rules[0], case):
        if expected != given:
            yield f"{where}: {action} answers {given}, not {expected}"
    result = plan(case.facts, knowledge)
    for key, expected in case.acts.items():
        if (given := became(result, key)) != expected:
            yield f"{where}: {key} is {given}, not {expected}"


def became(result: Plan, key: str) -> str:
    """What a plan did with an act: the kind of its activity, ``withdrawn``, or ``absent``."""
    for activity in result.activities:
        if activity.act.key == key:
            return activity.act.kind.value
    return "withdrawn" if any(one.act.key == key for one in result.withdrawn) else "absent"


def _answers(rule: Guideline, case: RuleCase) -> Iterator[tuple[str, str, str]]:
    asked = Case(case.facts)
    for enricher in ENRICHERS:
        enricher.enrich(asked)
    actions = {action.id: action for action in rule.actions}
    for key, expected in case.answers.items():
        if key not in actions:
            yield key, expected, "nothing: there is no such action"
        else:
            yield key, expected, applies(asked, rule, actions[key]).truth.value


def _cases(path: Path) -> Iterator[RuleCase]:
    found = json.loads(path.read_text("utf-8"))
    for one in found["cases"]:
        facts = patient({**found.get("patient", {}), **one.get("patient", {})})
        yield RuleCase(
            path.stem, one["kind"], one["name"], facts, one.get("answers", {}), one.get("acts", {})
        )


def patient(told: Node) -> Facts:
    """Facts from a few lines of JSON; ``docs/engine.md`` lists the keys."""
    return Facts(
        date.fromisoformat(told["as_of"]),
        _person(told),
        tuple(_measurements(told.get("measurements", ()))),
        tuple(
            _problem(text, _evidence("Condition", number))
            for number, text in enumerate(told.get("problems", ()))
        ),
        tuple(_medicines(told.get("medicines", ()))),
        tuple(_allergies(told.get("allergies", ()))),
        pregnant=Truth(told.get("pregnant", "unknown")),
        lactating=Truth(told.get("lactating", "unknown")),
        unreadable=tuple(
            Unreadable(_evidence(kind, 900 + number), kind, "only text")
            for number, kind in enumerate(told.get("unreadable", ()))
        ),
    )


def _problem(text: str, evidence: Evidence) -> Problem:
    """``ckd``, or with a stage ``ckd:3b``."""
    key, _, stage = text.partition(":")
    return Problem(key, "", "", True, None, evidence, stage=stage or None)


def _evidence(kind: str, number: int) -> Evidence:
    return Evidence(f"{kind}/case-{number}/_history/1")


def _person(told: Node) -> Person:
    return Person(
        _evidence("Patient", 0), Sex(told.get("sex", "unknown")), _born(told.get("born")), deceased=False
    )


def _born(text: str | None) -> tuple[date, date] | None:
    if text is None:
        return None
    year, month = (int(part) for part in text.split("-"))
    return date(year, month, 1), date(year, month, monthrange(year, month)[1])


def _measurements(told: Sequence[Sequence[str]]) -> Iterator[Measurement]:
    for number, (analyte, number_text, when, *place) in enumerate(told):
        value = number_text.lstrip("<>=")
        yield Measurement(
            analyte,
            Decimal(value),
            analytes()[analyte].unit,
            date.fromisoformat(when),
            Setting(place[0]) if place else Setting.AMBULATORY,
            _evidence("Observation", number),
            number_text.removesuffix(value) or None,
        )


def _medicines(told: Sequence[str]) -> Iterator[Medicine]:
    for number, name in enumerate(told):
        ingredients = None if name == "?" else (name,)
        evidence = _evidence("MedicationRequest", number)
        yield Medicine(ingredients, classes_of(ingredients), True, None, None, evidence)


def _allergies(told: Sequence[str]) -> Iterator[Allergy]:
    for number, name in enumerate(told):
        substances = None if name == "?" else (name,)
        evidence = _evidence("AllergyIntolerance", number)
        yield Allergy(substances, classes_of(substances), True, False, evidence)
