"""Facts and knowledge in, one plan out: enrich, recommend, reconcile. The only way into the engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import cache

from mappers.facts import Evidence, Facts, Unreadable
from mappers.recommendations import Activity, Plan
from workers.engine.answer import soonest
from workers.engine.calendar import DAY
from workers.engine.case import Case
from workers.engine.definitions import Knowledge
from workers.engine.enrichers import Enricher
from workers.engine.enrichers.adherence import Adherence
from workers.engine.enrichers.bmi import Bmi
from workers.engine.enrichers.charts import ANALYTES
from workers.engine.enrichers.egfr import Egfr
from workers.engine.enrichers.genomic import Genomic
from workers.engine.enrichers.scored import SCORED
from workers.engine.enrichers.trends import TRENDS
from workers.engine.recommenders import Recommender
from workers.engine.recommenders.allergies import Allergies
from workers.engine.recommenders.duplicates import Duplicates
from workers.engine.recommenders.guidelines import Guidelines
from workers.engine.recommenders.interactions import Interactions
from workers.engine.recommenders.limits import Limits
from workers.engine.recommenders.pharmacogenetics import Pharmacogenetics
from workers.engine.reconciliation import reconcile
from workers.engine.vocabulary import analytes

ENRICHERS: tuple[Enricher, ...] = (Egfr(), Bmi(), *SCORED, Adherence(), *TRENDS, Genomic())
COMPUTED_FROM = frozenset({"creatinine", "body_height", "body_weight"}) | ANALYTES
RECOMMENDERS: tuple[Recommender, ...] = (
    Guidelines(),
    Interactions(),
    Allergies(),
    Limits(),
    Duplicates(),
    Pharmacogenetics(),
)


def plan(facts: Facts, knowledge: Knowledge) -> Plan:
    """The one plan for a patient on the day of the facts; the same evidence and knowledge give the same."""
    read = _read(knowledge)
    asked = tuple(one for one in facts.unreadable if _asked(one, read))
    unread = len(facts.unreadable) - len(asked)
    empty = Plan(facts.as_of, (), (), (), (), (), (), (), asked, None, unread)
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
        scores=tuple(one for enrichment in enriched for one in enrichment.scores),
        trends=tuple(one for enrichment in enriched for one in enrichment.trends),
        phenotypes=tuple(one for enrichment in enriched for one in enrichment.phenotypes),
        implications=tuple(one for enrichment in enriched for one in enrichment.implications),
        problems=_problems(outcome.activities),
        next_look=soonest(
            [
                outcome.until,
                *(one.until for one in enriched),
                *_turns(case.facts),
                *_overdue(outcome.activities, case.today),
            ],
        ),
    )


def _read(knowledge: Knowledge) -> frozenset[str]:
    """The analytes that rules which are on read, and the guards of what these may start."""
    acts = [
        action.offer for one in knowledge.guidelines for action in one.actions if action.offer is not None
    ]
    options = {key for offer in acts for key in offer.options}
    lenses = [one.lens for one in knowledge.guidelines]
    lenses += [one.lens for key, one in knowledge.medicines.items() if key in options]
    return COMPUTED_FROM.union(*(lens.ages for lens in lenses))


def _asked(one: Unreadable, read: frozenset[str]) -> bool:
    """Whether it may be something that a rule reads: all but a number that none does."""
    key = _numbers().get(one.what.partition(" of ")[0])
    return key is None or key in read


@cache
def _numbers() -> Mapping[str, str]:
    return {one.name: key for key, one in analytes().items()}


def _overdue(activities: tuple[Activity, ...], today: date) -> Iterator[date]:
    """The days on which what is due is said to be overdue."""
    return (one.act.due + DAY for one in activities if one.act.due is not None and one.act.due >= today)


def _turns(facts: Facts) -> Iterator[date]:
    """The days on which the facts themselves turn, as whoever read them says, or as their own dates do."""
    dated = (one.when for one in facts.measurements)
    return (day for day in (*facts.turns, *dated) if day > facts.as_of)


def _problems(activities: tuple[Activity, ...]) -> tuple[Evidence, ...]:
    return tuple(sorted({problem for one in activities for problem in one.problems}))
