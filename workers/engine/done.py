"""What was asked and is done: the newest data say so, nobody has to tick it off.

A measurement is done when a value of what was to be measured is newer than any that the proposal rested on;
a medicine is started when one of those that were proposed is taken. Referrals, reviews and questions are a
person's to close: no record shows that somebody thought.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from datetime import date
from functools import cache

from mappers.facts import Evidence, Facts, Measurement
from mappers.recommendations import ActKind
from workers.engine.case import Case
from workers.engine.definitions import Knowledge, Offer
from workers.engine.people import current_medicines, is_a
from workers.engine.vocabulary import analytes

_PANELS = {"85354-9": frozenset({"systolic_bp"})}
_ALSO = {"creatinine": "egfr", "egfr": "creatinine"}
"""What tells the same: an eGFR is computed from a creatinine."""


class Done:
    """The record of one patient, asked whether a proposed act has been done since."""

    def __init__(self, facts: Facts, knowledge: Knowledge) -> None:
        self._case = Case(facts)
        self._offers = offers(knowledge)

    def evidence(self, act: str, rested_on: Set[str]) -> tuple[Evidence, ...]:
        """By what an act is done, for a proposal that rested on these references; nothing where it is not."""
        offer = self._offers.get(act)
        if offer is None:
            return ()
        if offer.kind is ActKind.MEASURE:
            return self._measured(offer, rested_on)
        return self._started(offer) if offer.kind is ActKind.START_MEDICINE else ()

    def _measured(self, offer: Offer, rested_on: Set[str]) -> tuple[Evidence, ...]:
        wanted = _measures(code for _, code, _ in offer.codings)
        local = {_local(text) for text in rested_on}
        every = self._case.facts.measurements
        before = max((one.when for one in every if _local(one.evidence.reference) in local), default=None)
        newer = [one for one in every if one.analyte in wanted and _later(one, before, local)]
        last = max((one.when for one in newer), default=None)
        return tuple(sorted({one.evidence for one in newer if one.when == last}))

    def _started(self, offer: Offer) -> tuple[Evidence, ...]:
        current, _ = current_medicines(self._case)
        keys = (*offer.options, *offer.already)
        taken = [one for one in current if any(is_a(key, one.ingredients, one.classes) for key in keys)]
        return tuple(sorted({one.evidence for one in taken}))


def offers(knowledge: Knowledge) -> Mapping[str, Offer]:
    """Every act that the rules may propose, by its key."""
    found = (action.offer for rule in knowledge.guidelines for action in rule.actions)
    return {offer.key: offer for offer in found if offer is not None}


def _later(one: Measurement, before: date | None, local: Set[str]) -> bool:
    if one.derived or _local(one.evidence.reference) in local:
        return False
    return before is None or one.when > before


def _local(text: str) -> str:
    return text.partition("/_history/")[0]


def _measures(codes: Iterable[str]) -> frozenset[str]:
    """The analytes that a test of these LOINC codes gives."""
    asked = set(codes)
    named = {key for key, one in _loincs().items() if asked & one}
    panels = {key for code in asked for key in _PANELS.get(code, ())}
    return frozenset(named | panels | {_ALSO[key] for key in named if key in _ALSO})


@cache
def _loincs() -> Mapping[str, frozenset[str]]:
    return {key: frozenset(one.loincs) for key, one in analytes().items()}
