"""Asks one score of a chart that is written in a few words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from mappers.context import Relative, Stay, SurveyAnswer
from mappers.facts import Deed, Facts, Finding
from mappers.recommendations import Scored
from tests.unit.workers.engine.patients import TODAY, evidence, facts
from workers.engine.calendar import DAY
from workers.engine.case import Case
from workers.engine.enrichers import Enrichment
from workers.engine.enrichers.bmi import Bmi
from workers.engine.enrichers.egfr import Egfr
from workers.engine.enrichers.scored import SCORED

BY_KEY = {one.asked.key: one for one in SCORED}


def chart(*known: object, who: object = None, today: date = TODAY) -> Facts:
    """A chart of what is known: more kinds of facts than the engine's other tests need."""

    def only(kind: type) -> tuple:
        return tuple(one for one in known if isinstance(one, kind))

    return replace(
        facts(*known, who=who, today=today),
        findings=only(Finding),
        stays=only(Stay),
        relatives=only(Relative),
        survey_answers=only(SurveyAnswer),
        deeds=only(Deed),
    )


def enriched(key: str, patient: Facts) -> Enrichment:
    case = Case(patient)
    Egfr().enrich(case)
    Bmi().enrich(case)
    return BY_KEY[key].enrich(case)


def score(key: str, patient: Facts) -> Scored:
    (found,) = enriched(key, patient).scores
    return found


def missing(key: str, patient: Facts) -> tuple[str, ...]:
    found = enriched(key, patient)
    assert not found.scores
    return tuple(text for one in found.unanswered for text in one.missing)


def ends(found: Scored) -> list[tuple[str, str]]:
    return [(f"{one.low:f}", f"{one.high:f}") for one in found.estimates]


def silent(key: str, patient: Facts) -> bool:
    found = enriched(key, patient)
    return (found.scores, found.unanswered) == ((), ())


def holds_until_named(key: str, patient: Facts, times: int = 5) -> None:
    """Law 7: nothing turns before the day that is named."""
    day = patient.as_of
    for _ in range(times):
        today = enriched(key, replace(patient, as_of=day))
        following = today.until or day + timedelta(days=800)
        assert following > day
        for between in {day + DAY, day + (following - day) / 2, following - DAY} - {day, following}:
            later = enriched(key, replace(patient, as_of=between))
            assert (later.scores, later.unanswered) == (today.scores, today.unanswered)
        day = following


def answered(instrument: str, when: date = date(2026, 6, 1), **scores: int) -> list[SurveyAnswer]:
    where = evidence("QuestionnaireResponse", f"{instrument}-{when}")
    return [SurveyAnswer(instrument, item, points, when, where) for item, points in scores.items()]


def stay(kind: str, started: date, ended: date | None, urgent: bool | None = None) -> Stay:
    return Stay(kind, started, ended, urgent, evidence("Encounter", f"{kind}-{started}"))
