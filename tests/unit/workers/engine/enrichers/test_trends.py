"""Trends: worse only when it is more than noise, and nothing from too little, too old or the wrong place."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from mappers.facts import Facts, Measurement, Setting, Truth
from mappers.recommendations import Trend
from tests.unit.workers.engine.patients import TODAY, facts, measured, month, person
from workers.engine.case import Case
from workers.engine.enrichers import Enrichment
from workers.engine.enrichers.egfr import Egfr
from workers.engine.enrichers.trends import NOISE, TRENDS, WATCHED

BY_ANALYTE = {one.watched.analyte: one for one in TRENDS}
LAST = date(2026, 6, 1)


def series(
    analyte: str, *values: str, every: int = 60, last: date = LAST, **more: object
) -> list[Measurement]:
    """Values at even distances, the last of them on ``last``."""
    days = [last - timedelta(days=every * back) for back in reversed(range(len(values)))]
    return [measured(analyte, value, day, **more) for value, day in zip(values, days, strict=True)]


def enriched(analyte: str, patient: Facts) -> Enrichment:
    case = Case(patient)
    Egfr().enrich(case)
    return BY_ANALYTE[analyte].enrich(case)


def trend(analyte: str, *known: object) -> Trend:
    (found,) = enriched(analyte, facts(*known)).trends
    return found


FALLING = ("60", "58", "55", "53", "50", "48", "45")


def test_a_kidney_that_fails_is_worsening_with_slope_interval_and_all_values():
    known = series("egfr", *FALLING)
    found = trend("egfr", *known)
    # Least squares by hand: 2.5 each 60 days, 70.5 over 28 steps squared.
    assert found.slope == round(Decimal(-70 * 365.25 / (28 * 60)), 1)
    assert found.low < found.slope < found.high < 0
    assert found.meaning == "worsening"
    assert (found.count, found.first, found.last) == (7, date(2025, 6, 6), LAST)
    assert found.unit == "mL/min/{1.73_m2}/a"
    assert found.inputs == tuple(sorted(one.evidence for one in known))


MEANINGS = [
    ("egfr", FALLING[::-1], "rising"),
    ("body_weight", ("80", "78", "76", "74", "72", "70", "68"), "falling"),
    ("body_weight", ("68", "70", "72", "74", "76", "78", "80"), "rising"),
    ("hba1c", ("6.5", "6.8", "7.1", "7.4", "7.7", "8.0"), "worsening"),
    ("hba1c", ("8.0", "7.7", "7.4", "7.1", "6.8", "6.5"), "falling"),
    ("systolic_bp", ("120", "126", "131", "137", "143", "150"), "worsening"),
    ("systolic_bp", ("150", "143", "137", "131", "126", "120"), "falling"),
]


@pytest.mark.parametrize(("analyte", "values", "meaning"), MEANINGS)
def test_what_each_direction_is_called(analyte: str, values: tuple[str, ...], meaning: str):
    assert trend(analyte, *series(analyte, *values)).meaning == meaning


NOISY = [
    ("a slope that is sure but small", "egfr", ("60", "59.8", "59.6", "59.4", "59.2", "59", "58.8")),
    ("a change that is large but unsure", "egfr", ("60", "30", "70", "35", "60", "25", "45")),
    ("three values on a line", "egfr", ("60", "52", "44")),
    ("a pressure that goes up and down", "systolic_bp", ("120", "150", "125", "148", "130", "155")),
    ("values that do not move", "hba1c", ("7.0", "7.0", "7.0", "7.0")),
]


@pytest.mark.parametrize(("analyte", "values"), [row[1:] for row in NOISY], ids=[row[0] for row in NOISY])
def test_noise_is_called_noise(analyte: str, values: tuple[str, ...]):
    found = trend(analyte, *series(analyte, *values))
    assert found.meaning == NOISE
    assert str(found.slope) != "-0.0"


LITTLE = [
    ("two values", series("egfr", "60", "40", every=120)),
    ("less than 90 days", series("egfr", *FALLING, every=14)),
    ("a newest that is too old", series("egfr", *FALLING, last=date(2025, 6, 14))),
    ("one that lies more than two years back", series("egfr", "60", "50", "40", every=400)),
    ("three values of one day", [measured("egfr", value) for value in ("60", "50", "40")]),
    ("values of a stay in hospital", series("egfr", *FALLING, setting=Setting.INPATIENT)),
    ("values that are not exact", series("egfr", *FALLING, comparator="<")),
    ("endless values", series("egfr", *FALLING, comparator=">")),
]


@pytest.mark.parametrize("known", [row[1] for row in LITTLE], ids=[row[0] for row in LITTLE])
def test_law_8_too_little_is_no_trend(known: list[Measurement]):
    assert enriched("egfr", facts(*known)) == Enrichment()


def test_ninety_days_are_enough():
    known = series("egfr", "60", "50", "40", every=45)
    assert enriched("egfr", facts(*known)).trends
    assert not enriched("egfr", facts(*series("egfr", "60", "50", "40", every=44))).trends


def test_children_grow_and_pregnancies_too():
    growing = series("body_weight", "50", "53", "56", "59", "62", "65", "68")
    assert not enriched("body_weight", facts(*growing, who=person(born=month(2008, 1)))).trends
    assert not enriched("body_weight", facts(*growing, pregnant=Truth.TRUE)).trends
    assert enriched("body_weight", facts(*growing, who=person(born=month(2007, 1)))).trends


def test_creatinine_is_enough_for_the_trend_of_the_kidney_in_a_birthdays_month_too():
    creatinine = series("creatinine", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7", "1.8", every=61)
    born_in_june = person(born=month(1966, 6))
    (found,) = enriched("egfr", facts(*creatinine, who=born_in_june)).trends
    assert found.meaning == "worsening"
    assert found.count == 7


def test_law_7_a_trend_holds_until_its_newest_value_is_a_year_old():
    patient = facts(*series("egfr", *FALLING))
    found = enriched("egfr", patient)
    assert found.until == date(2027, 6, 2)
    for day in (TODAY + timedelta(days=1), date(2027, 1, 1), date(2027, 6, 1)):
        assert enriched("egfr", replace(patient, as_of=day)) == found
    assert enriched("egfr", replace(patient, as_of=date(2027, 6, 2))) == Enrichment()


@pytest.mark.parametrize("analyte", [one.analyte for one in WATCHED])
def test_order_repeats_and_an_offset_change_nothing(analyte: str):
    known = series(analyte, *(str(value) for value in (140, 139, 142, 145, 143, 149)))
    plain = trend(analyte, *known)
    assert trend(analyte, *random.Random(1).sample(known * 2, 12)) == plain
    by = timedelta(days=1461)
    moved = replace(facts(*(replace(one, when=one.when + by) for one in known)), as_of=TODAY + by)
    (later,) = enriched(analyte, moved).trends
    assert replace(later, first=plain.first, last=plain.last) == plain


def test_what_nobody_read_at_a_source_says_so():
    for one in TRENDS:
        assert not one.rule.source.confirmed
        assert "unverified" in one.rule.source.strength


def test_a_slope_that_many_values_make_sure_is_noise_below_the_least_difference():
    values = [f"{60 - 0.15 * step:.2f}" for step in range(40)]
    found = trend("egfr", *series("egfr", *values, every=18))
    assert found.high < 0
    assert found.meaning == NOISE
