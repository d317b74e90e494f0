"""The recommender of guidelines: every rule of the packs, asked of one patient.

A rule's own conditions are asked first, because most of them are settled by what never changes with time, so
that few patients are looked at again for a rule that cannot concern them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache

from mappers.facts import Evidence, Truth
from mappers.recommendations import Issue, Reason, Target, Unanswered
from workers.engine.answer import Answer, all_of, negate, ordered, soonest
from workers.engine.calendar import Span, age_within
from workers.engine.case import Case
from workers.engine.definitions import Action, Guideline, Knowledge, Lactation, Pregnancy
from workers.engine.expression import Expression, Lookup, answer, value
from workers.engine.names import catalogue, lookup
from workers.engine.people import lactation, pregnancy
from workers.engine.recommenders import Findings, Proposal
from workers.engine.vocabulary import analytes


class Guidelines:
    """Asks the rules of all packs."""

    def recommend(self, case: Case, knowledge: Knowledge) -> Findings:
        """Everything that the rules propose for a case."""
        asked = [_ask(case, guideline) for guideline in knowledge.guidelines]
        return Findings(
            tuple(one for found in asked for one in found.proposals),
            tuple(one for found in asked for one in found.targets),
            tuple(one for found in asked for one in found.issues),
            tuple(one for found in asked for one in found.unanswered),
            soonest(found.until for found in asked),
        )


def _ask(case: Case, guideline: Guideline) -> Findings:
    names = lookup(case, guideline.lens, catalogue())
    answers = [(action, applies(case, guideline, action)) for action in guideline.actions]
    chosen = [(action, found) for action, found in answers if found.truth is Truth.TRUE]
    missing = ordered(text for _, found in answers if found.truth is Truth.UNKNOWN for text in found.missing)
    return Findings(
        tuple(_proposals(guideline, chosen, names)),
        tuple(_targets(guideline, chosen, names)),
        tuple(_issues(guideline, chosen, names)),
        (Unanswered(guideline.rule, missing),) if missing else (),
        soonest([*(found.until for _, found in answers), *_shown_until(guideline, chosen, names)]),
    )


def applies(case: Case, guideline: Guideline, action: Action) -> Answer:
    """Whether an action of a rule is right for a patient."""
    return all_of(_gates(case, guideline, action))


def _gates(case: Case, guideline: Guideline, action: Action) -> Iterator[Answer]:
    names = lookup(case, guideline.lens, catalogue())
    for condition in action.conditions:
        yield _asked_once(case, guideline, condition, names)
    yield age_within(case.facts.person, guideline.ages, case.today)
    yield _pregnancy(case, guideline.pregnancy)
    yield _lactation(case, guideline.lactation)
    for exclusion in guideline.exclusions:
        yield negate(_asked_once(case, guideline, exclusion.condition, names))


def _asked_once(case: Case, guideline: Guideline, condition: Expression, names: Lookup) -> Answer:
    """Many actions and rules share conditions."""
    key = (condition.text, guideline.lens.at(_reads(condition)))
    return case.once(key, lambda: answer(condition, names, case.today))


@cache
def _reads(condition: Expression) -> tuple[str, ...]:
    return tuple(sorted({analyte for name in condition.names for analyte in catalogue()[name].reads}))


def _pregnancy(case: Case, declared: Pregnancy) -> Answer:
    if declared is Pregnancy.ONLY_WHEN_PREGNANT:
        return pregnancy(case)
    return _unless_known(pregnancy(case), declared is Pregnancy.NOT_WHEN_PREGNANT)


def _lactation(case: Case, declared: Lactation) -> Answer:
    return _unless_known(lactation(case), declared is Lactation.NOT_WHEN_LACTATING)


def _unless_known(state: Answer, excluded: bool) -> Answer:
    """Only a state that is known excludes; acts that could harm in an unknown one are ``guarded`` instead."""
    holds = excluded and state.truth is Truth.TRUE
    return Answer(Truth.of(not holds), state.until if excluded else None)


def _proposals(
    guideline: Guideline, chosen: Iterable[tuple[Action, Answer]], names: Lookup
) -> Iterator[Proposal]:
    for action, found in chosen:
        if action.offer is not None:
            yield Proposal(
                action.offer,
                action.urgency,
                guideline.strength,
                _reason(guideline, action, found, names),
                _problems(action, names),
                action.goal,
                _due(action, names),
            )


def _reason(guideline: Guideline, action: Action, found: Answer, names: Lookup) -> Reason:
    evidence = tuple(sorted({*found.evidence, *guideline.stored}))
    return Reason(guideline.rule, action.sentence.say(names), evidence, action.would_change)


def _problems(action: Action, names: Lookup) -> tuple[Evidence, ...]:
    diagnoses = {name for one in action.conditions for name in one.names if name.startswith("has.")}
    found = (names(name) for name in diagnoses)
    return tuple(sorted({piece for known in found if known.values == (True,) for piece in known.evidence}))


def _due(action: Action, names: Lookup) -> date | None:
    if action.due is None:
        return None
    day = next(iter(value(action.due, names).values), None)
    return day if isinstance(day, date) else None


def _targets(
    guideline: Guideline, chosen: Iterable[tuple[Action, Answer]], names: Lookup
) -> Iterator[Target]:
    """Each goal with why it is set, and by when: so long after the number that missed it."""
    found: dict[str, list[Reason]] = {}
    for action, answer_ in chosen:
        if action.goal is not None:
            found.setdefault(action.goal, []).append(_reason(guideline, action, answer_, names))
    for key, reasons in found.items():
        target = guideline.targets[key]
        yield replace(target, reasons=tuple(reasons), due=_reached_by(guideline, target, names))


def _reached_by(guideline: Guideline, target: Target, names: Lookup) -> date | None:
    """The day by which a number that misses its goal is to meet it; None while it is met or not known."""
    measured = _missed_by(guideline, target)
    if measured is None or target.within is None:
        return None
    numbers, days = names(f"{measured}.value").values, names(f"{measured}.date").values
    missed = [one for one in numbers if isinstance(one, Decimal) and not target.is_met(one)]
    day = next(iter(days), None)
    return Span(*target.within).after(day) if missed and isinstance(day, date) else None


def _missed_by(guideline: Guideline, target: Target) -> str | None:
    """The analyte whose number tells by when a goal is to be reached, where the rule reads it."""
    measured = next((key for key, one in analytes().items() if target.measure[1] in one.loincs), "")
    return measured if target.within is not None and measured in guideline.lens.ages else None


def _issues(guideline: Guideline, chosen: Iterable[tuple[Action, Answer]], names: Lookup) -> Iterator[Issue]:
    for action, found in chosen:
        danger = action.danger
        if danger is not None:
            reasons = (_reason(guideline, action, found, names),)
            yield Issue(danger.key, danger.title, danger.severity, reasons, names(danger.implicates).evidence)


def _shown_until(
    guideline: Guideline, chosen: Iterable[tuple[Action, Answer]], names: Lookup
) -> Iterator[date | None]:
    """What an activity or a goal shows may turn before its conditions do."""
    for action, _ in chosen:
        yield from (known.until for known in action.sentence.known(names))
        if action.due is not None:
            yield value(action.due, names).until
        if action.goal is not None and (read := _missed_by(guideline, guideline.targets[action.goal])):
            yield names(f"{read}.value").until
