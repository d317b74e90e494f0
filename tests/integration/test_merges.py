"""Two records, one person: one plan of both while their EHR says so and nothing contradicts it."""

from __future__ import annotations

import os
from typing import Any

import pytest

from gateway.custody import jobs, merges
from gateway.custody.ids import Tenant
from gateway.custody.merges import Union
from gateway.custody.opening import open_clinic
from gateway.custody.tables import data
from gateway.identities import OUTSIDE_ID_LENGTH
from mappers.recommendations_to_careplan import act_of
from tests.consents import ENGINE, actions, consent, deny
from tests.desk import ST_ANNA, Desk, condition, ehr, observation, patient, put
from workers import plan, writing
from workers.station import Station, load_knowledge

DAY = 86_400 * jobs.SECOND
Body = dict[str, Any]


def link(other: str, kind: str = "replaced-by") -> list[Body]:
    return [{"other": {"reference": f"Patient/{other}"}, "type": kind}]


def old(**more: Any) -> Body:
    """The record that goes into the other."""
    return patient("old", active=False, link=link("new"), **more)


def chart() -> list[Body]:
    """The old record holds the diagnosis, the new one the values: each alone calls for less."""
    return [
        patient("old"),
        condition("dm", "Patient/old"),
        observation("crea", "Patient/old", "2160-0", "1.0"),
        patient("new"),
        observation("a1c", "Patient/new"),
    ]


def works(desk: Desk) -> int:
    done = 0
    while found := desk.works():
        done += found
    return done


def plan_of(desk: Desk, name: str) -> Body | None:
    found = desk.searches(f"CarePlan?subject=Patient/{name}&identifier=urn:careloom:plan|")
    return found[0] if found else None


def acts(found: Body | None) -> dict[str, str]:
    lines = [] if found is None or found["status"] == "revoked" else found.get("activity", [])
    return {str(act_of(line)).rpartition(":")[2]: line["detail"]["status"] for line in lines}


def evidence(found: Body | None) -> set[str]:
    """What was sent that the lines of a plan rest on, without versions."""
    lines = [] if found is None else found.get("activity", [])
    named = [one for line in lines for one in line["detail"].get("reasonReference", [])]
    named += [] if found is None else found.get("supportingInfo", [])
    locals_ = {one["reference"].partition("/_history/")[0] for one in named}
    return {one for one in locals_ if len(one.partition("/")[2]) < OUTSIDE_ID_LENGTH}


def told(desk: Desk) -> list[tuple[str, str | None]]:
    with desk.vault.database.read() as conn:
        return [(found.state, found.reason) for found in merges.listing(conn, ST_ANNA)]


def union(desk: Desk, name: str) -> Union:
    with desk.vault.database.read() as conn:
        return merges.union(conn, ST_ANNA, desk.id_of(f"Patient/{name}"))


def kinds(events: list[Any]) -> list[str]:
    return [event.kind for event in events if event.kind.startswith("merge:")]


@pytest.fixture
def apart(desk: Desk) -> Desk:
    """Two records with a plan each."""
    desk.puts(*chart())
    works(desk)
    return desk


@pytest.fixture
def small(small_desk: Desk) -> Desk:
    """The same on the embedded database."""
    small_desk.puts(*chart())
    works(small_desk)
    return small_desk


def test_the_facts_of_both_make_one_plan_that_names_evidence_in_both(apart: Desk):
    before = acts(plan_of(apart, "new"))
    apart.puts(old())
    works(apart)
    found = plan_of(apart, "new")
    assert "review-glucose-lowering" in acts(found).keys() - before.keys()
    assert {"Condition/dm", "Observation/a1c"} <= evidence(found)
    assert plan_of(apart, "old")["status"] == "revoked"
    living = apart.searches("CarePlan?status=draft&identifier=urn:careloom:plan|")
    assert [one["subject"]["reference"] for one in living] == ["Patient/new"]
    provenance = apart.searches("Provenance")[0]
    sources = {one["what"]["reference"] for one in provenance["entity"]}
    assert {"Patient/old/_history/2", "Patient/new/_history/1", "Condition/dm/_history/1"} <= sources


