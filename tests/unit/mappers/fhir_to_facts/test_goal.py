"""What others want reached: bounds in our unit, by what the target measures."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from mappers.codes import LOINC, SNOMED, UCUM
from tests.unit.mappers.fhir_to_facts.chart import code, read, resource, text_only


def quantity(value: int, unit: str, comparator: str | None = None) -> dict[str, Any]:
    said = {"value": value, "system": UCUM, "code": unit}
    return said | ({"comparator": comparator} if comparator else {})


def target(loinc: str, **elements: Any) -> dict[str, Any]:
    return {"measure": code(LOINC, loinc), **elements}


def goal(*targets: dict[str, Any], **elements: Any) -> dict[str, Any]:
    return resource(
        "Goal",
        **{"lifecycleStatus": "active", "description": text_only(), "target": list(targets), **elements},
    )


@pytest.mark.parametrize(
    ("detail", "low", "high"),
    [
        ({"detailQuantity": quantity(7, "%", "<")}, None, 7),
        ({"detailQuantity": quantity(7, "%", "<=")}, None, 7),
        ({"detailQuantity": quantity(7, "%", ">")}, 7, None),
        ({"detailQuantity": quantity(7, "%")}, 7, 7),
        ({"detailRange": {"low": quantity(6, "%"), "high": quantity(8, "%")}}, 6, 8),
        ({"detailRange": {"high": quantity(8, "%")}}, None, 8),
    ],
)
def test_the_bounds_of_a_goal(detail, low, high):
    (one,) = read(goal(target("4548-4", **detail, dueDate="2026-09"))).aims
    assert (one.analyte, one.low, one.high, one.active) == ("hba1c", low, high, True)
    assert one.due == date(2026, 9, 30)


def test_bounds_are_in_the_unit_of_the_analyte():
    (one,) = read(goal(target("29463-7", detailQuantity=quantity(160, "[lb_av]", "<")))).aims
    assert (one.analyte, one.high) == ("body_weight", Decimal("72.57477920"))


def test_each_target_is_a_goal():
    both = goal(
        target("8480-6", detailQuantity=quantity(130, "mm[Hg]", "<")),
        target("8462-4", detailQuantity=quantity(80, "mm[Hg]", "<")),
        target("0-0", detailQuantity=quantity(1, "%")),
    )
    assert [one.analyte for one in read(both).aims] == ["diastolic_bp", "systolic_bp"]


@pytest.mark.parametrize(
    ("detail", "reason"),
    [
        ({"detailQuantity": quantity(7, "kg", "<")}, "has a unit that is not known for it"),
        ({"detailQuantity": {"value": 7}}, "has no unit"),
        ({"detailQuantity": {"code": "%", "system": UCUM}}, "has no value"),
        ({"detailQuantity": quantity(700, "%")}, "is outside of what is possible"),
        ({"detailRange": {}}, "has no bound"),
        ({"_detailString": {}}, "has no bound"),
        ({}, "has no bound"),
    ],
)
def test_a_bound_that_cannot_be_read_is_shown(detail, reason):
    known = read(goal(target("4548-4", **detail)))
    assert not known.aims
    assert [(one.what, one.reason) for one in known.unreadable] == [("A goal for HbA1c", reason)]


def test_a_coded_goal_without_a_number_keeps_its_code_and_its_day():
    (one,) = read(goal({"dueDate": "2026-06-01"}, description=code(SNOMED, "406156006"))).aims
    assert (one.analyte, one.code, one.due) == (None, "406156006", date(2026, 6, 1))


def test_a_goal_in_words_alone_is_set_aside():
    known = read(goal())
    assert [one.reason for one in known.set_aside] == ["is told in words alone"]


@pytest.mark.parametrize("status", ["proposed", "planned", "cancelled", "rejected", "entered-in-error"])
def test_what_does_not_stand_is_no_goal(status):
    known = read(goal(target("4548-4", detailQuantity=quantity(7, "%")), lifecycleStatus=status))
    assert not known.aims
    assert [one.reason for one in known.set_aside] == ["is not a goal that stands"]


@pytest.mark.parametrize(
    ("status", "active"), [("accepted", True), ("active", True), ("on-hold", False), ("completed", False)]
)
def test_whether_it_is_active(status, active):
    (one,) = read(goal(target("4548-4", detailQuantity=quantity(7, "%")), lifecycleStatus=status)).aims
    assert one.active is active


def test_a_goal_that_begins_later_counts_later():
    known = read(goal(target("4548-4", detailQuantity=quantity(7, "%")), startDate="2026-06-01"))
    assert not known.aims
    assert known.turns == (date(2026, 6, 1),)
