"""Named facts about what was done or answered on a day: ``%colonoscopy.recorded``, ``%smoking_status.value``.

Like numbers they are read through a declared greatest age, so "a colonoscopy within ten years" is an input of
ten years and the question whether there is one. What could not be read may be any of them: then nobody knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from mappers.codes import Code, deed_codes
from mappers.facts import Deed, Evidence
from workers.engine.answer import soonest
from workers.engine.calendar import DAY, Span
from workers.engine.case import Case, Resolve
from workers.engine.known import Known, Scalar, Type, absent, exactly
from workers.engine.people import unreadable
from workers.engine.readings import Lens
from workers.engine.vocabulary import analytes, deeds, items, questions, spelt

DONE = frozenset({"procedure", "immunization", "observation"})
"""An order is no deed: it may never be carried out."""
RESOURCES = frozenset({"Procedure", "Immunization"})
UNSAID = frozenset({"unknown", "declined", "unsure"})
"""Answers that leave the question open."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One deed or answer; ``when`` is None where nobody wrote down the day."""

    when: date | None
    value: Scalar | None
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Subject:
    """What is asked about: its key and name, where its entries stand, and what of them may be unread."""

    key: str
    name: str
    entries: Callable[[Case], Iterable[Entry]]
    unread: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Seen:
    """The entries of the newest day that is not too old, on how many days there are some, and until when."""

    newest: tuple[Entry, ...] = ()
    times: int = 0
    until: date | None = None
    open: tuple[Evidence, ...] = ()
    """What may be one of them: without a day, or not to be read."""


def leaves(subject: Subject) -> Mapping[str, tuple[Type, Resolve]]:
    """The names under a subject, but for ``value``, which not all have."""
    return {
        "recorded": (Type.BOOLEAN, _recorded(subject)),
        "date": (Type.DATE, _date(subject)),
        "times": (Type.NUMBER, _times(subject)),
    }


def valued(subject: Subject, kind: Type) -> Mapping[str, tuple[Type, Resolve]]:
    """The names under a subject that is answered."""
    return {**leaves(subject), "value": (kind, _value(subject))}


def _recorded(subject: Subject) -> Resolve:
    def resolve(case: Case, lens: Lens) -> Known:
        seen = _seen(case, subject, lens)
        if not seen.newest and seen.open:
            return absent(
                f"whether {subject.name} is recorded: an entry could not be read", evidence=seen.open
            )
        return exactly(bool(seen.newest), _evidence(seen), seen.until)

    return resolve


def _date(subject: Subject) -> Resolve:
    def resolve(case: Case, lens: Lens) -> Known:
        seen = _seen(case, subject, lens)
        day = seen.newest[0].when if seen.newest else None
        return absent(_gap(subject, lens)) if day is None else exactly(day, _evidence(seen), seen.until)

    return resolve


def _times(subject: Subject) -> Resolve:
    def resolve(case: Case, lens: Lens) -> Known:
        seen = _seen(case, subject, lens)
        if seen.open:
            return absent(f"how often {subject.name} is recorded", seen.until, seen.open)
        return exactly(Decimal(seen.times), _evidence(seen), seen.until)

    return resolve


def _value(subject: Subject) -> Resolve:
    def resolve(case: Case, lens: Lens) -> Known:
        seen = _seen(case, subject, lens)
        said = {one.value for one in seen.newest}
        value = next(iter(said)) if len(said) == 1 else None
        if value is None or value in UNSAID:
            return absent(_gap(subject, lens), seen.until)
        return exactly(value, _evidence(seen), seen.until)

    return resolve


def _seen(case: Case, subject: Subject, lens: Lens) -> _Seen:
    key = ("recorded", subject.key, lens.ages[subject.key])
    return case.once(key, lambda: _look(case, subject, lens.ages[subject.key]))


def _look(case: Case, subject: Subject, age: Span | None) -> _Seen:
    told = list(subject.entries(case))
    ahead = [one.when for one in told if one.when is not None and one.when > case.today]
    past = [(one.when, one) for one in told if one.when is not None and one.when <= case.today]
    fresh = [(day, one) for day, one in past if age is None or case.today <= age.after(day)]
    stale = [age.after(day) + DAY for day, _ in fresh] if age else []
    last = max((day for day, _ in fresh), default=None)
    return _Seen(
        tuple(one for day, one in fresh if day == last),
        len({day for day, _ in fresh}),
        soonest((*ahead, *stale)),
        (
            *(one.evidence for one in told if one.when is None),
            *unreadable(case.facts, subject.unread, {one.evidence for one in case.facts.deeds}),
        ),
    )


def _evidence(seen: _Seen) -> tuple[Evidence, ...]:
    return tuple(sorted({one.evidence for one in seen.newest}))


def _gap(subject: Subject, lens: Lens) -> str:
    age = lens.ages[subject.key]
    return f"{subject.name} not older than {age}" if age else subject.name


# --- what there is to ask about --------------------------------------------------------------------------


def deed(key: str) -> Subject:
    """A screening test or vaccine, by procedures, results, reports and immunizations."""
    return Subject(key, deeds()[key].lower(), lambda case: _deeds(case).get(key, ()), RESOURCES)


def question(key: str) -> Subject:
    """What was answered with a word."""

    def entries(case: Case) -> Iterable[Entry]:
        told = (one for one in case.facts.findings if one.key == key)
        return [Entry(one.when, one.value, one.evidence) for one in told]

    return Subject(key, questions()[key], entries)


def item(key: str) -> Subject:
    """One item of a scored questionnaire."""
    instrument, part = items()[key]

    def entries(case: Case) -> Iterable[Entry]:
        told = (one for one in case.facts.survey_answers if (one.instrument, one.item) == (instrument, part))
        return [Entry(one.when, Decimal(one.score), one.evidence) for one in told]

    return Subject(key, f"{analytes()[instrument].name}: {spelt(part)}", entries)


def _deeds(case: Case) -> Mapping[str, list[Entry]]:
    return case.once(("deeds",), lambda: _sorted_deeds(case))


def _sorted_deeds(case: Case) -> Mapping[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for code, when, evidence in (*_done(case.facts.deeds), *_reported(case)):
        key = deed_codes().get(code)
        if key is not None:
            found.setdefault(key, []).append(Entry(when, None, evidence))
    return found


def _done(told: Iterable[Deed]) -> Iterable[tuple[Code, date | None, Evidence]]:
    return ((Code(one.system, one.code), one.when, one.evidence) for one in told if one.kind in DONE)


def _reported(case: Case) -> Iterable[tuple[Code, date | None, Evidence]]:
    return ((Code(one.system, one.code), one.when, one.evidence) for one in case.facts.reports)
