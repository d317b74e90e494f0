"""The clinical vocabulary: what is known of one patient, each piece with its evidence.

Frozen values only. Nothing here knows FHIR's shapes: ``fhir_to_facts`` fills it, the engine reads it.
Values are kept as ``Decimal`` in one unit per analyte (see ``mappers/units.py``); dates at the precision
that was sent, as the first day they can mean. What could not be read is itself a fact (``Unreadable``),
so that nothing is dropped without a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum

from mappers.context import Aim, CareElsewhere, Cover, Relative, Report, Stay, SurveyAnswer


class Truth(Enum):
    """Three-valued logic: unknown is a value (law 8)."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, value: bool) -> Truth:
        return cls.TRUE if value else cls.FALSE

    def __and__(self, other: Truth) -> Truth:
        if Truth.FALSE in (self, other):
            return Truth.FALSE
        return Truth.UNKNOWN if Truth.UNKNOWN in (self, other) else Truth.TRUE

    def __or__(self, other: Truth) -> Truth:
        if Truth.TRUE in (self, other):
            return Truth.TRUE
        return Truth.UNKNOWN if Truth.UNKNOWN in (self, other) else Truth.FALSE

    def __invert__(self) -> Truth:
        if self is Truth.UNKNOWN:
            return self
        return Truth.FALSE if self is Truth.TRUE else Truth.TRUE


class Setting(Enum):
    """Where care took place; values of an emergency or a stay in hospital start no chronic therapy."""

    AMBULATORY = "ambulatory"
    INPATIENT = "inpatient"
    EMERGENCY = "emergency"
    UNKNOWN = "unknown"


class Sex(Enum):
    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, order=True)
class Evidence:
    """One version of one resource: ``Observation/<pseudonym>/_history/2``."""

    reference: str
    maps: tuple[str, ...] = ()
    """The hospital's own ConceptMaps through which it was read, ``url|version``."""


@dataclass(frozen=True, slots=True)
class Age:
    """Whole years, as an interval: the birth date is known to the month only."""

    low: int
    high: int

    def at_least(self, years: int) -> Truth:
        if self.low >= years:
            return Truth.TRUE
        return Truth.FALSE if self.high < years else Truth.UNKNOWN


@dataclass(frozen=True, slots=True)
class Person:
    """Who the patient is, clinically. ``born`` is the first and last day that the birth date can be."""

    evidence: Evidence
    sex: Sex
    born: tuple[date, date] | None
    deceased: bool
    race: tuple[str, ...] = ()
    ethnicity: str | None = None
    birth_sex: Sex | None = None

    def age(self, on: date) -> Age | None:
        """Age in whole years on a day, or None when the birth date is not known or lies after it."""
        if self.born is None or self.born[0] > on:
            return None
        first, last = self.born
        return Age(max(0, _years(last, on)), _years(first, on))


