"""An accounting read from a trail that real accesses made, on both databases."""

from __future__ import annotations

import pytest

from gateway.custody import audit
from gateway.custody.audit import Event
from gateway.disclosures import Asked, Disclosures, service
from gateway.disclosures.accounting import Disclosure, accounted
from gateway.refusal import Kind
from tests.desk import (
    APP,
    NOW,
    OTHER_APP,
    PLAN_QUERY,
    ST_ANNA,
    ST_BERTA,
    Desk,
    diabetic,
    ehr,
    partner,
    refusal,
)

YEAR = 366 * 86_400_000_000


def asked(patient: str = "p", **more: int) -> Asked:
    return Asked(**{"tenant": ST_ANNA, "patient": patient, "since": 0, "until": NOW + YEAR, **more})


def account(desk: Desk, question: Asked) -> list[Disclosure]:
    return list(Disclosures(desk.vault, desk.clock).account(question).found)


@pytest.fixture
def planned(desk: Desk) -> Desk:
    desk.puts(*diabetic("p"), *diabetic("q"))
    desk.works()
    return desk


def polls(desk: Desk, organization: int = APP) -> str:
    """The plans that this partner finds; the id of one of them."""
    found = desk.release.search(partner(organization, ST_ANNA), "CarePlan", PLAN_QUERY, None, 50)  # type: ignore[arg-type]
    return found.entries[0].id


def test_what_partners_read_is_listed_and_what_the_hospital_read_is_not(planned: Desk):
    polls(planned)
    planned.reads("Patient/p")
    polls(planned, OTHER_APP)
    listed = list(accounted(account(planned, asked())))
    assert [(one.organization, one.what) for one in listed] == [
        (APP, "CarePlan: found in a search"),
        (OTHER_APP, "CarePlan: found in a search"),
    ]


def test_what_was_read_of_somebody_else_is_not_listed(planned: Desk):
    shown = polls(planned)
    planned.release.read(partner(APP, ST_ANNA), "CarePlan", shown)
    counts = [len(list(accounted(account(planned, asked(who))))) for who in ("p", "q")]
    assert sorted(counts) == [1, 2]


def test_what_was_refused_is_not_listed(planned: Desk):
    with refusal(Kind.NOT_FOUND):
        planned.release.read(partner(APP, ST_ANNA), "Patient", "p")
    assert list(accounted(account(planned, asked()))) == []


def test_a_patient_of_the_same_id_elsewhere_is_somebody_else(planned: Desk):
    planned.puts(*diabetic("p"), actor=ehr(ST_BERTA))
    polls(planned)
    assert list(accounted(account(planned, asked(tenant=ST_BERTA)))) == []


def test_only_the_days_that_were_asked_for(planned: Desk):
    planned.now = NOW + 10
    polls(planned)
    planned.now = NOW + 20
    polls(planned)
    assert len(list(accounted(account(planned, asked(since=NOW + 11))))) == 1
    assert len(list(accounted(account(planned, asked(until=NOW + 20))))) == 1
    assert len(list(accounted(account(planned, asked(since=NOW + 10, until=NOW + 21))))) == 2


def test_law_4_making_an_accounting_is_an_event_that_comes_first(planned: Desk):
    with planned.leaves() as events:
        made = Disclosures(planned.vault, planned.clock).account(asked())
    (event,) = events
    assert (event.kind, event.action, event.status) == ("patient:disclosures", "R", 200)
    assert event.patient == planned.id_of("Patient/p")
    # The look itself lies above the end that was fixed before it.
    assert all(one.what != "Patient: disclosures" for one in made.found)


def test_an_id_under_which_nothing_was_kept_is_an_error_and_recorded(planned: Desk):
    with planned.leaves() as events:
        for _ in range(2):
            with refusal(Kind.NOT_FOUND):
                account(planned, asked("mistyped"))
    assert [(event.status, event.outcome) for event in events] == [(404, "4")] * 2


def test_law_2_no_event_of_it_holds_the_id_that_was_asked_for(planned: Desk):
    with planned.leaves() as events:
        account(planned, asked())
    # The pseudonym is 16 bytes; the id as the hospital writes it is nowhere.
    assert not any("Patient/p" in str(cell) for event in events for cell in event)


def test_after_erasure_it_is_still_there(planned: Desk):
    polls(planned)
    before = account(planned, asked())
    planned.erases(planned.id_of("Patient/p"))
    assert account(planned, asked()) == before
    assert list(accounted(before))


def test_pages_lose_none_and_events_that_come_meanwhile_are_for_the_next(
    planned: Desk, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(service, "PAGE", 3)
    who = planned.id_of("Patient/p")
    events = [
        Event(NOW + n, "rest:read", "R", "0", 200, "app", APP, type="CarePlan", patient=who)
        for n in range(10)
    ]
    with planned.vault.database.write() as conn:
        audit.append(conn, ST_ANNA, events)
    found = Disclosures(planned.vault, planned.clock).account(asked(since=NOW + 1)).found
    first = next(found)
    with planned.vault.database.write() as conn:
        audit.append(conn, ST_ANNA, events)
    times = [one.time for one in (first, *found) if one.organization == APP]
    assert times == [NOW + n for n in range(1, 10)]
