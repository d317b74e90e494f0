"""What a chart says to one input of a score: a number, a diagnosis, a medicine, an age; or what is missing.

Each kind of input is a frozen value that the table of scores is written in. None of them walks the whole
record: numbers come through a lens, diagnoses and medicines are looked up once for all scores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from mappers.facts import Evidence, Finding, Sex, Truth
from workers.engine.answer import Answer, any_of, soonest
from workers.engine.calendar import DAY, Span, birthday
from workers.engine.case import Case, Resolve
from workers.engine.known import Known
from workers.engine.numbers import LEAVES, fresh
from workers.engine.people import has, sex, takes
from workers.engine.readings import AMBULATORY, ANYWHERE, Lens
from workers.engine.vocabulary import analytes

SMOKING_AGE = Span(24)
SMOKES = {"current": True, "former": False, "never": False}


@dataclass(frozen=True, slots=True)
class Heard:
    """The values that an input can have (none: ``missing`` says what would give one), and until when.

    ``when`` is the day of the number that was found, be it one that the score can be asked with or not.
    """

    values: tuple[object, ...] = ()
    missing: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    until: date | None = None
    when: date | None = None


@dataclass(frozen=True, slots=True)
class Number:
    """The newest number of an analyte that is not older than ``months``, in the unit of the score.

    ``ranges``: whether a value that is known between two ends may be asked at both; ``knots``: values between
    which the score bends, asked too when they lie between the ends. ``within``: outside of the score's
    limits the patient is none of its people, and nothing is said.
    """

    name: str
    analyte: str
    months: int
    factor: Decimal = Decimal(1)
    lasting: bool = False
    ranges: bool = False
    knots: tuple[Decimal, ...] = ()
    anywhere: bool = False
    optional: bool = False
    within: bool = False

    def heard(self, case: Case) -> Heard:
        """The value, or both ends of it."""
        lens = Lens(ANYWHERE if self.anywhere else AMBULATORY, {self.analyte: Span(self.months)})
        kind = "persistent_highest" if self.lasting else "value"
        found = LEAVES[kind][1](self.analyte)(case, lens)
        ends = [one for one in found.values if isinstance(one, Decimal)]
        if not ends:
            return Heard(missing=(self._wanted(),), until=found.until)
        when = fresh(case, self.analyte, lens)[0][-1].when
        if (len(ends) > 1 and not self.ranges) or not ends[-1].is_finite():
            return Heard((), (f"an exact {analytes()[self.analyte].name}",), (), found.until, when)
        bends = [knot for knot in self.knots if ends[0] < knot < ends[-1]]
        values = tuple(float(one * self.factor) for one in (*ends, *bends))
        return Heard(values, (), found.evidence, found.until, when)

    def _wanted(self) -> str:
        twice = "two values 90 days apart of " if self.lasting else ""
        return f"{twice}{analytes()[self.analyte].name} not older than {Span(self.months)}"


@dataclass(frozen=True, slots=True)
class Held:
    """Whether any of some diagnoses is active; ``asks``: what an active one leaves open."""

    name: str
    keys: tuple[str, ...]
    asks: str = ""
    optional: bool = False

    def heard(self, case: Case) -> Heard:
        """True or false, unless an entry could not be read."""
        found = _truth(held(case, self.keys))
        return Heard((), (self.asks,), (), found.until) if self.asks and True in found.values else found


@dataclass(frozen=True, slots=True)
class Taken:
    """Whether a medicine of any of some classes is taken."""

    name: str
    keys: tuple[str, ...]
    optional: bool = False

    def heard(self, case: Case) -> Heard:
        """True or false, unless a medicine could not be resolved."""
        return _truth(any_of(_once(case, "takes", key, takes(key)) for key in self.keys))


@dataclass(frozen=True, slots=True)
class Smoking:
    """Whether the patient smokes now, by the newest answer of two years."""

    name: str
    optional: bool = False

    def heard(self, case: Case) -> Heard:
        """True or false; answers of one day that contradict each other are none."""
        told = [one for one in case.facts.findings if one.key == "smoking_status"]
        ahead = soonest(one.when for one in told if one.when > case.today)
        newest = max((one.when for one in told if one.when <= case.today), default=None)
        stale = SMOKING_AGE.after(newest) + DAY if newest else None
        said = [one for one in told if one.when == newest and stale and case.today < stale]
        values = {SMOKES.get(one.value) for one in said}
        if len(values) != 1 or None in values:
            return Heard(missing=("whether there is smoking",), until=ahead)
        return Heard(tuple(values), (), _evidence(said), soonest((stale, ahead)))


@dataclass(frozen=True, slots=True)
class Age:
    """The age in whole years today; two where the birthday falls in this month."""

    name: str = "age"
    optional: bool = False

    def heard(self, case: Case) -> Heard:
        """The age, until the next birthday that is possible."""
        person = case.facts.person
        age = person.age(case.today)
        if age is None or person.born is None:
            return Heard(missing=("date of birth",))
        first, last = person.born
        turns = (birthday(last, age.low + 1), birthday(first, age.high + 1))
        years = tuple(sorted({age.low, age.high}))
        return Heard(years, (), (person.evidence,), soonest(day for day in turns if day > case.today))


@dataclass(frozen=True, slots=True)
class Gender:
    """The sex, where the record is of one mind."""

    name: str = "sex"
    optional: bool = False

    def heard(self, case: Case) -> Heard:
        """Female or male."""
        found = sex(case, Lens())
        values = tuple(Sex(str(one)).value for one in found.values)
        return Heard(values, () if values else ("sex",), found.evidence, found.until)


@dataclass(frozen=True, slots=True)
class Any:
    """What no chart tells: the score is asked with each of the words, and lies between the answers."""

    name: str
    words: tuple[object, ...]
    optional: bool = False

    def heard(self, case: Case) -> Heard:
        """All the words."""
        return Heard(self.words)


@dataclass(frozen=True, slots=True)
class Worked:
    """What is worked out in a way of its own; ``analytes`` are the numbers that it reads."""

    name: str
    how: Callable[[Case], Heard]
    analytes: tuple[str, ...] = ()
    optional: bool = False

    def heard(self, case: Case) -> Heard:
        """What the way gives."""
        return self.how(case)


Charted = Number | Held | Taken | Smoking | Age | Gender | Any | Worked


def reaches(number: Number, limit: Decimal, *, counts: bool = True) -> Callable[[Case], Heard]:
    """Whether a number lies over a limit, or on it where that ``counts``."""

    def how(case: Case) -> Heard:
        found = number.heard(case)
        numbers = [Decimal(str(one)) for one in found.values]
        said = {one > limit or (counts and one == limit) for one in numbers}
        return Heard(tuple(sorted(said)), found.missing, found.evidence, found.until, found.when)

    return how


def either(parts: Iterable[Heard]) -> Heard:
    """Whether any of several things is true; what is missing matters only where none is."""
    told = list(parts)
    until = soonest(one.until for one in told)
    when = max((one.when for one in told if one.when), default=None)
    sure = [one for one in told if one.values == (True,)]
    if sure:
        return Heard((True,), (), sure[0].evidence, until, when)
    missing = tuple(text for one in told for text in one.missing)
    if missing:
        return Heard((), missing, (), until, when)
    values = tuple(sorted({value is True for one in told for value in one.values}))
    return Heard(values, (), tuple(sorted({piece for one in told for piece in one.evidence})), until, when)


def held(case: Case, keys: Iterable[str]) -> Answer:
    """Whether any of some diagnoses is active."""
    return any_of(_once(case, "has", key, has(key)) for key in keys)


def _once(case: Case, what: str, key: str, resolve: Resolve) -> Answer:
    return case.once((what, key, "charted"), lambda: _answer(resolve(case, Lens())))


def _answer(known: Known) -> Answer:
    if not known.values:
        return Answer(Truth.UNKNOWN, known.until, (known.gap,), known.evidence)
    return Answer(Truth.of(known.values[0] is True), known.until, evidence=known.evidence)


def _truth(answer: Answer) -> Heard:
    if answer.truth is Truth.UNKNOWN:
        return Heard(missing=answer.missing, until=answer.until)
    return Heard((answer.truth is Truth.TRUE,), (), answer.evidence, answer.until)


def _evidence(findings: Iterable[Finding]) -> tuple[Evidence, ...]:
    return tuple(sorted({one.evidence for one in findings}))