def test_what_is_derived_lies_with_the_survivor_and_each_that_was_read_has_its_event(small: Desk):
    small.puts(old())
    with small.leaves() as events:
        works(small)
    new, was = small.id_of("Patient/new"), small.id_of("Patient/old")
    of_new = [event for event in events if event.request_id in _jobs_of(small, new)]
    read = [(event.patient, event.detail) for event in of_new if event.kind == "worker:read"]
    assert read == [(new, "versions=5"), (was, "versions=5")]
    written = {event.patient for event in of_new if event.kind in ("worker:create", "worker:update")}
    assert written == {new}


def _jobs_of(desk: Desk, who: bytes) -> set[str]:
    return {row.id.hex() for row in desk.rows(data.tables["job"]) if row.patient == who}


def test_law_7_new_data_of_the_old_record_change_the_plan_of_the_new_one(small: Desk):
    small.puts(old())
    works(small)
    first = plan_of(small, "new")
    small.puts(observation("a1c-2", "Patient/old", value="6.1", effectiveDateTime="2026-02-20"))
    assert small.jobs() == {small.id_of("Patient/old"), small.id_of("Patient/new")}
    assert works(small) == 2
    assert "review-glucose-lowering" in acts(first)
    assert "review-glucose-lowering" not in acts(plan_of(small, "new"))
    revoked = small.reads(f"CarePlan/{plan_of(small, 'old')['id']}")
    assert revoked["status"] == "revoked"
    with small.leaves() as events:
        small.puts(observation("a1c-2", "Patient/old", value="6.1", effectiveDateTime="2026-02-21"))
        works(small)
    assert {e.patient for e in events if e.type == "CarePlan"} <= {small.id_of("Patient/new")}


def test_undone_each_has_its_own_plan_again_from_its_own_data(apart: Desk):
    before = [plan_of(apart, name) for name in ("old", "new")]
    apart.puts(old())
    works(apart)
    apart.puts(patient("old"))
    assert told(apart) == [("undone", None)]
    works(apart)
    after = [plan_of(apart, name) for name in ("old", "new")]
    assert [acts(one) for one in after] == [acts(one) for one in before]
    assert [evidence(one) for one in after] == [evidence(one) for one in before]
    assert [one["status"] for one in after] == ["draft", "draft"]


NEW_SAYS = patient("new", link=link("old", "replaces"))
DM, CREA, A1C = chart()[1], chart()[2], chart()[4]
# Each way is a number of requests: one resource alone, or a bundle of several.
WAYS: list[list[list[Body]]] = [
    [[DM], [CREA], [patient("new")], [A1C], [old()]],
    [[old()], [DM], [CREA], [A1C], [patient("new")]],
    [[patient("old")], [DM], [CREA], [A1C], [NEW_SAYS]],
    [[NEW_SAYS], [A1C], [CREA], [DM], [patient("old")]],
    [[DM, CREA, patient("new"), A1C, old()]],
    [[NEW_SAYS, old(), A1C, DM, CREA]],
    [[old(gender="male")], [DM, CREA, A1C], [patient("new")], [old()]],
    [[patient("new"), patient("old", link=link("other"))], [DM, CREA], [A1C], [old()]],
    [[old(), NEW_SAYS, A1C, DM, CREA], [old(gender="unknown")], [patient("new")]],
]


def test_law_7_whoever_says_it_in_whatever_order_the_plan_is_the_same(small_desk: Desk):
    found = []
    for number, way in enumerate(WAYS):
        hospital = ehr(Tenant(100 + number))
        for request in way:
            small_desk.submits(*map(put, request), actor=hospital)
            if number % 2:
                works(small_desk)
        works(small_desk)
        mine = small_desk.searches("CarePlan?status=draft&identifier=urn:careloom:plan|", hospital)
        found.append([(one["subject"]["reference"], acts(one), evidence(one)) for one in mine])
    assert [subject for subject, _, _ in found[0]] == ["Patient/new"]
    for one in found[1:]:
        assert one == found[0]


