"""Questionnaires added up: whole ones of the newest day, never a part, never against what was sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from mappers.facts import Sex, Truth
from tests.unit.workers.engine.enrichers.asking import (
    answered,
    chart,
    ends,
    enriched,
    holds_until_named,
    missing,
    score,
    silent,
)
from tests.unit.workers.engine.patients import measured, month, person
from workers.engine.enrichers.surveys import ITEMS

RECENT = date(2026, 6, 1)


def whole(instrument: str, points: int, **more: int) -> dict[str, int]:
    return {**dict.fromkeys(ITEMS[instrument], points), **more}


@pytest.mark.parametrize(
    ("key", "instrument", "points", "total", "band"),
    [
        ("phq_9", "phq9", whole("phq9", 1, self_harm=0), "8", "mild"),
        ("phq_9", "phq9", whole("phq9", 2, self_harm=0), "16", "moderately severe"),
        ("gad_7", "gad7", whole("gad7", 2), "14", "moderate"),
        ("audit_c", "audit_c", {"frequency": 3, "amount": 1, "binges": 0}, "4", "positive"),
        ("audit_c", "audit_c", {"frequency": 2, "amount": 1, "binges": 0}, "3", None),
    ],
)
def test_a_whole_questionnaire_has_its_total(key, instrument, points, total, band):
    found = score(key, chart(*answered(instrument, **points)))
    assert (ends(found), found.band, found.when) == ([(total, total)], band, RECENT)
    assert found.category == "survey"
    assert [system for system, _, _ in found.codings] == ["http://loinc.org"]


def test_the_limit_of_alcohol_is_that_of_the_sex():
    told = answered("audit_c", frequency=2, amount=1, binges=0)
    assert score("audit_c", chart(*told, who=person(Sex.FEMALE, month(1970, 1)))).band == "positive"
    assert missing("audit_c", chart(*told, who=person(Sex.UNKNOWN, month(1970, 1)))) == ("sex",)


def test_harm_to_oneself_is_told_whatever_the_total():
    found = score("phq_9", chart(*answered("phq9", **whole("phq9", 0, self_harm=1))))
    assert found.band == "minimal; self-harm was answered above 0: ask about safety"


def test_law_8_an_item_that_was_not_answered_is_named():
    points = whole("phq9", 1)
    del points["self_worth"]
    assert missing("phq_9", chart(*answered("phq9", **points))) == ("the answer to self worth",)
    older = answered("phq9", date(2026, 5, 1), **whole("phq9", 1))
    assert missing("phq_9", chart(*older, *answered("phq9", **points))) == ("the answer to self worth",)


def test_a_total_that_was_sent_for_the_day_must_be_the_same():
    told = answered("gad7", **whole("gad7", 1))
    assert ends(score("gad_7", chart(*told, measured("gad7", "7")))) == [("7", "7")]
    assert missing("gad_7", chart(*told, measured("gad7", "9"))) == (
        "which holds, the answers or the total that was sent",
    )
    assert score("gad_7", chart(*told, measured("gad7", "9", date(2026, 5, 1))))


def test_an_old_questionnaire_says_nothing_and_one_of_a_pregnancy_counts():
    assert silent("phq_9", chart(*answered("phq9", date(2025, 6, 14), **whole("phq9", 1))))
    expecting = replace(chart(*answered("phq9", **whole("phq9", 1))), pregnant=Truth.TRUE)
    assert enriched("phq_9", expecting).scores


def test_law_7_a_questionnaire_holds_until_the_day_that_is_named():
    holds_until_named("phq_9", chart(*answered("phq9", **whole("phq9", 1))))
