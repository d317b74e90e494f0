"""What a question about a patient answers: true, false or unknown, what was missed, and how long it holds.

The third value is why rules never guess (law 8); the day is why a plan knows when time alone would
change it (law 7). Both travel together, so that no combination of answers can lose either.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from mappers.facts import Evidence, Truth


@dataclass(frozen=True, slots=True)
class Answer:
    """``until`` is the first day on which time alone can change it; None: never."""

    truth: Truth
    until: date | None = None
    missing: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()


YES = Answer(Truth.TRUE)
NO = Answer(Truth.FALSE)


def unknown(*missing: str) -> Answer:
    """An answer that only new data can change."""
    return Answer(Truth.UNKNOWN, missing=missing)


def soonest(days: Iterable[date | None]) -> date | None:
    """The earliest of some days, where None is never."""
    return min((day for day in days if day is not None), default=None)


def all_of(answers: Iterable[Answer]) -> Answer:
    """Kleene's conjunction. One false part settles it for as long as any false part stays false."""
    heard: list[Answer] = []
    for answer in answers:
        heard.append(answer)
        if answer.truth is Truth.FALSE and answer.until is None:
            return answer
    against = [answer for answer in heard if answer.truth is Truth.FALSE]
    if against:
        return max(against, key=lambda answer: answer.until or date.max)
    unsure = [answer for answer in heard if answer.truth is Truth.UNKNOWN]
    return Answer(
        Truth.UNKNOWN if unsure else Truth.TRUE,
        soonest(answer.until for answer in heard),
        ordered(text for answer in unsure for text in answer.missing),
        evidence_of(heard),
    )


def any_of(answers: Iterable[Answer]) -> Answer:
    """Kleene's disjunction."""
    return negate(all_of(negate(answer) for answer in answers))


def negate(answer: Answer) -> Answer:
    """The opposite, holding as long and missing the same."""
    return Answer(~answer.truth, answer.until, answer.missing, answer.evidence)


def ordered(texts: Iterable[str]) -> tuple[str, ...]:
    """Each text once, in the order in which it first came."""
    return tuple(dict.fromkeys(texts))


def evidence_of(answers: Iterable[Answer]) -> tuple[Evidence, ...]:
    """All evidence of some answers, sorted."""
    return tuple(sorted({piece for answer in answers for piece in answer.evidence}))
