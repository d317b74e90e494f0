"""What must be asked before a medicine is started, whatever rule proposes it.

A guard answers with what forbids the medicine, or with what nobody knows yet; the first withdraws the
proposal, the second turns it into a question. A closed, ordered list: existing therapy, pregnancy,
breastfeeding, allergy, interactions, limits by disease and kidney, genes beside inhibitors, the medicine's
own contraindications, and where the deciding values were taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from mappers.facts import Evidence, Setting, Truth
from workers.engine.answer import Answer, ordered, soonest
from workers.engine.case import Case
from workers.engine.dangers.limits import BARS, WORDS, Limit, concerning, holds
from workers.engine.dangers.pairs import interact
from workers.engine.dangers.taken import by_ingredient
from workers.engine.definitions import Caution, MedicineClass, Offer
from workers.engine.expression import answer
from workers.engine.genes.proposed import inhibiting, objections
from workers.engine.names import catalogue, lookup
from workers.engine.people import current_medicines, is_a, lactation, pregnancy, unreadable, unresolved
from workers.engine.vocabulary import medicines, spelt

ALLERGY_RESOURCES = frozenset({"AllergyIntolerance"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What stands against a medicine: reasons to forbid it, questions, their evidence, and until when."""

    forbids: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    until: date | None = None


CLEAR = Verdict()


def together(verdicts: Iterable[Verdict]) -> Verdict:
    """Everything that stands against a medicine."""
    all_ = list(verdicts)
    return Verdict(
        ordered(text for one in all_ for text in one.forbids),
        ordered(text for one in all_ for text in one.asks),
        tuple(sorted({piece for one in all_ for piece in one.evidence})),
        soonest(one.until for one in all_),
    )


def judge(case: Case, medicine: MedicineClass) -> Verdict:
    """What stands against starting one of a class."""
    return together(guard(case, medicine) for guard in GUARDS)


def taken_already(case: Case, offer: Offer) -> tuple[Truth, Verdict]:
    """Whether a patient takes one of an offer's medicines already, or may."""
    current, until = current_medicines(case)
    keys = (*offer.options, *offer.already)
    if any(is_a(key, one.ingredients, one.classes) for one in current for key in keys):
        return Truth.TRUE, Verdict(until=until)
    gap = unresolved(case, current)
    if not gap:
        return Truth.FALSE, Verdict(until=until)
    question = "whether it is taken already: a medicine on the list could not be resolved"
    return Truth.UNKNOWN, Verdict(asks=(question,), evidence=gap, until=until)


def _pregnancy(case: Case, medicine: MedicineClass) -> Verdict:
    return _caution(medicine.pregnancy, pregnancy(case), f"{medicine.display} is not started in pregnancy")


def _lactation(case: Case, medicine: MedicineClass) -> Verdict:
    return _caution(
        medicine.lactation, lactation(case), f"{medicine.display} is not started while breastfeeding"
    )


def _caution(caution: Caution, state: Answer, because: str) -> Verdict:
    if caution is Caution.NONE or state.truth is Truth.FALSE:
        return Verdict(until=state.until if caution is not Caution.NONE else None)
    if state.truth is Truth.TRUE:
        return Verdict(forbids=(because,), until=state.until)
    return Verdict(asks=state.missing, until=state.until)


def _allergy(case: Case, medicine: MedicineClass) -> Verdict:
    active = [one for one in case.facts.allergies if one.active]
    against = [one for one in active if is_a(medicine.key, one.substances, one.classes)]
    if against:
        word = "an intolerance" if all(one.intolerance for one in against) else "an allergy"
        because = f"{word} to {medicine.display} is recorded"
        return Verdict(forbids=(because,), evidence=tuple(one.evidence for one in against))
    unread = unread_allergies(case)
    question = "what an allergy is to that could not be read"
    return Verdict(asks=(question,), evidence=unread) if unread else CLEAR


def unread_allergies(case: Case) -> tuple[Evidence, ...]:
    """The evidence of allergies that are there, and of which nobody can tell what they are to."""
    facts = case.facts
    return (
        *(
            one.evidence
            for one in facts.allergies
            if one.active and one.substances is None and not one.classes
        ),
        *unreadable(facts, ALLERGY_RESOURCES, {one.evidence for one in facts.allergies}),
    )


def _interactions(case: Case, medicine: MedicineClass) -> Verdict:
    """What is taken that must not stand beside some or all of a class."""
    current, until = current_medicines(case)
    taken = {name: one.evidence for one in current for name in one.ingredients or ()}
    choices = medicines()[medicine.key]
    met = [(new, old) for new in sorted(choices) for old in sorted(taken) if interact(new, old)]
    if not met:
        return Verdict(until=until)
    evidence = tuple(sorted({taken[old] for _, old in met}))
    barred, beside = ordered(new for new, _ in met), " and ".join(ordered(old for _, old in met))
    if len(barred) == len(choices):
        because = f"{medicine.display} interacts with {beside}"
        return Verdict(forbids=(because,), evidence=evidence, until=until)
    question = f"which {medicine.display}: {', '.join(barred)} must not be taken with {beside}"
    return Verdict(asks=(question,), evidence=evidence, until=until)


