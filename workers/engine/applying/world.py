"""What an expression may look at: one patient's facts and resources on one day, and who is asking."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from mappers.facts import Evidence, Facts
from workers.engine.answer import Answer
from workers.engine.apply import ENRICHERS
from workers.engine.applying.record import Record
from workers.engine.case import Case
from workers.engine.expression import Lookup
from workers.engine.known import Type
from workers.engine.names import catalogue, lookup
from workers.engine.readings import Lens
from workers.engine.vocabulary import analytes

VARIABLES: Mapping[str, str] = {
    "patient": "Patient",
    "subject": "Patient",
    "encounter": "Encounter",
    "practitioner": "Practitioner",
    "organization": "Organization",
    "userType": "CodeableConcept",
    "userLanguage": "CodeableConcept",
    "userTaskContext": "CodeableConcept",
    "setting": "CodeableConcept",
    "settingContext": "CodeableConcept",
}
"""What every expression knows, with its R4 type; ``context`` besides, the definition that is applied."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A resource or concept under the name by which expressions know it, and the version that it is."""

    value: Any
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """One patient on one day."""

    record: Record
    names: Lookup
    today: date
    variables: Mapping[str, Variable] = field(default_factory=dict)
    _answers: dict[str, Answer] = field(default_factory=dict, repr=False)

    def once(self, text: str, ask: Callable[[], Answer]) -> Answer:
        """The answer to a statement: many rules say the same."""
        if text not in self._answers:
            self._answers[text] = ask()
        return self._answers[text]


def names_of(facts: Facts, lens: Lens | None = None) -> Lookup:
    """The named facts of one patient, the computed ones among them, as a lens lets them be seen."""
    case = Case(facts)
    for enricher in ENRICHERS:
        enricher.enrich(case)
    return lookup(case, lens or anything(), catalogue())


def anything() -> Lens:
    """Every number, however old and wherever it was taken: where a definition declares no less."""
    return Lens(ages=dict.fromkeys(analytes()))


def type_of(name: str) -> Type | None:
    """The type of a named fact."""
    found = catalogue().get(name)
    return found.type if found else None
