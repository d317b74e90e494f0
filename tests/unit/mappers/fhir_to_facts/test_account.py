"""What became of each resource: counted once, every reason told, nothing of what was sent in it."""

from __future__ import annotations

from dataclasses import asdict

from hypothesis import given

from mappers.fhir_to_facts import facts
from mappers.fhir_to_facts.account import Account, account, aside, total
from tests.unit.mappers.fhir_to_facts.chart import TODAY, diagnosis, lab, opened, patient, pressure, resource
from tests.unit.mappers.fhir_to_facts.test_read_metamorphic import CHARTS

CHART = [
    opened(body)
    for body in (
        patient(),
        lab("4548-4", "7.2", "%", on="2026-05-01", id="a"),
        lab("4548-4", "7.2", "%", on="2026-05-01", id="b"),
        lab("4548-4", "7.2", None, on="2026-05-01", id="c"),
        lab("4548-4", "7.2", "%", on="2026-05-01", id="d", status="cancelled"),
        pressure(150, 900, on="2026-05-01", id="e"),
        diagnosis("44054006", id="f"),
        resource("Claim", status="active", id="g"),
    )
]


def of(kind: str) -> Account:
    return next(one for one in account(CHART, facts(CHART, TODAY)) if one.type == kind)


def test_each_resource_is_counted_under_one_heading():
    one = of("Observation")
    assert (one.resources, one.facts, one.unreadable, one.set_aside, one.dropped) == (5, 2, 1, 2, 0)
    assert one.share == 0.4


def test_every_reason_is_counted_also_that_of_half_a_panel():
    one = of("Observation")
    assert one.why_unreadable == {"has no unit": 1, "is outside of what is possible": 1}
    assert one.why_set_aside == {
        "has a status that makes it no evidence": 1,
        "says the same as another resource": 1,
    }


def test_a_fact_of_any_group_counts():
    assert (of("Patient").facts, of("Condition").facts, of("Claim").facts) == (1, 1, 0)


def test_what_is_said_twice_in_one_half_and_unreadable_in_the_other_is_unreadable():
    panels = [
        opened(pressure(150, 95, on="2026-05-01", id="a")),
        opened(pressure(150, 900, on="2026-05-01", id="b")),
    ]
    (one,) = account(panels, facts(panels, TODAY))
    assert (one.facts, one.unreadable, one.set_aside, one.dropped) == (1, 1, 0, 0)


def test_what_nothing_is_said_of_is_told_as_dropped():
    unheard = [*CHART, opened(resource("Observation", id="h"))]
    (one,) = [one for one in account(unheard, facts(CHART, TODAY)) if one.type == "Observation"]
    assert one.dropped == 1


def test_accounts_of_many_patients_are_one():
    one = of("Observation")
    summed = total([one, aside("Observation", "belongs to no patient"), one, aside("Device", "x")])
    assert [each.type for each in summed] == ["Device", "Observation"]
    assert (summed[1].resources, summed[1].facts, summed[1].set_aside) == (11, 4, 5)
    assert summed[1].why_unreadable["has no unit"] == 2
    assert summed[1].why_set_aside["belongs to no patient"] == 1


def test_no_type_without_resources_has_a_share():
    assert Account("Observation", 0).share == 0


@given(CHARTS)
def test_nothing_is_ever_dropped(chart):
    accounts = account(chart, facts(chart, TODAY))
    assert not [one for one in accounts if one.dropped]
    assert sum(one.resources for one in accounts) == len({one.reference for one in chart})


@given(CHARTS)
def test_reasons_hold_no_word_that_was_sent(chart):
    told = str([asdict(one) for one in account(chart, facts(chart, TODAY))])
    assert not [one.body["id"] for one in chart if len(one.body["id"]) > 30 and one.body["id"] in told]
    assert "2026-" not in told
