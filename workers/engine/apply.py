"""Facts and knowledge in, one plan out: enrich, recommend, reconcile. The only way into the engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from mappers.facts import Evidence, Facts
from mappers.recommendations import Activity, Plan
from workers.engine.answer import soonest
from workers.engine.case import Case
from workers.engine.definitions import Knowledge
from workers.engine.enrichers import Enricher
from workers.engine.enrichers.bmi import Bmi
from workers.engine.enrichers.egfr import Egfr
from workers.engine.recommenders import Recommender
from workers.engine.recommenders.guidelines import Guidelines
from workers.engine.reconciliation import reconcile

ENRICHERS: tuple[Enricher, ...] = (Egfr(), Bmi())
RECOMMENDERS: tuple[Recommender, ...] = (Guidelines(),)


def plan(facts: Facts, knowledge: Knowledge) -> Plan:
    """The one plan for a patient on the day of the facts; the same evidence and knowledge give the same."""
    empty = Plan(facts.as_of, (), (), (), (), (), (), (), facts.unreadable, None)
    return empty if facts.person.deceased else _plan(Case(facts), knowledge, empty)


def _plan(case: Case, knowledge: Knowledge, empty: Plan) -> Plan:
    enriched = [enricher.enrich(case) for enricher in ENRICHERS]
    outcome = reconcile(case, knowledge, [one.recommend(case, knowledge) for one in RECOMMENDERS])
    computed = tuple(one for enrichment in enriched for one in enrichment.unanswered)
    return replace(
        empty,
        activities=outcome.activities,
        targets=outcome.targets,
        withdrawn=outcome.withdrawn,
        unanswered=(*computed, *outcome.unanswered),
        issues=outcome.issues,
        derived=tuple(one for enrichment in enriched for one in enrichment.derived),
        problems=_problems(outcome.activities),
        next_look=soonest(
            [outcome.until, *(one.until for one in enriched), *_turns(case.facts)],
        ),
    )


def _turns(facts: Facts) -> Iterator[date]:
    """The days on which the facts themselves turn, as whoever read them says, or as their own dates do."""
    dated = (one.when for one in facts.measurements)
    return (day for day in (*facts.turns, *dated) if day > facts.as_of)


def _problems(activities: tuple[Activity, ...]) -> tuple[Evidence, ...]:
    return tuple(sorted({problem for one in activities for problem in one.problems}))
