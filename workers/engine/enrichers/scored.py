"""Scores that a chart can answer: computed for those whom they are for, refused outside, silent elsewhere.

A score is asked at every corner of what is known between two ends (an age in the month of the birthday, an
eGFR that rests on one), and lies between the answers. What it needs and the chart does not say is one line
of the plan; nothing is computed from a part of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from itertools import product

from mappers.facts import Evidence, Truth
from mappers.recommendations import Estimate, Rule, Scored, Unanswered
from workers.engine.answer import YES, all_of, negate, ordered, soonest
from workers.engine.answer import Answer as Truthful
from workers.engine.calendar import age_within
from workers.engine.case import Case
from workers.engine.enrichers import Enrichment
from workers.engine.enrichers.asked import Asked, Told
from workers.engine.enrichers.charted import Charted, Heard, Number, held
from workers.engine.enrichers.charts import ASKED
from workers.engine.scores import inputs
from workers.engine.scores.score import Answer, answer
from workers.engine.scores.table import SCORES
from workers.engine.vocabulary import analytes

All = Mapping[str, Heard]


class Score:
    """The enricher of one score."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.rule: Rule = asked.rule
        self._limits = {
            one.name: one.kind for one in SCORES[asked.id].inputs if isinstance(one.kind, inputs.Number)
        }

    def enrich(self, case: Case) -> Enrichment:
        """The score, or what it misses; nothing of somebody whom it is not for, or who is pregnant."""
        asked = self.asked
        ill = held(case, asked.of) if asked.of else YES
        pregnant = case.facts.pregnant is Truth.TRUE and not asked.in_pregnancy
        if ill.truth is not Truth.TRUE or pregnant:
            return Enrichment(until=ill.until)
        who = all_of(self._conditions(case))
        if who.truth is Truth.FALSE:
            return Enrichment(until=who.until)
        heard = {one.name: one.heard(case) for one in asked.inputs}
        until = soonest((who.until, *(one.until for one in heard.values())))
        if asked.begins and not any(heard[name].when for name in asked.begins):
            return Enrichment(until=until)
        evidence = (*ill.evidence, *who.evidence)
        missing = (
            *who.missing,
            *(text for one in asked.inputs for text in self._lacks(one, heard[one.name])),
        )
        if any(one.within and self._outside(one, heard[one.name]) for one in _numbers(asked)):
            return Enrichment(until=until)
        if missing:
            # What a variant misses its score misses too, and says so.
            gap = () if asked.variant else (Unanswered(self.rule, ordered(missing)),)
            return Enrichment(unanswered=gap, until=until)
        usable = {one.name: heard[one.name] for one in asked.inputs if self._usable(one, heard[one.name])}
        return self._answered(usable, evidence, until)

    def _conditions(self, case: Case) -> Iterator[Truthful]:
        asked = self.asked
        yield age_within(case.facts.person, asked.ages, case.today)
        if asked.unless:
            yield negate(held(case, asked.unless))
        yield from (condition(case) for condition in asked.who)

    def _outside(self, one: Charted, heard: Heard) -> bool:
        limits = self._limits.get(one.name)
        numbers = [value for value in heard.values if isinstance(value, float)]
        return limits is not None and any(not limits.low <= value <= limits.high for value in numbers)

    def _usable(self, one: Charted, heard: Heard) -> bool:
        return bool(heard.values) and not self._outside(one, heard)

    def _lacks(self, one: Charted, heard: Heard) -> tuple[str, ...]:
        if one.optional:
            return ()
        if isinstance(one, Number) and self._outside(one, heard):
            return (
                f"{analytes()[one.analyte].name} as this score takes it ({self._limits[one.name].says()})",
            )
        return heard.missing

    def _answered(self, usable: All, who: Iterable[Evidence], until: date | None) -> Enrichment:
        score = SCORES[self.asked.id]
        fixed = dict(self.asked.fixed)
        corners = product(*(one.values for one in usable.values()))
        answers = [answer(score, fixed | dict(zip(usable, corner, strict=True))) for corner in corners]
        refused = ordered(one.refused for one in answers if one.refused)
        if refused:
            return Enrichment(unanswered=(Unanswered(self.rule, refused),), until=until)
        bands = ordered(band for one in answers if (band := self.asked.band(one)))
        found = Scored(
            self.rule.id,
            self.rule,
            tuple(sorted({*who, *(piece for one in usable.values() for piece in one.evidence)})),
            tuple(_estimate(told, answers) for told in self.asked.told),
            " or ".join(bands) or None,
            self.asked.outcome,
            max((one.when for one in usable.values() if one.when), default=None),
            (*ordered(note for one in answers for note in one.notes), *self.asked.notes),
            self.asked.codings,
            self.asked.category,
        )
        return Enrichment(until=until, scores=(found,))


def _numbers(asked: Asked) -> Iterable[Number]:
    return (one for one in asked.inputs if isinstance(one, Number))


def _estimate(told: Told, answers: Iterable[Answer]) -> Estimate:
    found = [_rounded(one.result[told.key], told) for one in answers]
    return Estimate(told.name, min(found), max(found), told.unit, told.years)


def _rounded(value: float, told: Told) -> Decimal:
    return round(Decimal(str(value)) * told.factor, told.places).quantize(Decimal(1).scaleb(-told.places))


SCORED = tuple(Score(one) for one in ASKED)
