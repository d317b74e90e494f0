"""Whether somebody is pregnant or breast-feeding, from problems and answers that are still fresh.

A pregnancy lasts 300 days at most: older evidence that nobody closed says nothing. "Not pregnant" (and the
end of a pregnancy) is believed for 28 days, "not breast-feeding" for 90, "breast-feeding" for two years. The
newest evidence decides; two that contradict one another on one day decide nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from mappers.facts import Finding, Person, Sex, Truth
from mappers.fhir_to_facts.gathered import Gathered

LASTS = {
    "pregnant": timedelta(days=300),
    "not_pregnant": timedelta(days=28),
    "unknown": timedelta(days=28),
    "lactating": timedelta(days=730),
    "not_lactating": timedelta(days=90),
}
YES = frozenset({"pregnant", "lactating"})
NEVER = ("hysterectomy", "menopause")


class Said(NamedTuple):
    """One piece of evidence, and the last day on which it counts (None: always)."""

    when: date
    answer: Truth
    until: date | None


def pregnant(found: Gathered, person: Person) -> Truth:
    """Whether the patient is pregnant as of today."""
    said = [*_answers(found, "pregnancy_status"), *_conditions(found, "pregnancy", "pregnant")]
    if any(problem.active and problem.key in NEVER for problem in found.problems):
        return Truth.UNKNOWN if _decide(found, said) is Truth.TRUE else Truth.FALSE
    return Truth.FALSE if _male(person) and not said else _decide(found, said)


def lactating(found: Gathered, person: Person) -> Truth:
    """Whether the patient is breast-feeding as of today."""
    said = [*_answers(found, "lactation_status"), *_conditions(found, "lactation", "lactating")]
    return Truth.FALSE if _male(person) and not said else _decide(found, said)


def _male(person: Person) -> bool:
    return person.sex is Sex.MALE and person.birth_sex in {None, Sex.MALE}


def _answers(found: Gathered, question: str) -> Iterable[Said]:
    for _, finding in found.findings:
        if finding.key == question:
            yield _said(finding)


def _said(finding: Finding) -> Said:
    answer = Truth.UNKNOWN if finding.value == "unknown" else Truth.of(finding.value in YES)
    return Said(finding.when, answer, finding.when + LASTS[finding.value])


def _conditions(found: Gathered, key: str, word: str) -> Iterable[Said]:
    """An active one without a date is a doubt that nothing older settles; one that ended is a no."""
    for problem in found.problems:
        if not problem.is_a(key):
            continue
        if problem.active and problem.onset:
            yield Said(problem.onset, Truth.TRUE, _until(problem.onset + LASTS[word], problem.ended))
        elif problem.active:
            yield Said(found.as_of, Truth.UNKNOWN, None)
        elif problem.ended:
            yield Said(problem.ended, Truth.FALSE, problem.ended + LASTS[f"not_{word}"])


def _until(latest: date, ended: date | None) -> date:
    return min(latest, ended) if ended else latest


def _decide(found: Gathered, said: Sequence[Said]) -> Truth:
    fresh = [one for one in said if not found.is_over(one.until)]
    newest = max((one.when for one in fresh), default=None)
    answers = {one.answer for one in fresh if one.when == newest}
    return answers.pop() if len(answers) == 1 else Truth.UNKNOWN
