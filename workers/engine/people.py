"""Named facts about a person: diagnoses, medicines, sex, pregnancy, and whether a pregnancy is possible.

The problem list counts as complete as far as it can be read: a diagnosis that is not on it is absent,
unless an entry could not be read, which makes every absence unknown. Medicines the same: one whose
ingredients are not known may be any.
"""

from __future__ import annotations

from datetime import date

from mappers.facts import Evidence, Facts, Medicine, Person, Sex, Truth
from mappers.fhir_to_facts.gathered import FUTURE
from workers.engine.answer import NO, YES, Answer, all_of, any_of, negate, soonest
from workers.engine.calendar import DAY, at_least, reached
from workers.engine.case import Case, Resolve
from workers.engine.known import Known, absent, exactly, from_truth
from workers.engine.readings import Lens
from workers.engine.vocabulary import medicines, problems, spelt

FERTILE = (12, 55)
BARREN = frozenset({"menopause", "hysterectomy"})
SEXES = frozenset({Sex.FEMALE, Sex.MALE})
PROBLEM_RESOURCES = frozenset({"Condition"})
MEDICINE_RESOURCES = frozenset(
    f"Medication{kind}" for kind in ("Request", "Statement", "Administration", "Dispense", "")
)


def has(key: str) -> Resolve:
    """Whether a diagnosis is active."""

    def resolve(case: Case, _lens: Lens) -> Known:
        named = [one for one in case.facts.problems if one.is_a(key) or one.key in problems()[key]]
        found = tuple(one.evidence for one in named if one.active)
        if found:
            return exactly(True, found)
        doubted = tuple(one.evidence for one in named if one.evidence in _doubted(case.facts))
        if doubted:
            return absent(f"whether {spelt(key)} is confirmed", evidence=doubted)
        gap = unreadable(case.facts, PROBLEM_RESOURCES, {one.evidence for one in case.facts.problems})
        return absent("a diagnosis that could not be read", evidence=gap) if gap else exactly(False)

    return resolve


def _doubted(facts: Facts) -> set[Evidence]:
    """What was read and is shown as doubtful all the same."""
    return {one.evidence for one in facts.unreadable}


def takes(key: str) -> Resolve:
    """Whether an ingredient, or any of a class, is being taken."""

    def resolve(case: Case, _lens: Lens) -> Known:
        current, until = current_medicines(case)
        found = tuple(one.evidence for one in current if is_a(key, one.ingredients, one.classes))
        if found:
            return exactly(True, found, until)
        gap = unresolved(case, current)
        return (
            absent("ingredients of a medicine that could not be resolved", until, gap)
            if gap
            else exactly(False, (), until)
        )

    return resolve


def is_a(key: str, ingredients: tuple[str, ...] | None, classes: tuple[str, ...]) -> bool:
    """Whether a drug or substance is an ingredient, or one of a class."""
    return key in classes or bool(medicines()[key].intersection(ingredients or ()))


def current_medicines(case: Case) -> tuple[tuple[Medicine, ...], date | None]:
    """The medicines taken today, and the next day on which one starts or ends."""
    return case.once(("current medicines",), lambda: _current_medicines(case))


def _current_medicines(case: Case) -> tuple[tuple[Medicine, ...], date | None]:
    current, turns = [], []
    for one in case.facts.medicines:
        running = all_of(
            [
                reached(case.today, one.started) if one.started else YES,
                negate(reached(case.today, one.stopped + DAY)) if one.stopped else YES,
            ]
        )
        if one.active:
            turns.append(running.until)
            current += [one] if running.truth is Truth.TRUE else []
    return tuple(current), soonest(turns)


def unresolved(case: Case, current: tuple[Medicine, ...]) -> tuple[Evidence, ...]:
    """The evidence of medicines that may be anything."""
    return (
        *(one.evidence for one in current if one.ingredients is None),
        *unreadable(case.facts, MEDICINE_RESOURCES, {one.evidence for one in case.facts.medicines}),
    )


def unreadable(facts: Facts, types: frozenset[str], read: set[Evidence]) -> tuple[Evidence, ...]:
    """The evidence of resources of some types that gave no fact at all; what is still to come is none yet."""
    return tuple(
        one.evidence
        for one in facts.unreadable
        if one.evidence.reference.partition("/")[0] in types
        and one.evidence not in read
        and one.reason != FUTURE
    )


def sexes(person: Person) -> frozenset[Sex]:
    """Female, male, both when the record names both, or none when it names neither."""
    return SEXES & {person.sex, person.birth_sex}


def sex(case: Case, _lens: Lens) -> Known:
    """Female or male where the record is of one mind."""
    found = sexes(case.facts.person)
    if len(found) != 1:
        return absent("sex")
    return exactly(next(iter(found)).value, (case.facts.person.evidence,))


def pregnancy_possible(facts: Facts, today: date) -> Answer:
    """Whether a pregnancy must be thought of: ages 12 to 55, unless only the male sex, menopause or a
    hysterectomy is recorded."""
    person = facts.person
    if sexes(person) == {Sex.MALE} or any(one.key in BARREN and one.active for one in facts.problems):
        return NO
    if person.born is None:
        return YES
    low, high = FERTILE
    too_young, too_old = negate(at_least(person, low, today)), at_least(person, high + 1, today)
    return negate(any_of((too_young, too_old)))


def pregnancy(case: Case) -> Answer:
    """Whether there is a pregnancy; unknown only where one is possible."""
    return _where_possible(case, case.facts.pregnant, "whether there is a pregnancy")


def lactation(case: Case) -> Answer:
    """Whether there is breastfeeding; unknown only where a pregnancy is possible."""
    return _where_possible(case, case.facts.lactating, "whether there is breastfeeding")


def _where_possible(case: Case, told: Truth, gap: str) -> Answer:
    if told is not Truth.UNKNOWN:
        return Answer(told)
    possible = pregnancy_possible(case.facts, case.today)
    if possible.truth is Truth.FALSE:
        return Answer(Truth.FALSE, possible.until)
    return Answer(Truth.UNKNOWN, possible.until, (gap,))


def pregnant(case: Case, _lens: Lens) -> Known:
    """Pregnancy as a name."""
    return _named(pregnancy(case))


def lactating(case: Case, _lens: Lens) -> Known:
    """Breastfeeding as a name."""
    return _named(lactation(case))


def _named(found: Answer) -> Known:
    known = from_truth(found.truth, "".join(found.missing))
    return Known(known.values, known.evidence, found.until, known.gap)