def test_a_day_of_birth_that_no_worker_sees_blocks_and_is_told_without_its_value(small: Desk):
    with small.leaves() as events:
        small.puts(old(birthDate="1961-04-18"))
    (event,) = (one for one in events if one.kind.startswith("merge:"))
    assert (event.kind, event.outcome, event.status, event.detail) == (
        "merge:blocked",
        "4",
        409,
        "birth date",
    )
    assert event.patient == small.id_of("Patient/old")
    assert (event.type, event.id) == ("Patient", small.id_of("Patient/new"))
    works(small)
    assert "Condition/dm" not in evidence(plan_of(small, "new"))
    assert plan_of(small, "old")["status"] == "draft"


def test_a_conflict_that_is_cured_unites_and_one_that_comes_later_parts(apart: Desk):
    apart.puts(old(gender="male"))
    assert told(apart) == [("blocked", "sex")]
    with apart.leaves() as events:
        apart.puts(old(gender="unknown"))
    assert kinds(events) == ["merge:united"]
    works(apart)
    assert "Condition/dm" in evidence(plan_of(apart, "new"))
    with apart.leaves() as events:
        apart.puts(patient("new", birthDate="1962"))
    assert kinds(events) == ["merge:blocked"]
    works(apart)
    assert "Condition/dm" not in evidence(plan_of(apart, "new"))
    assert plan_of(apart, "old")["status"] == "draft"


def test_what_either_record_consents_to_counts_for_both(small: Desk):
    small.puts(old())
    works(small)
    small.puts(consent("no", "Patient/old", deny(ENGINE, action=actions("use"))))
    works(small)
    assert plan_of(small, "new")["status"] == "revoked"
    small.puts(patient("old"))
    works(small)
    assert [plan_of(small, name)["status"] for name in ("old", "new")] == ["revoked", "draft"]


def test_where_plans_are_delivered_the_end_of_one_is_too(small: Desk):
    small.forgets_jobs()
    small.puts(old())
    works(small)
    pushed = {row.patient for row in small.rows(data.tables["job"]) if row.kind == "push"}
    assert pushed == {small.id_of("Patient/old"), small.id_of("Patient/new")}


def test_what_changes_nothing_between_them_leaves_no_event(small: Desk):
    small.puts(old())
    with small.leaves() as events:
        small.puts(old(multipleBirthBoolean=True), patient("new", active=True))
    assert kinds(events) == []
    assert told(small) == [("united", None)]


def test_a_link_waits_for_the_other_record_and_for_its_return(small: Desk):
    small.puts(patient("old", link=link("late")))
    assert told(small) == [("waiting", None)]
    works(small)
    assert plan_of(small, "old")["status"] == "draft"
    with small.leaves() as events:
        small.puts(patient("late"))
        works(small)
    assert kinds(events) == ["merge:united"]
    assert "Condition/dm" in evidence(plan_of(small, "late"))
    small.intake.delete(ehr(), "Patient", "late")
    assert told(small) == [("waiting", None)]
    works(small)
    assert plan_of(small, "old")["status"] == "draft"


def test_who_is_deleted_says_nothing_and_is_nobody(small: Desk):
    small.puts(old())
    works(small)
    small.intake.delete(ehr(), "Patient", "old")
    assert told(small) == [("undone", None)]
    works(small)
    assert "Condition/dm" not in evidence(plan_of(small, "new"))


def test_the_end_of_the_chain_has_the_plan_and_a_chain_can_be_cut_anywhere(small: Desk):
    small.puts(old(), patient("last"), patient("new", link=link("last")))
    works(small)
    assert {"Condition/dm", "Observation/a1c"} <= evidence(plan_of(small, "last"))
    assert [plan_of(small, name)["status"] for name in ("old", "new")] == ["revoked", "revoked"]
    assert union(small, "old").survivor == union(small, "new").survivor == small.id_of("Patient/last")
    small.puts(
        patient("new", link=link("last"), gender="male"), patient("old", link=link("new"), gender="male")
    )
    works(small)
    assert sorted(told(small)) == [("blocked", "sex"), ("united", None)]
    assert {"Condition/dm", "Observation/a1c"} <= evidence(plan_of(small, "new"))
    assert plan_of(small, "last")["status"] == "draft"
    assert not evidence(plan_of(small, "last"))


