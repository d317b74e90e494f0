"""Sorts what was gathered, drops what is said twice, and freezes it: equal data give equal facts."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Any, Protocol, TypeVar

from mappers.context import SurveyAnswer
from mappers.facts import (
    Age,
    Allergy,
    Deed,
    Evidence,
    Facts,
    GeneResult,
    Measurement,
    Medicine,
    Person,
    Problem,
    SetAside,
    Sex,
    Unreadable,
)
from mappers.fhir_to_facts.dates import Moment
from mappers.fhir_to_facts.gathered import Gathered
from mappers.fhir_to_facts.pregnancy import lactating, pregnant

NOBODY = Person(Evidence(""), Sex.UNKNOWN, None, False)
TWICE = "says the same as another resource"
ANCIENT = date.min
SIMPLE = ("relatives", "aims", "care_elsewhere", "reports", "covers", "stays")
"""Groups of facts of which no two are the same, and whose order means nothing but that it is always one."""


class Witnessed(Protocol):
    """A fact with its evidence."""

    @property
    def evidence(self) -> Evidence: ...


Fact = TypeVar("Fact", bound=Witnessed)


def settle(found: Gathered, counts: Mapping[str, int]) -> Facts:
    """The facts of one patient, in an order that does not depend on how they came."""
    person = _person(found)
    allergies = _settled(found, found.allergies, _allergy_order, lambda one: one.substances is not None)
    facts: dict[str, tuple[Any, ...]] = {
        "measurements": _timed(found, found.measurements, _measurement_order),
        "findings": _timed(found, found.findings, lambda one: (one.key, one.when)),
        "problems": _settled(found, found.problems, _problem_order),
        "medicines": _settled(found, found.medicines, _medicine_order, lambda one: bool(one.ingredients)),
        "allergies": allergies,
        "deeds": _settled(found, found.deeds, _deed_order),
        "genes": _settled(found, found.genes, _gene_order, lambda one: len(one.alleles) != 1),
        "survey_answers": _timed(found, found.survey_answers, _answer_order),
        **{name: _settled(found, getattr(found, name), _order) for name in SIMPLE},
        "unreadable": tuple(sorted(set(found.unreadable), key=_unreadable_order)),
    }
    return Facts(
        as_of=found.as_of,
        person=person,
        **facts,
        pregnant=pregnant(found, person),
        lactating=lactating(found, person),
        no_known_allergies=bool(found.denials) and not any(one.active for one in allergies),
        counts=dict(sorted(counts.items())),
        set_aside=_aside(found, person, facts.values()),
        turns=tuple(sorted(found.turns)),
    )


def _person(found: Gathered) -> Person:
    counts = f"{found.subject}/_history/"
    persons = sorted(
        found.persons, key=lambda one: (not one.evidence.reference.startswith(counts), one.evidence)
    )
    for other in persons[1:]:
        found.aside.append(SetAside(other.evidence, "is a second record of the patient"))
    return persons[0] if persons else NOBODY


def _settled(
    found: Gathered,
    facts: Iterable[Fact],
    order: Callable[[Fact], Any],
    comparable: Callable[[Fact], bool] = lambda _: True,
) -> tuple[Fact, ...]:
    """Sorted, and of those that differ in nothing but their evidence only the first."""
    kept: dict[Hashable, Fact] = {}
    for fact in sorted(facts, key=lambda one: one.evidence):
        said = _content(fact) if comparable(fact) else fact.evidence
        if kept.setdefault(said, fact) is not fact:
            found.aside.append(SetAside(fact.evidence, TWICE))
    return tuple(sorted(kept.values(), key=order))


def _timed(
    found: Gathered, facts: Iterable[tuple[Moment, Fact]], order: Callable[[Fact], Any]
) -> tuple[Fact, ...]:
    """As ``_settled``, for what has an hour: it orders the day, and two hours are two readings."""
    kept: dict[Hashable, tuple[Moment, Fact]] = {}
    for when, fact in sorted(facts, key=lambda pair: pair[1].evidence):
        if kept.setdefault((when, _content(fact)), (when, fact))[1] is not fact:
            found.aside.append(SetAside(fact.evidence, TWICE))
    ordered = sorted(kept.values(), key=lambda pair: (order(pair[1]), pair[0], pair[1].evidence))
    return tuple(fact for _, fact in ordered)


def _content(fact: Any) -> Hashable:
    names = _names(type(fact))
    return tuple(getattr(fact, name) for name in names)


_NAMES: dict[type, tuple[str, ...]] = {}


def _names(kind: type) -> tuple[str, ...]:
    if kind not in _NAMES:
        _NAMES[kind] = tuple(one.name for one in fields(kind) if one.name != "evidence")
    return _NAMES[kind]


def _aside(found: Gathered, person: Person, facts: Iterable[Sequence[Any]]) -> tuple[SetAside, ...]:
    """What gave no fact: a panel of which one half was said before has still given the other."""
    used = {fact.evidence for group in facts for fact in group} | {person.evidence}
    return tuple(
        sorted(
            {one for one in found.aside if one.evidence not in used},
            key=lambda one: (one.evidence, one.reason),
        )
    )


def _answer_order(one: SurveyAnswer) -> tuple[Any, ...]:
    return one.instrument, one.when, one.item


def _order(one: Witnessed) -> tuple[Any, ...]:
    """By what is said, in the order of the fields, then by who says it; what is not known comes first."""
    said = (getattr(one, name) for name in _names(type(one)))
    return *((value is not None, _plain(value)) for value in said), one.evidence


def _plain(value: Any) -> Any:
    return (value.low, value.high) if isinstance(value, Age) else value


def _measurement_order(one: Measurement) -> tuple[Any, ...]:
    return one.analyte, one.when


def _problem_order(one: Problem) -> tuple[Any, ...]:
    return one.key is None, one.key or "", one.onset or ANCIENT, one.code, one.evidence


def _medicine_order(one: Medicine) -> tuple[Any, ...]:
    return one.ingredients is None, one.ingredients or (), one.started or ANCIENT, one.evidence


def _allergy_order(one: Allergy) -> tuple[Any, ...]:
    return one.substances is None, one.substances or (), one.evidence


def _deed_order(one: Deed) -> tuple[Any, ...]:
    return one.kind, one.when or ANCIENT, one.system, one.code, one.evidence


def _gene_order(one: GeneResult) -> tuple[Any, ...]:
    said = (
        one.gene or "",
        one.alleles,
        one.phenotype or "",
        one.activity or "",
        one.variant,
        one.copies or 0,
    )
    return *said, one.present is True, one.when or ANCIENT, one.evidence


def _unreadable_order(one: Unreadable) -> tuple[Any, ...]:
    return one.what, one.reason, one.evidence
