"""A hold keeps what it names until the last one is released, and is confirmed only when it holds."""

from __future__ import annotations

import os
import threading
from typing import Any

import pytest

from gateway.custody import holds
from gateway.custody.ids import StoredId
from gateway.custody.keeping import EVERY_TYPE, Rule
from gateway.custody.periods import Period
from gateway.custody.tables import legal_hold
from gateway.refusal import Kind
from gateway.retention import Keeper, Sweep
from tests.desk import ST_ANNA, ST_BERTA, Desk, ehr, observation, patient, refusal
from tests.integration.test_retention_sweep import DAY

CASE, OTHER_CASE = "LIT-2026-014", "AUDIT-7"


@pytest.fixture
def keeper(desk: Desk) -> Keeper:
    """Two charts and a nurse whom nobody looked at for two years, and a rule of one."""
    for name in ("ann", "bob"):
        desk.puts(patient(name), observation(f"{name}-o", f"Patient/{name}"))
    desk.puts({"resourceType": "Practitioner", "id": "nurse"})
    desk.now += 730 * DAY
    keeper = Keeper(desk.vault, desk.clock)
    keeper.keep(ST_ANNA, Rule(EVERY_TYPE, Period(1, "y")))
    return keeper


def goes(desk: Desk) -> dict[str, int]:
    counts = Sweep(desk.vault, desk.clock, os.urandom).run()
    return {type_: number for (_, type_, _), number in counts.items()}


def test_nobody_is_held_unless_somebody_says_so(desk: Desk, keeper: Keeper):
    with desk.vault.database.read() as conn:
        assert not holds.held(conn, ST_ANNA, desk.id_of("Patient/ann"))
        assert holds.standing(conn) == []
    assert goes(desk) == {"Observation": 2, "Patient": 2, "Practitioner": 1}


def test_a_held_patient_stays_and_so_does_what_a_held_record_may_point_at(desk: Desk, keeper: Keeper):
    assert keeper.hold(ST_ANNA, "ann", CASE) == 2
    assert goes(desk) == {"Observation": 1, "Patient": 1}
    assert desk.reads("Observation/ann-o")
    assert desk.reads("Practitioner/nurse")
    with refusal(Kind.GONE):
        desk.reads("Observation/bob-o")


def test_a_held_organization_stays_whole_and_others_do_not(desk: Desk, keeper: Keeper):
    desk.now -= 730 * DAY
    desk.puts(patient("ann"), actor=ehr(ST_BERTA))
    desk.now += 730 * DAY
    keeper.keep(ST_BERTA, Rule(EVERY_TYPE, Period(1, "y")))
    assert keeper.hold(ST_ANNA, None, CASE) == 5
    with desk.vault.database.read() as conn:
        assert holds.held(conn, ST_ANNA, desk.id_of("Patient/bob"))
        assert not holds.held(conn, ST_BERTA, desk.id_of("Patient/ann", ST_BERTA))
    assert goes(desk) == {"Patient": 1}


def test_what_several_hold_is_kept_until_the_last_lets_go(desk: Desk, keeper: Keeper):
    for reason in (CASE, OTHER_CASE, CASE):
        keeper.hold(ST_ANNA, "ann", reason)
    assert len(desk.rows(legal_hold)) == 2
    assert keeper.release(ST_ANNA, "ann", CASE)
    assert not keeper.release(ST_ANNA, "ann", CASE)
    assert goes(desk) == {"Observation": 1, "Patient": 1}
    assert keeper.release(ST_ANNA, "ann", OTHER_CASE)
    assert goes(desk) == {"Observation": 1, "Patient": 1, "Practitioner": 1}


def test_a_hold_that_ended_may_be_placed_again(desk: Desk, keeper: Keeper):
    keeper.hold(ST_ANNA, "ann", CASE)
    keeper.release(ST_ANNA, "ann", CASE)
    desk.now += 1
    keeper.hold(ST_ANNA, "ann", CASE)
    assert [row.until is None for row in desk.rows(legal_hold)] == [False, True]
    assert "Patient" in goes(desk)
    assert desk.reads("Patient/ann")


def test_a_hold_may_come_before_the_patient(desk: Desk, keeper: Keeper):
    assert keeper.hold(ST_ANNA, "later", CASE) == 0
    desk.puts(patient("later"))
    desk.now += 730 * DAY
    goes(desk)
    assert desk.reads("Patient/later")


