"""What counts as a disclosure, which are exempt, and that a summary loses none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.custody.audit import Event
from gateway.custody.ids import StoredId, Tenant
from gateway.disclosures.accounting import NOT_STATED, OWN_USE, accounted, disclosures, gave, summary
from gateway.disclosures.purposes import EXEMPT, INDIVIDUAL, OPERATIONS, PAYMENT, TREATMENT

HOSPITAL, APP, LAB = Tenant(3), Tenant(11), Tenant(12)
SOMEBODY = StoredId(b"p" * 16)


def event(organization: Tenant | None = APP, purpose: str | None = None, **more: object) -> Event:
    values: dict[str, object] = {
        "time": 1_000,
        "kind": "rest:read",
        "action": "R",
        "outcome": "0",
        "status": 200,
        "client_id": f"client-{organization}",
        "organization": organization,
        "purpose": purpose,
        "type": "CarePlan",
        "patient": SOMEBODY,
    }
    return Event(**{**values, **more})  # type: ignore[arg-type]


def listed(*events: Event) -> list[str]:
    return [one.what for one in accounted(disclosures(events, HOSPITAL))]


@pytest.mark.parametrize(
    ("kind", "action", "what"),
    [
        ("rest:read", "R", "CarePlan: read"),
        ("rest:vread", "R", "CarePlan: one version read"),
        ("rest:history", "R", "CarePlan: versions read"),
        ("rest:search", "E", "CarePlan: found in a search"),
        ("rest:everything", "R", "CarePlan: whole record read"),
        ("notice:sent", "E", "CarePlan: sent"),
    ],
)
def test_whatever_gives_a_partner_something_is_listed(kind: str, action: str, what: str):
    assert listed(event(kind=kind, action=action)) == [what]


def test_the_version_that_was_read_is_named():
    assert listed(event(kind="rest:vread", version=4)) == ["CarePlan: one version read (version 4)"]


@pytest.mark.parametrize(
    "more",
    [
        {"outcome": "4", "status": 404},
        {"outcome": "4", "status": 403},
        {"outcome": "8", "status": 500},
        {"action": "D", "kind": "rest:delete"},
        {"action": "U", "kind": "rest:update"},
        {"kind": "consent:decide"},
        {"kind": "patient:disclosures"},
        {"kind": "retention:deleted"},
    ],
)
def test_what_gave_nothing_is_no_disclosure(more: dict[str, object]):
    assert not gave(event(**more))
    assert listed(event(**more)) == []


def test_a_purpose_that_nobody_stated_is_no_exemption():
    (one,) = disclosures([event()], HOSPITAL)
    assert (one.purpose, one.exempt) == (NOT_STATED, None)


@pytest.mark.parametrize(
    ("purpose", "why"),
    [("TREAT", TREATMENT), ("HPAYMT", PAYMENT), ("HOPERAT", OPERATIONS), ("PATRQT", INDIVIDUAL)],
)
def test_treatment_payment_operations_and_the_patients_own_request_are_exempt(purpose: str, why: str):
    (one,) = disclosures([event(purpose=purpose)], HOSPITAL)
    assert one.exempt == why
    assert listed(event(purpose=purpose)) == []


@pytest.mark.parametrize("purpose", ["HRESCH", "PUBHLTH", "HMARKT", "CLINTRCH", "FAMRQT", "no such code"])
def test_every_other_purpose_is_listed(purpose: str):
    assert purpose not in EXEMPT
    assert listed(event(purpose=purpose)) == ["CarePlan: read"]


def test_what_the_hospital_uses_itself_is_not_listed_and_is_there_with_its_reason():
    (one,) = disclosures([event(HOSPITAL)], HOSPITAL)
    assert one.exempt == OWN_USE
    assert listed(event(HOSPITAL)) == []


def test_break_glass_is_listed_whoever_broke_it():
    assert listed(event(HOSPITAL, "BTG"), event(APP, "BTG")) == ["CarePlan: read"] * 2


def test_a_recipient_whom_nobody_knows_is_listed():
    assert listed(event(None)) == ["CarePlan: read"]


# --- summaries ---------------------------------------------------------------------------------------------


def test_a_summary_has_the_first_in_full_the_number_and_the_last():
    events = [
        event(time=time, kind=kind) for time, kind in ((5, "rest:search"), (9, "rest:read"), (7, "x:y"))
    ]
    (row,) = summary(disclosures(events, HOSPITAL))
    assert (row.first.time, row.first.what, row.count, row.last) == (5, "CarePlan: found in a search", 3, 9)


def test_an_earlier_one_that_was_committed_later_is_the_first():
    (row,) = summary(disclosures([event(time=5), event(time=3)], HOSPITAL))
    assert (row.first.time, row.last) == (3, 5)


def test_recipients_and_purposes_are_told_apart():
    events = [event(APP), event(LAB), event(APP, "PUBHLTH"), event(APP, client_id="another")]
    rows = summary(disclosures(events, HOSPITAL))
    assert [row.count for row in rows] == [1, 1, 1, 1]


several = st.lists(
    st.builds(
        event,
        organization=st.sampled_from([HOSPITAL, APP, LAB, None]),
        purpose=st.sampled_from([None, "TREAT", "BTG", "PUBHLTH"]),
        time=st.integers(0, 50),
        outcome=st.sampled_from(["0", "4"]),
    )
)


@given(several)
def test_a_summary_counts_every_disclosure_once(events: list[Event]):
    full = list(disclosures(events, HOSPITAL))
    rows = summary(full)
    assert sum(row.count for row in rows) == len(full)
    assert len({(row.first.organization, row.first.purpose) for row in rows}) == len(rows)
    for row in rows:
        mine = [one.time for one in full if (one.organization, one.purpose) == key(row.first)]
        assert (row.first.time, row.last, row.count) == (min(mine), max(mine), len(mine))


def key(one: object) -> tuple[object, object]:
    return one.organization, one.purpose  # type: ignore[attr-defined]


def test_a_summary_of_very_many_holds_one_row():
    many = (event(time=number) for number in range(20_000))
    (row,) = summary(disclosures(many, HOSPITAL))
    assert row.count == 20_000