def _limits(case: Case, medicine: MedicineClass) -> Verdict:
    """What a disease or the kidneys forbid of some or all of a class, unless the class asks it itself."""
    choices = medicines()[medicine.key]
    asked = [(one, holds(case, one)) for one in concerning(choices) if not _asked_by_class(one, medicine)]
    until = soonest(found.until for _, found in asked)
    matter = [(one, found) for one, found in asked if found.truth is not Truth.FALSE]
    evidence = tuple(sorted({piece for _, found in matter for piece in found.evidence}))
    barring = [one for one, found in matter if one.verdict in BARS and found.truth is Truth.TRUE]
    barred = frozenset(name for one in barring for name in one.ingredients & choices)
    if barred == choices:
        told = ordered(f"{medicine.display} {WORDS[one.verdict]} {one.where}" for one in barring)
        return Verdict(forbids=told, evidence=evidence, until=until)
    asks = [f"which {medicine.display}: {_told(one, choices)}" for one in barring]
    for one, found in matter:
        if one.verdict not in BARS and found.truth is Truth.TRUE:
            asks.append(f"the dose: {_told(one, choices)}")
        if found.truth is Truth.UNKNOWN and one.ingredients & (choices - barred):
            asks += [f"{text}, since {_told(one, choices)}" for text in found.missing]
    return Verdict(asks=ordered(asks), evidence=evidence, until=until)


def _told(limit: Limit, choices: frozenset[str]) -> str:
    """A limit in words, with the ingredients of a class that it concerns, or the class itself."""
    some = (
        spelt(limit.medicine)
        if choices <= limit.ingredients
        else ", ".join(sorted(limit.ingredients & choices))
    )
    return f"{some} {WORDS[limit.verdict]} {limit.where}"


def _asked_by_class(limit: Limit, medicine: MedicineClass) -> bool:
    """Whether a contraindication of the class asks about the same disease, or about the kidney, already."""
    names = {name for one in medicine.contraindications for name in one.condition.names}
    return (f"has.{limit.problem}" if limit.problem else f"{limit.measure}.value") in names


def _genes(case: Case, medicine: MedicineClass) -> Verdict:
    """What CPIC says of some or all of a class to somebody with these genes, beside the inhibitors that are
    taken, and of what is taken beside an inhibitor that is started: a clinician chooses."""
    current, until = current_medicines(case)
    taken = by_ingredient(current)
    found = objections(case.facts, medicines()[medicine.key], taken)
    asks = list(found.gaps)
    if found.names:
        told = f"CPIC's guideline has advice on {', '.join(found.names)} by {' and '.join(found.genes)}"
        asks.append(f"which {medicine.display}: {told}")
    beside = inhibiting(case.facts, medicines()[medicine.key], taken)
    asks += [f"which {medicine.display}: {text}" for text in beside.names]
    evidence = tuple(sorted({*found.evidence, *beside.evidence}))
    return Verdict(asks=tuple(asks), evidence=evidence, until=until if taken and case.facts.genes else None)


def _contraindications(case: Case, medicine: MedicineClass) -> Verdict:
    names = lookup(case, medicine.lens, catalogue())
    found = [(one, answer(one.condition, names, case.today)) for one in medicine.contraindications]
    return Verdict(
        tuple(one.because.say(names) for one, asked in found if asked.truth is Truth.TRUE),
        ordered(text for _, asked in found if asked.truth is Truth.UNKNOWN for text in asked.missing),
        tuple(sorted({piece for _, a in found if a.truth is not Truth.FALSE for piece in a.evidence})),
        soonest(asked.until for _, asked in found),
    )


def setting_known(case: Case, evidence: tuple[Evidence, ...]) -> Verdict:
    """No chronic therapy starts from a value that may come from a hospital stay."""
    used = set(evidence)
    unsure = [
        one for one in case.facts.measurements if one.evidence in used and one.setting is Setting.UNKNOWN
    ]
    question = "whether the deciding values were taken outside a hospital stay or an emergency"
    return Verdict(asks=(question,), evidence=tuple(one.evidence for one in unsure)) if unsure else CLEAR


GUARDS: tuple[Callable[[Case, MedicineClass], Verdict], ...] = (
    _pregnancy,
    _lactation,
    _allergy,
    _interactions,
    _limits,
    _genes,
    _contraindications,
)
