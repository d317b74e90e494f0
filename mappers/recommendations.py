"""What the engine hands to ``recommendations_to_careplan``: one reconciled answer for one patient.

Frozen values. The engine makes them; the mapper turns them into FHIR; neither reads a clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum

from mappers.facts import Evidence, Measurement, Unreadable

RECALLED_RULE = "urn:careloom:recalled-rule"
"""System of the code by which what a recalled rule led to is found: ``RULE@VERSION``."""


class Urgency(Enum):
    """How soon, from FHIR's request-priority."""

    STAT = "stat"
    ASAP = "asap"
    URGENT = "urgent"
    ROUTINE = "routine"


class ActKind(Enum):
    """What kind of act is proposed: each becomes one kind of draft in the plan."""

    MEASURE = "measure"
    REFER = "refer"
    START_MEDICINE = "start-medicine"
    REVIEW_MEDICINE = "review-medicine"
    QUESTION = "question"
    INFORM = "inform"
    CHOICE = "choice"
    """Proposals that speak against one another: made by reconciliation alone, never by a rule."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a statement comes from, as a person would look it up."""

    title: str
    publisher: str
    version: str
    date: str
    url: str
    strength: str
    confirmed: bool = True
    """False: known from general knowledge, not read at the source; a clinician must review it before use."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The rule or model behind a statement."""

    id: str
    version: str
    title: str
    source: Source
    model: bool = False
    population: str = ""
    """For whom it is made: ages, pregnancy, where its values may come from."""
    limits: str = ""
    """Whom it leaves out, and until when it counts as reviewed."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: the rule, the evidence it stood on, in one sentence, and what would have changed the answer."""

    rule: Rule
    sentence: str
    evidence: tuple[Evidence, ...]
    would_change: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Act:
    """What is proposed: ``key`` is the act's identity (two rules that propose it give one activity)."""

    key: str
    kind: ActKind
    title: str
    codings: tuple[tuple[str, str, str], ...] = ()
    """(system, code, our own display)"""
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A goal with a number: ``hba1c`` below 7.0 %."""

    key: str
    title: str
    measure: tuple[str, str, str]
    comparator: str
    value: Decimal
    unit: str
    due: date | None
    reasons: tuple[Reason, ...] = ()
    within: tuple[int, int] | None = None
    """Months and days in which the rule wants it reached, counted from the number that missed it."""

    def is_met(self, value: Decimal) -> bool:
        """Whether a number, in the target's own unit, is where it should be."""
        return {
            "<": value < self.value,
            "<=": value <= self.value,
            ">": value > self.value,
            ">=": value >= self.value,
        }[self.comparator]


@dataclass(frozen=True, slots=True)
class Option:
    """One side of a choice: what could be done, or aimed at, and why."""

    title: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Activity:
    """One line of the plan."""

    act: Act
    urgency: Urgency
    reasons: tuple[Reason, ...]
    problems: tuple[Evidence, ...]
    goal: str | None = None
    """The key of the target that it serves."""
    questions: tuple[str, ...] = ()
    """What a clinician must settle first, where the act is a question."""
    options: tuple[Option, ...] = ()
    """What there is to choose between, where the act is a choice."""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A proposal that another fact forbids: kept, and said."""

    act: Act
    because: str
    evidence: tuple[Evidence, ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A rule that could not tell, and the data it missed."""

    rule: Rule
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Issue:
    """A danger in what is already there (a drug that this kidney forbids): becomes a DetectedIssue."""

    key: str
    title: str
    severity: str
    """high, moderate or low"""
    reasons: tuple[Reason, ...]
    implicated: tuple[Evidence, ...]
    codings: tuple[tuple[str, str, str], ...] = ()
    """(system, code, our own display)"""
    medicines: tuple[str, ...] = ()
    """The ingredients that are taken and that it is about, where no rule proposes an act itself."""


@dataclass(frozen=True, slots=True)
class Derived:
    """A computed value (eGFR, BMI): becomes an Observation with ``derivedFrom``."""

    key: str
    measurement: Measurement
    rule: Rule
    inputs: tuple[Evidence, ...]
    interpretation: str | None = None
    bounds: tuple[Decimal, Decimal] | None = None
    """The ends between which the value lies, where an input was known as a range only."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """One number of a score, or the ends between which it lies; a risk is in percent, within some years."""

    name: str
    low: Decimal
    high: Decimal
    unit: str
    years: int | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """What a score answers for a chart: an Observation, or a RiskAssessment where it tells an ``outcome``."""

    key: str
    rule: Rule
    inputs: tuple[Evidence, ...]
    estimates: tuple[Estimate, ...] = ()
    band: str | None = None
    outcome: str = ""
    """What is at risk, where the score is no number of the body."""
    when: date | None = None
    """The day of the newest number that it rests on; None where it rests on none."""
    notes: tuple[str, ...] = ()
    codings: tuple[tuple[str, str, str], ...] = ()
    """(system, code, display) under which others know the result."""
    category: str = "laboratory"
    """FHIR's observation category of a result that is a number of the body."""


@dataclass(frozen=True, slots=True)
class Trend:
    """How a number moves: its slope a year with the ends of its 95 % interval, in units a year."""

    key: str
    rule: Rule
    analyte: str
    inputs: tuple[Evidence, ...]
    slope: Decimal
    low: Decimal
    high: Decimal
    unit: str
    count: int
    """How many days' values."""
    first: date
    last: date
    meaning: str


@dataclass(frozen=True, slots=True)
class GenePhenotype:
    """What the alleles of a gene make of somebody, by CPIC's tables: becomes an Observation."""

    key: str
    rule: Rule
    gene: str
    alleles: str
    """As a person reads them: ``*1/*2``."""
    phenotype: str
    activity: str | None
    inputs: tuple[Evidence, ...]
    when: date | None
    """The day of the newest result."""


@dataclass(frozen=True, slots=True)
class Implication:
    """What CPIC recommends about one medicine that is taken: an Observation of Genomics Reporting.

    ``words`` are CPIC's, or that it has changed them since; ``strength`` is empty then. ``genes`` are pairs
    of a gene and its phenotype; ``inputs`` the results, not the prescriptions.
    """

    key: str
    rule: Rule
    drug: str
    rxcui: str
    genes: tuple[tuple[str, str], ...]
    words: str
    strength: str
    population: str
    inputs: tuple[Evidence, ...]
    when: date | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The one reconciled answer. ``next_look`` is the first day on which time alone would change it."""

    as_of: date
    activities: tuple[Activity, ...]
    targets: tuple[Target, ...]
    withdrawn: tuple[Withdrawn, ...]
    unanswered: tuple[Unanswered, ...]
    issues: tuple[Issue, ...]
    derived: tuple[Derived, ...]
    problems: tuple[Evidence, ...]
    unreadable: tuple[Unreadable, ...]
    next_look: date | None
    unread: int = 0
    """How many values could not be read that no rule asks for; they are counted, not listed."""
    scores: tuple[Scored, ...] = ()
    trends: tuple[Trend, ...] = ()
    phenotypes: tuple[GenePhenotype, ...] = ()
    implications: tuple[Implication, ...] = ()
    kept: tuple[Activity, ...] = ()
    """What is not asked yet, because enough is asked at once; told by title, in order."""


def nothing(as_of: date) -> Plan:
    """The answer where nobody was asked."""
    return Plan(as_of, (), (), (), (), (), (), (), (), None)
