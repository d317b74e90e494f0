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

from mappers.codes import deed_codes
from mappers.context import SurveyAnswer
from mappers.drugs import classes_of
from mappers.facts import (
    Allergy,
    Deed,
    Evidence,
    Facts,
    Finding,
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
from workers.engine.knowledge import SHIPPED, found_packs
from workers.engine.recommenders.guidelines import applies
from workers.engine.switching import only_on
from workers.engine.vocabulary import analytes, items

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


def cases(folder: Path = SHIPPED, added: Path | None = None) -> tuple[RuleCase, ...]:
    """Every case of every pack that counts."""
    files = (path for pack in found_packs(folder, added) for path in sorted(pack.glob("cases/*.json")))
    return tuple(one for path in files for one in _cases(path))


def failures(knowledge: Knowledge, folder: Path = SHIPPED, added: Path | None = None) -> tuple[str, ...]:
    """What the rules answer otherwise than their cases say; a rule without cases is a failure."""
    found = cases(folder, added)
    if not found:
        return ("there are no cases",)
    asked = {one.rule for one in found}
    bare = (f"{one.rule.id}: there are no cases" for one in knowledge.every if one.rule.id not in asked)
    return (*bare, *(text for one in found for text in failed(knowledge, one)))


def failed(knowledge: Knowledge, case: RuleCase) -> Iterator[str]:
    """The differences between a case and the engine."""
    where = f"{case.rule}, {case.name!r}"
    rules = [one for one in knowledge.every if one.rule.id == case.rule]
    if not rules or not case.answers:
        yield f"{where}: there is no such rule, or nothing is expected of it"
        return
    for action, expected, given in _answers(rules[0], case):
        if expected != given:
            yield f"{where}: {action} answers {given}, not {expected}"
    if not case.acts:
        return
    # A rule that is off answers beside those that are on, as it would if it were switched on.
    result = plan(case.facts, only_on(knowledge, rules[0]))
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
        deeds=tuple(_deeds(told.get("done", ()))),
        findings=tuple(_findings(told.get("said", ()))),
        survey_answers=tuple(_survey(told.get("survey", ()))),
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


def _deeds(told: Sequence[Sequence[str | None]]) -> Iterator[Deed]:
    """``["colonoscopy", "2020-05-01"]``; the day may be null."""
    by_key = {key: code for code, key in deed_codes().items()}
    for number, (key, when) in enumerate(told):
        code, day = by_key[str(key)], date.fromisoformat(when) if when else None
        yield Deed("procedure", code.system, code.code, day, _evidence("Procedure", number))


def _findings(told: Sequence[Sequence[str]]) -> Iterator[Finding]:
    for number, (question, value, when) in enumerate(told):
        evidence = _evidence("Observation", 300 + number)
        yield Finding(question, value, date.fromisoformat(when), evidence)


def _survey(told: Sequence[Sequence[Any]]) -> Iterator[SurveyAnswer]:
    for number, (key, score, when) in enumerate(told):
        instrument, item = items()[key]
        evidence = _evidence("Observation", 600 + number)
        yield SurveyAnswer(instrument, item, int(score), date.fromisoformat(when), evidence)


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
