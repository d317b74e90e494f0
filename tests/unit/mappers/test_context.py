"""Plans and reports of others, cover, and what is read elsewhere."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from mappers.codes import LOINC, SNOMED
from tests.unit.mappers.fhir_to_facts.chart import accounted, code, lab, read, resource, text_only

KINDS = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


def careplan(**elements: Any) -> dict[str, Any]:
    return resource("CarePlan", **{"status": "active", "intent": "plan", **elements})


def coverage(**elements: Any) -> dict[str, Any]:
    return resource("Coverage", **{"status": "active", "type": code(KINDS, "EHCPOL"), **elements})


def report(*results: str, **elements: Any) -> dict[str, Any]:
    named = {"result": [{"reference": one} for one in results]} if results else {}
    body = {"status": "final", "code": code(LOINC, "58410-2"), "effectiveDateTime": "2026-05-01", **named}
    return resource("DiagnosticReport", **{**body, **elements})


def test_a_plan_of_others_by_category_and_period():
    both = [code(SNOMED, "734163000"), code(KINDS, "assess-plan")]
    known = read(careplan(category=both, period={"start": "2026-01", "end": "2026-12"}))
    (one,) = known.care_elsewhere
    assert one.categories == ("http://snomed.info/sct|734163000", f"{KINDS}|assess-plan")
    assert (one.active, one.started, one.ended) == (True, date(2026, 1, 1), date(2026, 12, 31))
    assert known.turns == (date(2027, 1, 1),)


def test_our_own_plan_is_no_plan_of_others():
    known = read(careplan(identifier=[{"system": "urn:careloom:plan", "value": "x"}]))
    assert not known.care_elsewhere
    assert [one.reason for one in known.set_aside] == ["was written by Careloom"]


@pytest.mark.parametrize(
    ("elements", "active"),
    [
        ({"status": "unknown"}, True),
        ({"status": "on-hold"}, False),
        ({"status": "completed"}, False),
        ({"period": {"end": "2026-05-19"}}, False),
        ({"period": {"end": "2026-05-20"}}, True),
    ],
)
def test_whether_a_plan_goes_on(elements, active):
    (one,) = read(careplan(**elements)).care_elsewhere
    assert one.active is active


@pytest.mark.parametrize(
    "elements",
    [{"status": "draft"}, {"status": "revoked"}, {"status": "entered-in-error"}, {"intent": "proposal"}],
)
def test_what_is_no_plan_yet_or_any_more_is_set_aside(elements):
    known = read(careplan(**elements))
    assert [one.reason for one in known.set_aside] == ["is not a plan that stands"]


def test_a_cover_by_kind_and_period():
    (one,) = read(coverage(period={"start": "2011-03-17", "end": "2012-03-17"})).covers
    assert (one.kinds, one.active) == ((f"{KINDS}|EHCPOL",), False)
    assert (one.started, one.ended) == (date(2011, 3, 17), date(2012, 3, 17))


@pytest.mark.parametrize(
    ("status", "active"),
    [("active", True), ("cancelled", False), ("draft", None), ("entered-in-error", None)],
)
def test_whether_a_cover_holds(status, active):
    covers = read(coverage(status=status)).covers
    assert [one.active for one in covers] == ([] if active is None else [active])


def test_a_kind_in_words_alone_is_still_a_cover():
    (one,) = read(coverage(type=text_only())).covers
    assert one.kinds == ()


def test_a_report_binds_results_that_are_there_together():
    value = lab("718-7", 13, "g/dL", on="2026-05-01", id="hb")
    known = read(value, report("Observation/hb/_history/1", "Observation/elsewhere"))
    (one,) = known.reports
    assert (one.code, one.when, one.results) == ("58410-2", date(2026, 5, 1), ("Observation/hb",))


def test_a_conclusion_is_kept_and_makes_nobody_a_patient():
    known = read(report(conclusionCode=[code(SNOMED, "44054006")]))
    assert known.reports[0].conclusions == ("http://snomed.info/sct|44054006",)
    assert not known.problems


def test_a_report_dates_by_its_issue_where_nothing_else_does():
    body = report(issued="2026-04-30T23:00:00-05:00")
    del body["effectiveDateTime"]
    assert read(body).reports[0].when == date(2026, 4, 30)


@pytest.mark.parametrize(
    ("elements", "reason"),
    [
        ({"status": "registered"}, "has a status that makes it no evidence"),
        ({"status": "entered-in-error"}, "has a status that makes it no evidence"),
        ({"code": text_only()}, "is told in words alone"),
    ],
)
def test_a_report_that_is_no_evidence(elements, reason):
    known = read(report(**elements))
    assert not known.reports
    assert [one.reason for one in known.set_aside] == [reason]


def test_a_consent_is_read_elsewhere():
    known = read(resource("Consent", status="active"))
    assert [one.reason for one in known.set_aside] == ["is read where it is decided what may be used"]


@pytest.mark.parametrize(
    ("body", "group"),
    [
        (careplan(period={"start": "2026-06-01"}), "care_elsewhere"),
        (coverage(period={"start": "2026-06-01"}), "covers"),
        (report(effectiveDateTime="2026-06-01"), "reports"),
    ],
)
def test_what_begins_later_counts_later(body, group):
    assert not getattr(read(body), group)
    assert read(body).turns == (date(2026, 6, 1),)
    assert len(getattr(read(body, on=date(2026, 6, 1)), group)) == 1


def test_all_of_it_is_accounted_for():
    bodies = [careplan(), coverage(), report(), resource("Consent", status="active")]
    assert len(accounted(read(*bodies))) == len(bodies)