def test_a_fork_and_a_circle_unite_nothing(small: Desk):
    small.puts(patient("third"), patient("old", link=link("new") + link("third")))
    assert told(small) == [("blocked", "fork")] * 2
    small.puts(old(), patient("third"), patient("new", link=link("old")))
    assert sorted(told(small), key=str) == [("blocked", "cycle"), ("blocked", "cycle"), ("undone", None)]
    works(small)
    assert [plan_of(small, name)["status"] for name in ("old", "new")] == ["draft", "draft"]


def test_the_surviving_record_says_who_the_person_is(small: Desk):
    small.puts(old(gender="other", birthDate="1961"))
    works(small)
    assert "Condition/dm" in evidence(plan_of(small, "new"))
    before = plan_of(small, "new")
    small.puts(old(gender="unknown", birthDate="1961"))
    works(small)
    assert plan_of(small, "new") == before


def test_a_death_that_only_the_old_record_knows_is_shown_and_that_of_the_survivor_counts(small: Desk):
    small.puts(old(deceasedBoolean=True))
    assert told(small) == [("blocked", "death")]
    works(small)
    assert plan_of(small, "new")["status"] == "draft"
    small.puts(patient("new", deceasedBoolean=True))
    assert told(small) == [("united", None)]
    works(small)
    assert plan_of(small, "new")["status"] == "completed"
    small.puts(old())
    works(small)
    assert plan_of(small, "new")["status"] == "completed"
    assert plan_of(small, "old")["status"] in ("completed", "revoked")


# --- decisions -------------------------------------------------------------------------------------------


def decides(desk: Desk, name: str, **statuses: str) -> None:
    """A clinician's version of a plan: lines by a word of their act."""
    found = plan_of(desk, name)
    assert found is not None
    for line in found["activity"]:
        for word, status in statuses.items():
            if word in str(act_of(line)):
                line["detail"]["status"] = status
    desk.puts({**found, "status": "active"})
    works(desk)


def line_of(found: Body | None, word: str) -> Body | None:
    lines = [] if found is None else found.get("activity", [])
    return next((line for line in lines if word in str(act_of(line))), None)


def status_of(found: Body | None, word: str) -> str | None:
    line = line_of(found, word)
    return None if line is None else line["detail"]["status"]


def test_law_10_what_was_declined_for_the_old_record_stays_so_in_the_plan_of_both(small: Desk):
    decides(small, "old", statin="cancelled", acr="in-progress")
    small.puts(old())
    works(small)
    found = plan_of(small, "new")
    assert status_of(found, "statin") == "cancelled"
    assert status_of(found, "acr") == "in-progress"
    assert found["status"] == "draft"
    version = small.release.read(ehr(), "CarePlan", found["id"]).version
    small.puts(old(multipleBirthBoolean=True))
    works(small)
    assert small.release.read(ehr(), "CarePlan", found["id"]).version == version
    small.puts(condition("dm", "Patient/old") | {"onsetDateTime": "2018-05-01"})
    works(small)
    assert status_of(plan_of(small, "new"), "statin") == "not-started"


def test_law_10_undone_the_old_plan_is_taken_up_as_it_stood_and_the_other_forgets_it(small: Desk):
    decides(small, "old", statin="cancelled", acr="in-progress")
    small.puts(old())
    works(small)
    ended = plan_of(small, "old")
    assert (ended["status"], status_of(ended, "statin")) == ("revoked", "cancelled")
    small.puts(patient("old"))
    works(small)
    found = plan_of(small, "old")
    assert found["status"] == "active"
    assert (status_of(found, "statin"), status_of(found, "acr")) == ("cancelled", "in-progress")
    other = plan_of(small, "new")
    assert line_of(other, "statin") is None
    assert line_of(other, "acr") is None


