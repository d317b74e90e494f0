"""What a run deletes, what it leaves, and that nothing happens beside it."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.custody import jobs, periods, verify
from gateway.custody.keeping import EVERY_TYPE, Counted, Rule
from gateway.custody.tables import data
from gateway.refusal import Kind
from gateway.retention import Counts, Keeper, Sweep, sweep
from tests.desk import (
    NOW,
    ST_ANNA,
    ST_BERTA,
    TRAIL,
    Desk,
    condition,
    diabetic,
    ehr,
    observation,
    patient,
    refusal,
)
from workers import reading

DAY = 24 * 3600 * jobs.SECOND
YEAR = 365 * DAY
CONTENT = ("version", "withheld", "search_token", "search_range", "identity_token", "patient_link", "link")


class Manager:
    """A records manager at a desk: sets rules, and lets time pass."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.keeper = Keeper(desk.vault, desk.clock)
        self.sweep = Sweep(desk.vault, desk.clock, os.urandom)

    def keeps(self, type_: str, keep: str, superseded: str = "", counted: str = "written", tenant=ST_ANNA):
        shorter = periods.parse(superseded) if superseded else None
        period = periods.parse(keep)
        assert period is not None
        self.keeper.keep(tenant, Rule(type_, period, shorter, Counted(counted)))

    def runs(self) -> dict[str, tuple[int, int]]:
        """What a run deletes, which is what a dry run said: resources and shortened ones by type."""
        told, before = told_of(self.sweep.run(dry=True)), self.desk.counts()
        assert self.desk.counts() == before, "a dry run changes nothing"
        done = told_of(self.sweep.run())
        assert done == told
        return done

    def waits(self, years: float) -> None:
        self.desk.now += int(years * YEAR)


def told_of(counts: Counts) -> dict[str, tuple[int, int]]:
    types = {type_ for _, type_, _ in counts}
    return {
        name: (
            sum(n for (_, t, short), n in counts.items() if t == name and not short),
            sum(n for (_, t, short), n in counts.items() if t == name and short),
        )
        for name in types
    }


@pytest.fixture
def manager(desk: Desk) -> Manager:
    """On each database."""
    return Manager(desk)


@pytest.fixture
def small(small_desk: Desk) -> Manager:
    """On the embedded one, where what is shown does not hang on the database."""
    return Manager(small_desk)


def chart(desk: Desk, name: str = "ann") -> None:
    desk.puts(
        patient(name),
        condition(f"{name}-dm", f"Patient/{name}"),
        observation(f"{name}-a1c", f"Patient/{name}"),
    )


# --- what goes -------------------------------------------------------------------------------------------


def test_without_a_rule_nothing_ever_goes(small: Manager):
    desk, manager = small.desk, small
    chart(desk)
    manager.waits(200)
    before = desk.counts()
    assert manager.runs() == {}
    assert desk.counts() == before


def test_what_is_over_goes_with_all_that_hangs_on_it(desk: Desk, manager: Manager):
    chart(desk)
    before = desk.counts()
    desk.puts(observation("other", "Patient/ann", "2160-0", "1.0"))
    with_it = desk.counts()
    manager.keeps("Observation", "10y")
    manager.waits(10.1)
    desk.puts(observation("ann-a1c", "Patient/ann", value="7.0"))
    assert manager.runs() == {"Observation": (1, 0)}
    with refusal(Kind.GONE):
        desk.reads("Observation/other")
    assert [s.body for s in desk.release.history(ehr(), "Observation", "other")] == [None]
    assert desk.reads("Observation/ann-a1c")["valueQuantity"]["value"]
    assert desk.reads("Condition/ann-dm")
    for name in ("withheld", "search_range", "search_token", "identity_token", "link"):
        more = 1 if name in ("withheld",) else 0  # the new version of the other one
        assert desk.counts()[name] <= with_it[name] + more * before[name]
    assert {row.id for row in desk.rows(data.tables["link"])}.isdisjoint({desk.id_of("Observation/other")})


