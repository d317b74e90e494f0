"""What is known around one patient: relatives, answers, goals, stays, plans and reports of others, who pays.

Part of the vocabulary in ``mappers.facts``, which holds these values beside those of the patient's own body.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mappers.facts import Age, Evidence


@dataclass(frozen=True, slots=True)
class Relative:
    """A problem of a relative: ``relation`` in our own words, ``degree`` 1 to 3 for those of blood."""

    relation: str
    degree: int | None
    key: str | None
    system: str
    code: str
    onset: Age | None
    evidence: Evidence
    classes: tuple[str, ...] = ()

    def is_a(self, key: str) -> bool:
        """Whether this is the problem that ``key`` names, or one of that class."""
        return key == self.key or key in self.classes


@dataclass(frozen=True, slots=True)
class SurveyAnswer:
    """One answer of a scored questionnaire: item ``sleep`` of ``phq9`` is worth 2 points."""

    instrument: str
    item: str
    score: int
    when: date
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Aim:
    """A goal that others set: an analyte between two bounds in its own unit, or only what a code names."""

    analyte: str | None
    low: Decimal | None
    high: Decimal | None
    system: str
    code: str
    active: bool
    started: date | None
    due: date | None
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class CareElsewhere:
    """A care plan of others; ``categories`` are tokens, ``system|code``."""

    categories: tuple[str, ...]
    active: bool
    started: date | None
    ended: date | None
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Report:
    """A diagnostic report: which results it binds together, and what it concludes, as ``system|code``.

    A conclusion is the word of a report and no diagnosis: it makes nobody a patient with a problem.
    """

    system: str
    code: str
    when: date | None
    results: tuple[str, ...]
    conclusions: tuple[str, ...]
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Stay:
    """A stay in hospital (``inpatient``) or in an emergency department (``emergency``).

    ``urgent`` is None where nothing says whether it was planned; ``ended`` where it goes on or nobody said.
    """

    kind: str
    started: date | None
    ended: date | None
    urgent: bool | None
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Cover:
    """Who pays, by kind (``system|code``) and period, never by name or number."""

    kinds: tuple[str, ...]
    active: bool
    started: date | None
    ended: date | None
    evidence: Evidence