def _years(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


@dataclass(frozen=True, slots=True)
class Measurement:
    """One number about the patient: ``analyte`` is our own key (``hba1c``, ``systolic_bp`` …)."""

    analyte: str
    value: Decimal
    unit: str
    when: date
    setting: Setting
    evidence: Evidence
    comparator: str | None = None
    derived: bool = False
    code: str = ""
    """The LOINC code that was sent: for eGFR the codes name different equations."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A diagnosis: ``key`` is our own (``type_2_diabetes``), or None for one we have no name for."""

    key: str | None
    system: str
    code: str
    active: bool
    onset: date | None
    evidence: Evidence
    classes: tuple[str, ...] = ()
    """The wider keys that it belongs to: a ``myocardial_infarction`` is also ``ascvd``."""
    stage: str | None = None
    ended: date | None = None
    icd10: tuple[str, ...] = ()
    """Every ICD-10 code that was sent for it, whatever code gave the key: comorbidity is counted by them."""

    def is_a(self, key: str) -> bool:
        """Whether this is the problem that ``key`` names, or one of that class."""
        return key == self.key or key in self.classes


@dataclass(frozen=True, slots=True)
class Medicine:
    """A drug by its ingredients (normalised names); ``ingredients`` is None when it could not be resolved."""

    ingredients: tuple[str, ...] | None
    classes: tuple[str, ...]
    active: bool
    started: date | None
    stopped: date | None
    evidence: Evidence
    text_only: bool = False


@dataclass(frozen=True, slots=True)
class Allergy:
    """What must not be given; ``substances`` is None when it is known only as text (present, unreadable)."""

    substances: tuple[str, ...] | None
    classes: tuple[str, ...]
    active: bool
    intolerance: bool
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Deed:
    """Something done: a procedure, immunization or service, by code."""

    kind: str
    system: str
    code: str
    when: date | None
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Finding:
    """An answer that is a word, not a number: ``smoking_status`` is ``former``."""

    key: str
    value: str
    when: date
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class GeneResult:
    """What a laboratory reported of one gene: alleles (one, or the pair), or the phenotype it made of them.

    Or a variant, an allele that is there or not, an activity score. With none of these it is present,
    unreadable; ``gene`` is None when even that could not be read.
    """

    gene: str | None
    alleles: tuple[str, ...]
    phenotype: str | None
    when: date | None
    evidence: Evidence
    activity: str | None = None
    """The activity score as reported: ``1.0``, or ``≥3.0`` where copies were not counted."""
    variant: tuple[str, ...] = ()
    """The alleles of which a variant that was found may be a part; one where the variant defines it."""
    copies: int | None = None
    """Of a variant: on how many chromosomes it lies; of alleles: how many copies of the gene there are."""
    whole: bool = False
    """Whether the alleles are all that there are, be it one: a chromosome without a partner."""
    present: bool | None = None
    """Whether the one allele that was looked for is there; nothing is said of any other."""
    confirmed: bool = True
    """False: read by a code or a table that was not read at its source."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A resource or value that gave no fact, and why; the plan can show it."""

    evidence: Evidence
    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class SetAside:
    """A resource that was read, understood and gives no fact (entered in error, a claim), and why."""

    evidence: Evidence
    reason: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything known of one patient as of a day. Each tuple is sorted, so equal data give equal facts."""

    as_of: date
    person: Person
    measurements: tuple[Measurement, ...] = ()
    problems: tuple[Problem, ...] = ()
    medicines: tuple[Medicine, ...] = ()
    allergies: tuple[Allergy, ...] = ()
    deeds: tuple[Deed, ...] = ()
    pregnant: Truth = Truth.UNKNOWN
    lactating: Truth = Truth.UNKNOWN
    no_known_allergies: bool = False
    unreadable: tuple[Unreadable, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    """Resources seen per type, so that what became of each can be reported."""
    findings: tuple[Finding, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    genes: tuple[GeneResult, ...] = ()
    turns: tuple[date, ...] = ()
    """The days after ``as_of`` on which time alone changes these facts: a course ends, a date comes."""
    relatives: tuple[Relative, ...] = ()
    survey_answers: tuple[SurveyAnswer, ...] = ()
    aims: tuple[Aim, ...] = ()
    care_elsewhere: tuple[CareElsewhere, ...] = ()
    reports: tuple[Report, ...] = ()
    covers: tuple[Cover, ...] = ()
    stays: tuple[Stay, ...] = ()

    def history(self, analyte: str) -> tuple[Measurement, ...]:
        """All values of an analyte, oldest first."""
        return tuple(m for m in self.measurements if m.analyte == analyte)

    def latest(self, analyte: str) -> Measurement | None:
        """The newest value of an analyte."""
        values = self.history(analyte)
        return values[-1] if values else None

    def finding(self, key: str) -> Finding | None:
        """The newest answer to a question that is answered with a word."""
        answers = [finding for finding in self.findings if finding.key == key]
        return answers[-1] if answers else None

    def answered(self, instrument: str) -> tuple[SurveyAnswer, ...]:
        """The answers to a questionnaire on the newest day on which it was asked, the last to each item."""
        answers = [answer for answer in self.survey_answers if answer.instrument == instrument]
        newest = max((answer.when for answer in answers), default=None)
        return tuple({answer.item: answer for answer in answers if answer.when == newest}.values())

    def active_problems(self, key: str) -> tuple[Problem, ...]:
        """The active problems that ``key`` names, as themselves or as their class."""
        return tuple(problem for problem in self.problems if problem.active and problem.is_a(key))