def test_of_a_resource_that_went_nothing_is_left_but_that_it_was_there(small: Manager):
    desk, manager = small.desk, small
    desk.puts(patient("ann"))
    alone = desk.counts(*TRAIL, "job")
    desk.puts(observation("o", "Patient/ann"), observation("o", "Patient/ann", value="8.0"))
    manager.keeps("Observation", "1y")
    manager.waits(1.1)
    manager.runs()
    left = desk.counts(*TRAIL, "job")
    assert left == {
        **alone,
        "record": alone["record"] + 1,
        "version": alone["version"] + 1,
        "retention_rule": 1,
    }
    mark = next(row for row in desk.rows(data.tables["version"]) if row.type == "Observation")
    assert (mark.version, mark.clinical, bool(mark.deleted), mark.written) == (3, None, True, desk.now)


def test_the_last_microsecond_counts(desk: Desk, manager: Manager):
    desk.puts(patient("ann"), observation("o", "Patient/ann"))
    manager.keeps("Observation", "1y")
    desk.now = int(datetime(2027, 3, 2, 9, 30, tzinfo=UTC).timestamp()) * jobs.SECOND
    assert manager.runs() == {}
    desk.now += 1
    assert manager.runs() == {"Observation": (1, 0)}


def test_it_may_be_sent_again_and_its_versions_go_on(small: Manager):
    desk, manager = small.desk, small
    desk.puts(patient("ann"), observation("o", "Patient/ann"))
    manager.keeps("Observation", "1y")
    manager.waits(1.1)
    manager.runs()
    stored = desk.intake.update(ehr(), "Observation", "o", observation("o", "Patient/ann", value="8.0"))
    assert (stored.version, stored.created) == (3, True)
    assert desk.reads("Observation/o")["valueQuantity"]
    manager.waits(1.1)
    assert manager.runs() == {"Observation": (1, 0)}


def test_what_an_ehr_deleted_goes_counted_from_its_deletion(small: Manager):
    desk, manager = small.desk, small
    desk.puts(patient("ann"), observation("o", "Patient/ann"))
    manager.keeps("Observation", "1y")
    manager.waits(0.9)
    desk.intake.delete(ehr(), "Observation", "o")
    manager.waits(0.9)
    assert manager.runs() == {}
    manager.waits(0.2)
    assert manager.runs() == {"Observation": (1, 0)}
    assert manager.runs() == {}, "a mark is not deleted again"


def test_a_type_of_its_own_rule_is_not_under_the_others(small: Manager):
    desk, manager = small.desk, small
    chart(desk)
    manager.keeps(EVERY_TYPE, "1y")
    manager.keeps("Condition", "5y")
    manager.waits(2)
    assert manager.runs() == {"Observation": (1, 0)}
    manager.waits(4)
    assert manager.runs() == {"Condition": (1, 0), "Patient": (1, 0)}


def test_a_rule_that_was_removed_keeps_for_ever_again(small: Manager):
    desk, manager = small.desk, small
    chart(desk)
    manager.keeps("Observation", "1y")
    assert manager.keeper.remove(ST_ANNA, "Observation")
    assert not manager.keeper.remove(ST_ANNA, "Observation")
    manager.waits(9)
    assert manager.runs() == {}


def test_a_rule_is_its_tenants_alone(small: Manager):
    desk, manager = small.desk, small
    desk.puts(patient("ann"), observation("o", "Patient/ann"))
    desk.puts(patient("ann"), observation("o", "Patient/ann"), actor=ehr(ST_BERTA))
    manager.keeps("Observation", "1y", tenant=ST_BERTA)
    manager.waits(2)
    assert manager.runs() == {"Observation": (1, 0)}
    assert desk.reads("Observation/o")
    with refusal(Kind.GONE):
        desk.reads("Observation/o", ehr(ST_BERTA))


# --- from when it counts ---------------------------------------------------------------------------------


def test_a_chart_ages_together_where_it_is_counted_from_the_last_touch(desk: Desk, manager: Manager):
    chart(desk)
    chart(desk, "bob")
    manager.keeps(EVERY_TYPE, "2y", counted="last-touched")
    manager.waits(1.5)
    desk.puts(observation("bob-later", "Patient/bob"))
    manager.waits(1)
    assert manager.runs() == {"Condition": (1, 0), "Observation": (1, 0), "Patient": (1, 0)}
    assert desk.reads("Condition/bob-dm")
    with refusal(Kind.GONE):
        desk.reads("Condition/ann-dm")