def test_law_10_what_was_decided_in_the_plan_of_both_stays_without_the_data_of_the_one_who_left(small: Desk):
    decides(small, "old", statin="cancelled")
    small.puts(old())
    works(small)
    decides(small, "new", **{"review-glucose": "in-progress", "acr": "cancelled"})
    joined = plan_of(small, "new")
    assert status_of(joined, "review-glucose") == "in-progress"
    small.puts(patient("old"))
    works(small)
    found = plan_of(small, "new")
    assert status_of(found, "review-glucose") == "in-progress"
    assert any("No longer supported" in note["text"] for note in found["note"])
    assert not {one for one in evidence(found) if one in ("Condition/dm", "Observation/crea")}
    assert not {one["reference"] for one in found.get("addresses", [])} & {"Condition/dm"}
    assert line_of(found, "statin") is None
    assert line_of(found, "acr") is None
    version = small.release.read(ehr(), "CarePlan", found["id"]).version
    small.puts(patient("new", active=True))
    works(small)
    assert small.release.read(ehr(), "CarePlan", found["id"]).version == version


# --- others at the same time, and ends in between -----------------------------------------------------------


class Killed(BaseException):
    """What no handler of ours sees: the process is gone."""


def test_law_6_a_gateway_that_is_killed_before_the_commit_leaves_nothing(
    small: Desk, monkeypatch: pytest.MonkeyPatch
):
    before = small.counts()

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(merges, "save", killed)
        with pytest.raises(Killed):
            small.puts(old())
    assert small.counts() == before
    small.puts(old())
    works(small)
    assert "Condition/dm" in evidence(plan_of(small, "new"))


@pytest.mark.parametrize("nth", [1, 2])
def test_law_6_a_worker_that_is_killed_in_between_delays_the_plan_and_loses_none(
    small: Desk, monkeypatch: pytest.MonkeyPatch, nth: int
):
    small.puts(old())
    real, calls = writing.commit, []

    def killed(*arguments: Any) -> None:
        calls.append(1)
        if len(calls) == nth:
            raise Killed
        real(*arguments)

    monkeypatch.setattr(writing, "commit", killed)
    with pytest.raises(Killed):
        works(small)
    small.now += 60 * jobs.SECOND
    works(small)
    assert plan_of(small, "old")["status"] == "revoked"
    assert {"Condition/dm", "Observation/a1c"} <= evidence(plan_of(small, "new"))


def test_a_union_that_ends_while_its_plan_is_made_is_never_written(apart: Desk):
    apart.puts(old())
    clinic = open_clinic(apart.storage)
    undone: list[bool] = []

    def entropy(count: int) -> bytes:
        if not undone:
            undone.append(True)
            apart.puts(patient("old"))
        return os.urandom(count)

    station = Station(clinic, load_knowledge(), apart.clock, entropy)
    with clinic.database.read() as conn:
        due = [job.id for job in jobs.due(conn, apart.now, 10) if job.kind == "plan"]
    mine = next(id_ for id_ in due if id_.hex() in _jobs_of(apart, apart.id_of("Patient/new")))
    plan.do(station, mine)
    clinic.close()
    assert undone
    works(apart)
    found = plan_of(apart, "new")
    assert found is not None
    for stored in apart.release.history(ehr(), "CarePlan", found["id"]):
        assert "Condition/dm" not in evidence(stored.body)


def test_a_record_that_changes_while_it_is_united_makes_the_write_start_again(apart: Desk):
    real, changed = apart.looking.originals, []

    def originals(tenant: Any, refs: Any) -> Any:
        found = real(tenant, refs)
        if ("Patient", apart.id_of("Patient/new")) in refs and not changed:
            changed.append(True)
            apart.puts(patient("new", gender="male"))
        return found

    object.__setattr__(apart.looking, "originals", originals)
    apart.puts(old())
    assert changed
    assert told(apart) == [("blocked", "sex")]