def test_what_stands_is_told_without_saying_whom(desk: Desk, keeper: Keeper):
    keeper.hold(ST_ANNA, "ann", CASE)
    keeper.hold(ST_ANNA, "bob", CASE)
    keeper.hold(ST_ANNA, None, OTHER_CASE)
    with desk.vault.database.read() as conn:
        told = {(one.reason, one.patients, one.whole) for one in holds.standing(conn)}
    assert told == {(CASE, 2, False), (OTHER_CASE, 0, True)}


def test_law_4_rules_and_holds_are_events_once(desk: Desk, keeper: Keeper):
    ann = desk.id_of("Patient/ann")
    with desk.leaves() as events:
        keeper.hold(ST_ANNA, "ann", CASE)
        keeper.hold(ST_ANNA, "ann", CASE)
        keeper.hold(ST_ANNA, None, CASE)
        keeper.release(ST_ANNA, "ann", CASE)
        keeper.keep(ST_ANNA, Rule("Observation", Period(90, "d")))
        keeper.remove(ST_ANNA, "Observation")
    assert [(e.kind, e.patient, e.detail) for e in events] == [
        ("retention:hold", ann, CASE),
        ("retention:hold", None, CASE),
        ("retention:release", ann, CASE),
        ("retention:set", None, "Observation keep=90d counted=written"),
        ("retention:remove", None, "Observation"),
    ]
    assert {(e.client_id, e.organization) for e in events} == {("command line", ST_ANNA)}


def test_a_hold_is_confirmed_when_no_deletion_is_under_way(
    desk: Desk, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
):
    """A batch that has looked and not yet deleted: the hold waits until it is over."""
    entered, go_on, order = threading.Event(), threading.Event(), []
    real = Sweep._delete

    def delete(*arguments: Any) -> None:
        entered.set()
        assert go_on.wait(10)
        real(*arguments)
        order.append("deleted")

    monkeypatch.setattr(Sweep, "_delete", delete)
    sweeping = threading.Thread(target=goes, args=(desk,))

    def hold() -> None:
        keeper.hold(ST_ANNA, "ann", CASE)
        order.append("held")

    holding = threading.Thread(target=hold)
    sweeping.start()
    assert entered.wait(10)
    holding.start()
    holding.join(0.2)
    assert holding.is_alive(), "it is not confirmed while a batch is under way"
    go_on.set()
    holding.join(10)
    sweeping.join(10)
    assert order[:2] == ["deleted", "held"]


@pytest.mark.parametrize(
    "text",
    ["", "lit-1", "Müller", "A B", "HOPKINS", "MRN-1", "LIT-HOPKINS", "LIT-1234567", "LIT-1-2-3", "LIT-1\n"],
)
def test_a_reason_is_a_code(text: str):
    assert not holds.is_reason(text)


def test_codes_are_reasons():
    assert holds.is_reason(CASE)
    assert StoredId(bytes(16)) == holds.WHOLE_TENANT


# --- records that are one person's -----------------------------------------------------------------------


def goes_into(name: str, other: str) -> dict[str, Any]:
    return patient(name, link=[{"other": {"reference": f"Patient/{other}"}, "type": "replaced-by"}])


def test_a_hold_on_one_record_holds_all_of_the_person(desk: Desk, keeper: Keeper):
    desk.puts(goes_into("ann", "bob"))
    desk.now += 730 * DAY
    keeper.hold(ST_ANNA, "ann", CASE)
    with desk.vault.database.read() as conn:
        assert holds.held(conn, ST_ANNA, desk.id_of("Patient/bob"))
        assert not holds.held(conn, ST_ANNA, desk.id_of("Patient/carl"))
    assert goes(desk) == {}
    desk.puts(patient("ann"))
    assert goes(desk) == {"Observation": 1, "Patient": 1}, "they are two again"
    assert desk.reads("Observation/ann-o")


def test_a_patient_stays_while_a_record_of_the_same_person_is_kept(desk: Desk, keeper: Keeper):
    desk.puts(goes_into("ann", "bob"))
    assert goes(desk) == {"Observation": 2, "Patient": 1, "Practitioner": 1}
    desk.puts(patient("bob"), observation("new", "Patient/ann"))
    desk.now += 200 * DAY
    desk.puts(goes_into("ann", "bob"), observation("newer", "Patient/ann"))
    desk.now += 200 * DAY
    assert goes(desk) == {"Observation": 1}
    assert desk.reads("Patient/bob"), "the survivor's Patient says who both are"
    desk.now += 200 * DAY
    assert goes(desk) == {"Observation": 1, "Patient": 2}
