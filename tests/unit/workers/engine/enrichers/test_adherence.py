"""Days covered: from the first fill of a year to the last, of what is taken for years."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from mappers.drugs import classes_of
from mappers.facts import Medicine
from tests.unit.workers.engine.patients import TODAY, evidence, facts, medicine
from workers.engine.calendar import DAY
from workers.engine.case import Case
from workers.engine.enrichers.adherence import Adherence

FIRST = date(2026, 1, 1)


def fill(day: int, supply: int | None = 30, name: str = "atorvastatin") -> Medicine:
    started = FIRST + timedelta(days=day)
    stopped = started + timedelta(days=supply) if supply else None
    where = evidence("MedicationDispense", f"{name}-{day}")
    return Medicine((name,), classes_of((name,)), False, started, stopped, where)


def enriched(*fills: Medicine, today: date = TODAY):
    return Adherence().enrich(Case(facts(*fills, today=today)))


@pytest.mark.parametrize(
    ("days", "share", "band"),
    [
        ((0, 30, 60, 90), "100", "adherent"),
        ((0, 45, 90), "67", "below 80 %"),
        ((0, 20, 90), "67", "below 80 %"),
    ],
)
def test_the_share_by_hand(days: tuple[int, ...], share: str, band: str):
    """90 days; two supplies before the last one reach over 60 of them, whether they overlap or not."""
    (found,) = enriched(*map(fill, days)).scores
    assert (f"{found.estimates[0].low:f}", found.band) == (share, band)
    assert found.key == "score-pdc-atorvastatin"
    assert (found.when, found.category) == (FIRST + timedelta(days=90), "therapy")
    assert len(found.inputs) == len(days)


@pytest.mark.parametrize(
    "fills",
    [
        [fill(0)],
        [fill(0), fill(89)],
        [fill(0, None), fill(90, None)],
        [fill(0, 30, "ibuprofen"), fill(90, 30, "ibuprofen")],
        [medicine("atorvastatin")],
    ],
    ids=["one fill", "89 days", "no days told", "not for years", "an order"],
)
def test_what_is_too_little_is_no_share(fills: list[Medicine]):
    assert enriched(*fills).scores == ()


def test_each_medicine_has_its_own_and_old_fills_fall_away():
    both = enriched(fill(0), fill(90), fill(0, 30, "lisinopril"), fill(90, 30, "lisinopril"))
    assert [one.key for one in both.scores] == ["score-pdc-atorvastatin", "score-pdc-lisinopril"]
    (found,) = enriched(fill(-400), fill(0), fill(90)).scores
    assert len(found.inputs) == 2


def test_law_7_a_share_turns_on_the_day_that_is_named_and_not_before():
    known = [fill(0), fill(90)]
    found = enriched(*known)
    assert found.until == date(2026, 10, 2)
    assert enriched(*known, today=date(2026, 10, 1)) == replace(found)
    assert enriched(*known, today=found.until).scores == ()
    assert enriched(*known, today=TODAY + DAY) == found
