"""Where the readers put what they find, before it is sorted, freed of doubles and frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from mappers.context import Aim, CareElsewhere, Cover, Relative, Report, Stay, SurveyAnswer
from mappers.facts import (
    Allergy,
    Deed,
    Evidence,
    Finding,
    GeneResult,
    Measurement,
    Medicine,
    Person,
    Problem,
    SetAside,
    Setting,
    Unreadable,
)
from mappers.fhir_to_facts.dates import Moment, later
from mappers.fhir_to_facts.opened import Opened
from mappers.lossless import Json

FUTURE = "is dated after today"


@dataclass(slots=True)
class Gathered:
    """The findings of one patient as of a day, and what readers may look up in other resources."""

    as_of: date
    opened: Mapping[str, Opened]
    """Every current resource by its reference without version."""
    subject: str = ""
    """The Patient that counts, where several records are one person's."""
    settings: Mapping[str, Setting] = field(default_factory=dict)
    persons: list[Person] = field(default_factory=list)
    measurements: list[tuple[Moment, Measurement]] = field(default_factory=list)
    findings: list[tuple[Moment, Finding]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    medicines: list[Medicine] = field(default_factory=list)
    allergies: list[Allergy] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    genes: list[GeneResult] = field(default_factory=list)
    relatives: list[Relative] = field(default_factory=list)
    survey_answers: list[tuple[Moment, SurveyAnswer]] = field(default_factory=list)
    aims: list[Aim] = field(default_factory=list)
    care_elsewhere: list[CareElsewhere] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    covers: list[Cover] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    denials: list[Evidence] = field(default_factory=list)
    """Statements that no allergy is known."""
    unreadable: list[Unreadable] = field(default_factory=list)
    aside: list[SetAside] = field(default_factory=list)
    turns: set[date] = field(default_factory=set)

    def cannot_read(self, opened: Opened, what: str, reason: str) -> None:
        self.unreadable.append(Unreadable(opened.evidence, what, reason))

    def set_aside(self, opened: Opened, reason: str) -> None:
        self.aside.append(SetAside(opened.evidence, reason))

    def in_future(self, opened: Opened, what: str, when: date | None) -> bool:
        """Whether something is dated after today: it is no evidence yet, and becomes so on its day."""
        if when is None or when <= self.as_of:
            return False
        self.turns.add(when)
        self.cannot_read(opened, what, FUTURE)
        return True

    def is_over(self, last: date | None) -> bool:
        """Whether a last day has passed; one that is still to come is a day on which the facts turn."""
        if last is None:
            return False
        if self.as_of <= last < date.max:
            self.turns.add(later(last, 1))
        return last < self.as_of

    def setting(self, body: Mapping[str, Json], name: str = "encounter") -> Setting:
        """Where something took place, by the encounter that it names."""
        reference = (body.get(name) or {}).get("reference", "")
        return self.settings.get(reference.partition("/_history/")[0], Setting.UNKNOWN)