def test_a_touch_is_remembered_when_what_was_written_then_is_gone(small: Manager):
    desk, manager = small.desk, small
    chart(desk)
    manager.keeps(EVERY_TYPE, "5y", counted="last-touched")
    manager.keeps("Observation", "1y")
    manager.waits(4)
    desk.puts(observation("later", "Patient/ann"))
    manager.waits(2)
    assert manager.runs() == {"Observation": (2, 0)}
    assert manager.runs() == {}
    assert desk.reads("Condition/ann-dm"), "it was touched two years ago"


def test_what_a_worker_writes_touches_nothing(small: Manager):
    desk, manager = small.desk, small
    desk.puts(*diabetic("ann"))
    manager.keeps(EVERY_TYPE, "2y", counted="last-touched")
    manager.waits(1.9)
    assert desk.works() == 1
    manager.waits(0.2)
    assert manager.runs()["Condition"] == (1, 0)


# --- superseded versions ---------------------------------------------------------------------------------


def test_superseded_versions_go_earlier_than_their_resource(desk: Desk, manager: Manager):
    desk.puts(patient("ann"))
    for value in ("9.1", "8.0", "7.0"):
        desk.puts(observation("o", "Patient/ann", value=value))
        manager.waits(1)
    manager.keeps("Observation", "10y", superseded="18m")
    assert manager.runs() == {"Observation": (0, 1)}
    assert [s.version for s in desk.release.history(ehr(), "Observation", "o")] == [3, 2]
    with refusal(Kind.NOT_FOUND):
        desk.reads("Observation/o/_history/1")
    assert desk.reads("Observation/o/_history/2")
    assert len(desk.searches("Observation?code=4548-4")) == 1
    assert manager.runs() == {}


# --- what goes last --------------------------------------------------------------------------------------


@pytest.mark.parametrize("type_", ["Patient", "Consent"])
def test_who_somebody_is_and_what_they_allowed_goes_last(desk: Desk, manager: Manager, type_: str):
    chart(desk)
    desk.puts(consent("c"))
    manager.keeps(type_, "1y")
    manager.waits(3)
    assert manager.runs() == {}, "there are data that are kept for ever"
    manager.keeps("Condition", "2y")
    manager.keeps("Observation", "4y")
    assert manager.runs() == {"Condition": (1, 0)}
    manager.waits(2)
    assert manager.runs() == {"Observation": (1, 0), type_: (1, 0)}


