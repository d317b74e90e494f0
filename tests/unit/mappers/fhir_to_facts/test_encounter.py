"""Encounters: stays in hospital and visits to an emergency department, and what is neither."""

from __future__ import annotations

from datetime import date

import pytest

from mappers.context import Stay
from mappers.facts import Facts
from tests.unit.mappers.fhir_to_facts.chart import TODAY, code, icd, read, resource

PRIORITY = "http://terminology.hl7.org/CodeSystem/v3-ActPriority"
SOURCE = "http://terminology.hl7.org/CodeSystem/admit-source"


def encounter(kind: str, start: str | None, end: str | None = None, **elements: object) -> dict:
    period = {name: text for name, text in (("start", start), ("end", end)) if text}
    head = {"status": "finished", "class": {"code": kind}, "period": period}
    return resource("Encounter", **{**head, **elements})


def stays(known: Facts) -> list[tuple]:
    return [(one.kind, one.started, one.ended, one.urgent) for one in known.stays]


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [("IMP", "inpatient"), ("ACUTE", "inpatient"), ("EMER", "emergency"), ("AMB", None), ("OBSENC", None)],
)
def test_the_class_says_whether_it_was_a_stay(kind: str, wanted: str | None):
    known = read(encounter(kind, "2026-05-01T22:00:00Z", "2026-05-03T09:00:00Z", id="e"))
    assert [one.kind for one in known.stays] == ([wanted] if wanted else [])
    if wanted is None:
        assert [one.reason for one in known.set_aside] == ["tells where other things took place"]
    else:
        (one,) = known.stays
        assert one == Stay(wanted, date(2026, 5, 1), date(2026, 5, 3), None, one.evidence)
        assert one.evidence.reference == "Encounter/e/_history/1"


@pytest.mark.parametrize(
    ("more", "urgent"),
    [
        ({"priority": code(PRIORITY, "EM")}, True),
        ({"priority": code(PRIORITY, "UR")}, True),
        ({"priority": code(PRIORITY, "EL")}, False),
        ({"priority": code(PRIORITY, "R")}, None),
        ({"hospitalization": {"admitSource": code(SOURCE, "emd")}, "priority": code(PRIORITY, "EL")}, True),
        ({"hospitalization": {"admitSource": code(SOURCE, "gp")}}, None),
    ],
)
def test_how_it_came_about_is_told_or_not_known(more: dict, urgent: bool | None):
    assert [one.urgent for one in read(encounter("IMP", "2026-05-01", "2026-05-03", **more)).stays] == [
        urgent
    ]


@pytest.mark.parametrize("status", ["planned", "cancelled", "entered-in-error", "unknown"])
def test_what_did_not_take_place_is_no_stay(status: str):
    assert read(encounter("IMP", "2026-05-01", status=status)).stays == ()


def test_a_stay_that_goes_on_has_no_end_yet_and_turns_on_it():
    known = read(encounter("IMP", "2026-05-18", "2026-05-25", status="in-progress"))
    assert stays(known) == [("inpatient", date(2026, 5, 18), None, None)]
    assert date(2026, 5, 25) in known.turns
    assert read(encounter("IMP", "2026-05-21")).stays == ()
    assert stays(read(encounter("IMP", "2026-05-18", TODAY.isoformat())))[0][2] == TODAY


def test_a_diagnosis_keeps_every_icd_10_code_that_was_sent():
    coded = icd("E11.22")
    coded["code"]["coding"].insert(0, {"system": "http://snomed.info/sct", "code": "44054006"})
    assert {one.icd10 for one in read(coded).problems} == {("E11.22",)}