def consent(id_: str) -> dict[str, Any]:
    system = "http://terminology.hl7.org/CodeSystem"
    return {
        "resourceType": "Consent",
        "id": id_,
        "status": "active",
        "scope": {"coding": [{"system": f"{system}/consentscope", "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": "Patient/ann"},
        "policyRule": {"coding": [{"system": f"{system}/v3-ActCode", "code": "OPTOUT"}]},
    }


# --- plans -----------------------------------------------------------------------------------------------


def test_evidence_that_went_makes_a_plan_job(small: Manager):
    desk, manager = small.desk, small
    desk.puts(*diabetic("ann"))
    desk.puts(*diabetic("bob"))
    desk.works()
    desk.forgets_jobs()
    manager.keeps("Condition", "1y")
    manager.waits(0.9)
    desk.puts({**condition("bob-dm", "Patient/bob"), "onsetDateTime": "2019-05-02"})
    desk.forgets_jobs()
    manager.waits(0.2)
    assert manager.runs() == {"Condition": (1, 0)}
    assert desk.jobs() == {desk.id_of("Patient/ann")}


def test_what_was_derived_goes_a_month_after_all_that_it_rested_on(desk: Desk, manager: Manager):
    desk.puts(*diabetic("ann"))
    desk.works()
    ours = {row.type for row in desk.rows(data.tables["version"]) if row.origin == "derived"}
    assert "CarePlan" in ours
    manager.keeps(EVERY_TYPE, "1y")
    manager.waits(1.1)
    manager.runs()
    desk.works()
    (plan,) = desk.searches("CarePlan?identifier=urn:careloom:plan|")
    assert plan["status"] == "revoked"
    desk.now += 29 * DAY
    assert manager.runs() == {}
    desk.now += 2 * DAY
    assert manager.runs().keys() == ours
    assert {bool(row.deleted) for row in desk.rows(data.tables["version"])} == {True}
    assert {row.type for row in desk.rows(data.tables["record"])} == {"Patient", "Condition", "Observation"}
    assert desk.searches("CarePlan") == []
    for row in desk.rows(data.tables["record"]):
        assert row.deleted


def test_law_6_a_patient_who_comes_back_after_all_went_gets_a_plan(small: Manager):
    desk, manager = small.desk, small
    desk.puts(*diabetic("ann"))
    desk.works()
    manager.keeps(EVERY_TYPE, "1y")
    for _ in range(3):
        manager.waits(1.1)
        manager.runs()
        desk.works()
    desk.puts(*diabetic("ann"))
    assert desk.works() == 1
    (plan,) = desk.searches("CarePlan?identifier=urn:careloom:plan|")
    assert plan["status"] == "draft"
    assert not [row.error for row in desk.rows(data.tables["job"]) if row.error]


def test_law_10_single_versions_of_a_plan_never_go(small: Manager):
    desk, manager = small.desk, small
    desk.puts(*diabetic("ann"))
    desk.works()
    manager.keeps("CarePlan", "1d", superseded="1d")
    manager.waits(3)
    assert "CarePlan" not in manager.runs()


def test_law_6_a_worker_that_read_before_is_followed_by_one_that_reads_after(
    desk: Desk, manager: Manager, monkeypatch: pytest.MonkeyPatch
):
    desk.puts(*diabetic("ann"))
    manager.keeps("Condition", "1y")
    manager.waits(1.1)
    real, ran = reading.read, []

    def read(*arguments: Any) -> Any:
        known = real(*arguments)
        if not ran:
            ran.append(manager.sweep.run())
        return known

    monkeypatch.setattr(reading, "read", read)
    desk.works()
    assert told_of(ran[0]) == {"Condition": (1, 0)}
    desk.now += 10 * jobs.SECOND
    assert desk.works() == 1, "what it read is gone: one more is due"
    (plan,) = desk.searches("CarePlan?identifier=urn:careloom:plan|")
    assert "Condition" not in str(plan.get("addresses", ""))


# --- the trail -------------------------------------------------------------------------------------------


def test_law_4_each_resource_that_went_is_an_event(desk: Desk, manager: Manager):
    chart(desk)
    desk.puts(observation("ann-a1c", "Patient/ann", value="8.0"))
    manager.keeps("Condition", "1y")
    manager.keeps("Observation", "9y", superseded="1y")
    manager.waits(1.1)
    with desk.leaves() as events:
        manager.runs()
    ann = desk.id_of("Patient/ann")
    told = {(e.kind, e.type, e.id, e.version, e.patient, e.action) for e in events}
    assert told == {
        ("retention:deleted", "Condition", desk.id_of("Condition/ann-dm"), 1, ann, "D"),
        ("retention:superseded", "Observation", desk.id_of("Observation/ann-a1c"), 2, ann, "D"),
    }
    assert {e.detail for e in events} == {
        "Condition keep=1y counted=written",
        "Observation keep=9y superseded=1y counted=written",
    }
    with desk.vault.database.read() as conn:
        assert verify.verify(conn, {}).ok


def test_law_4_a_batch_that_fails_leaves_all_as_it_was(small: Manager, monkeypatch: pytest.MonkeyPatch):
    desk, manager = small.desk, small
    chart(desk)
    manager.keeps("Observation", "1y")
    manager.waits(2)
    before = desk.counts()

    def full(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(sweep.audit, "append", full)
    with pytest.raises(RuntimeError):
        manager.sweep.run()
    monkeypatch.undo()
    assert desk.counts() == before
    assert desk.reads("Observation/ann-a1c")


@pytest.mark.parametrize("killed_after", [0, 1, 2])
def test_who_is_killed_between_batches_leaves_whole_ones(
    small: Manager, monkeypatch: pytest.MonkeyPatch, killed_after: int
):
    desk, manager = small.desk, small
    desk.puts(patient("ann"), *[observation(f"o{n}", "Patient/ann") for n in range(5)])
    manager.keeps("Observation", "1y")
    manager.waits(2)
    monkeypatch.setattr(sweep, "BATCH", 2)
    real, done = Sweep._batch, []

    def batch(*arguments: Any) -> Any:
        if len(done) == killed_after:
            raise KeyboardInterrupt
        done.append(real(*arguments))
        return done[-1]

    monkeypatch.setattr(Sweep, "_batch", batch)
    with desk.leaves() as events, pytest.raises(KeyboardInterrupt):
        manager.sweep.run()
    monkeypatch.setattr(Sweep, "_batch", real)
    assert len(events) == 2 * killed_after
    assert len(desk.searches("Observation")) == 5 - 2 * killed_after
    assert manager.runs() == {"Observation": (5 - 2 * killed_after, 0)}
    assert desk.searches("Observation") == []


def test_a_run_stops_at_its_measure_and_the_next_goes_on(small: Manager):
    desk, manager = small.desk, small
    desk.puts(patient("ann"), *[observation(f"o{n}", "Patient/ann") for n in range(5)])
    manager.keeps("Observation", "1y")
    manager.waits(2)
    assert sum(manager.sweep.run(dry=True, at_most=3).values()) == 3
    assert sum(manager.sweep.run(at_most=3).values()) == 3
    assert sum(manager.sweep.run(at_most=3).values()) == 2
    assert sum(manager.sweep.run(at_most=3).values()) == 0


def test_windows_lead_through_all_there_is(small: Manager, monkeypatch: pytest.MonkeyPatch):
    desk, manager = small.desk, small
    monkeypatch.setattr(sweep, "WINDOW", 2)
    chart(desk)
    desk.puts(*[observation(f"o{n}", "Patient/ann") for n in range(5)])
    manager.keeps(EVERY_TYPE, "1y")
    manager.waits(2)
    assert manager.runs() == {"Condition": (1, 0), "Observation": (6, 0), "Patient": (1, 0)}


def test_what_was_written_again_between_looking_and_deleting_stays(
    small: Manager, monkeypatch: pytest.MonkeyPatch
):
    desk, manager = small.desk, small
    desk.puts(patient("ann"), observation("o", "Patient/ann"))
    manager.keeps("Observation", "1y")
    manager.waits(2)
    taking(desk, monkeypatch, lambda: desk.puts(observation("o", "Patient/ann", value="8.0")))
    assert told_of(manager.sweep.run()) == {}
    assert desk.reads("Observation/o")


def test_what_is_held_between_looking_and_deleting_stays(
    desk: Desk, manager: Manager, monkeypatch: pytest.MonkeyPatch
):
    desk.puts(patient("ann"), observation("o", "Patient/ann"))
    manager.keeps("Observation", "1y")
    manager.waits(2)
    taking(desk, monkeypatch, lambda: manager.keeper.hold(ST_ANNA, "ann", "LIT-1"))
    assert told_of(manager.sweep.run()) == {}
    assert desk.reads("Observation/o")


def taking(desk: Desk, monkeypatch: pytest.MonkeyPatch, first: Callable[[], Any]) -> None:
    """Something happens when the run has looked and is about to delete."""
    real = Sweep._batch

    def batch(*arguments: Any) -> Any:
        first()
        return real(*arguments)

    monkeypatch.setattr(Sweep, "_batch", batch)


def test_shared_resources_go_and_the_patients_whom_they_concern_get_jobs(desk: Desk, manager: Manager):
    desk.puts(patient("ann"), patient("bob"))
    members = [{"entity": {"reference": f"Patient/{name}"}} for name in ("ann", "bob")]
    group = {"resourceType": "Group", "id": "g", "type": "person", "actual": True, "member": members}
    drug = {"resourceType": "Medication", "id": "m", "code": {"text": "x"}}
    order = {
        "resourceType": "MedicationRequest",
        "id": "r",
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/ann"},
        "medicationReference": {"reference": "Medication/m"},
    }
    desk.puts(group, drug, order)
    desk.forgets_jobs()
    manager.keeps("Group", "1y")
    manager.waits(2)
    assert manager.runs() == {"Group": (1, 0)}
    assert desk.jobs() == {desk.id_of("Patient/ann"), desk.id_of("Patient/bob")}
    assert desk.rows(data.tables["patient_link"]) == []
    desk.forgets_jobs()
    manager.keeps("Medication", "1y")
    assert manager.runs() == {"Medication": (1, 0)}
    assert desk.jobs() == {desk.id_of("Patient/ann")}


def test_a_mark_is_not_made_where_somebody_was_erased(small: Manager):
    desk, manager = small.desk, small
    desk.puts(patient("ann"))
    desk.erases(desk.id_of("Patient/ann"))
    manager.keeps("Patient", "1y")
    desk.now = NOW + 2 * YEAR
    assert manager.runs() == {"Patient": (1, 0)}
    assert desk.rows(data.tables["record"]) == []
    with refusal(Kind.GONE):
        desk.puts(patient("ann"))
