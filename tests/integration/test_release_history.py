"""What a partner's history tells: its plans as they change, and an end for each way in which one is lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import insert, update

from gateway.auth.actor import Actor
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.operator import By
from gateway.custody.tables import access_grant, organization, tombstone
from gateway.erasure.service import Request
from gateway.refusal import Kind
from gateway.release.histories import SETTLED, Histories, Question
from gateway.stored import Stored
from mappers import lossless
from mappers.plan_identity import PLAN_NAME
from tests.consents import client, consent, deny, permit
from tests.desk import (
    APP,
    NOW,
    OTHER_APP,
    ST_ANNA,
    ST_BERTA,
    Desk,
    diabetic,
    ehr,
    erasing,
    observation,
    partner,
    patient,
    refusal,
)

PLANS = "CarePlan?identifier=urn:careloom:plan|"
OWN = f"partner-{APP}"
HOUR = 3_600_000_000


def changes(
    desk: Desk,
    actor: Actor | None = None,
    since: int = 0,
    type_: str | None = "CarePlan",
    count: int = 1000,
    meanwhile: Callable[[], None] | None = None,
) -> list[Stored]:
    """The entries of all pages."""
    found: list[Stored] = []
    place = None
    while True:
        question = Question(type_, since)
        page = Histories(desk.release).page(actor or partner(APP, ST_ANNA), question, place, count)
        found += page.entries
        place = page.following
        if place is None:
            return found
        if meanwhile is not None:
            meanwhile()


def told(found: list[Stored]) -> list[tuple[str, str, int]]:
    """Type, ``+`` for a version and ``-`` for an end, and the number of the version."""
    return [(stored.type, "-" if stored.body is None else "+", stored.version) for stored in found]


def ends(found: list[Stored]) -> list[str]:
    return [stored.id for stored in found if stored.body is None]


def polls(desk: Desk, actor: Actor | None = None) -> dict[str, str]:
    """The ids of patient and plan, as this partner finds them by searching."""
    found = desk.searches(PLANS, actor or partner(APP, ST_ANNA))
    return {plan["subject"]["reference"].removeprefix("Patient/"): plan["id"] for plan in found}


def shown(desk: Desk, id_: str) -> str:
    return desk.vault.outside(APP).show("Patient", desk.id_of(f"Patient/{id_}"))


@pytest.fixture
def planned(desk: Desk) -> Desk:
    """Two patients with plans, and a partner who has both, an hour ago; once on each database."""
    return plan_two(desk)


@pytest.fixture
def small(small_desk: Desk) -> Desk:
    """The same on the embedded database."""
    return plan_two(small_desk)


def plan_two(desk: Desk) -> Desk:
    with desk.vault.database.write() as conn:
        for number, name in ((APP, "app-gmbh"), (ST_ANNA, "st-anna"), (ST_BERTA, "st-berta")):
            conn.execute(insert(organization).values(number=number, name=name, created=0))
    desk.puts(*diabetic("p"), *diabetic("q"))
    desk.works()
    polls(desk)
    desk.now += HOUR
    return desk


def granted(desk: Desk, tenant: Tenant, created: int, revoked: int | None = None) -> None:
    values = {"consent": "opt-out", "profile": None, "created": created, "revoked": revoked}
    with desk.vault.database.write() as conn:
        conn.execute(insert(access_grant).values(client_id=OWN, tenant=tenant, **values))


# --- what changed ------------------------------------------------------------------------------------------


def test_the_plan_has_the_name_by_which_its_end_is_found(small: Desk):
    stored = small.vault.derived_id(ST_ANNA, small.id_of("Patient/p"), *PLAN_NAME)
    plan = small.vault.outside(APP).show("CarePlan", stored)
    assert polls(small)[shown(small, "p")] == plan


def test_law_2_every_version_of_the_plans_in_the_partners_own_ids(planned: Desk):
    found = changes(planned)
    assert told(found) == [("CarePlan", "+", 1)] * 2
    assert {stored.id for stored in found} == set(polls(planned).values())
    text = lossless.dumps([stored.body for stored in found]).decode()
    assert not [word for word in ("Hopkins", "p-a1c", '"Patient/p"') if word in text]


def test_only_what_is_newer_than_the_question(small: Desk):
    small.puts(observation("p-a1c", "Patient/p", value="6.1"))
    small.works()
    found = changes(small, since=small.now)
    assert told(found) == [("CarePlan", "+", 2)]
    assert found[0].id == polls(small)[shown(small, "p")]
    assert changes(small, since=small.now + 1) == []


def test_law_2_what_the_hospital_sent_is_not_there(small: Desk):
    small.puts({"resourceType": "Practitioner", "id": "house"})
    assert changes(small, type_="Practitioner") == []
    small.puts(
        {
            "resourceType": "CarePlan",
            "id": "own",
            "status": "active",
            "intent": "plan",
            "subject": {"reference": "Patient/p"},
        }
    )
    assert len(changes(small)) == 2
    small.intake.delete(ehr(), "CarePlan", "own")
    assert len(changes(small)) == 2


def test_everything_tells_the_types_that_the_scopes_allow_to_search(small: Desk):
    types = {stored.type for stored in changes(small, type_=None)}
    assert {"CarePlan", "Goal", "Patient", "Provenance"} <= types
    narrow = partner(APP, ST_ANNA, scope="system/CarePlan.rs system/Goal.r")
    assert {stored.type for stored in changes(small, narrow, type_=None)} == {"CarePlan"}
    with refusal(Kind.FORBIDDEN):
        changes(small, narrow, type_="Goal")


def test_law_2_two_partners_see_different_ids_and_strangers_nothing(small: Desk):
    ids = {stored.id for stored in changes(small)}
    assert not ids & {stored.id for stored in changes(small, partner(OTHER_APP, ST_ANNA))}
    assert changes(small, partner(APP)) == []
    assert changes(small, partner(APP, ST_BERTA)) == []


def test_pages_show_each_entry_once_while_writes_go_on(planned: Desk):
    planned.puts(observation("p-a1c", "Patient/p", value="6.1"))
    planned.works()
    numbers = iter(range(1, 1000))

    def meanwhile() -> None:
        planned.now += 1
        value = str(next(numbers))
        planned.puts(patient(f"new-{value}"), observation("q-a1c", "Patient/q", value=value))
        planned.works()

    before = [(s.id, s.version) for s in changes(planned)]
    assert [(s.id, s.version) for s in changes(planned, count=1, meanwhile=meanwhile)] == before
    every = [(s.id, s.version) for s in changes(planned, type_=None)]
    during = [(s.id, s.version) for s in changes(planned, type_=None, count=7, meanwhile=meanwhile)]
    # What a plan points at no longer is not to be seen any more, what it points at again is: that is decided
    # page by page.
    after = {(s.id, s.version) for s in changes(planned, type_=None)}
    assert len(set(during)) == len(during)
    assert set(during) <= {*every, *after}


def test_what_becomes_visible_late_with_an_early_time_is_on_no_later_page(small: Desk):
    def meanwhile() -> None:
        small.now = NOW - HOUR
        small.puts(patient(f"late-{small.trail()}"))

    hospital = ehr()
    before = [s.id for s in changes(small, hospital, type_="Patient")]
    assert [s.id for s in changes(small, hospital, type_="Patient", count=1, meanwhile=meanwhile)] == before
    assert len(changes(small, hospital, type_="Patient")) == len(before) + 1


def test_what_stood_at_a_moment(small: Desk):
    small.puts(observation("p-a1c", "Patient/p", value="6.1"))
    small.works()

    def at(start: int, end: int, actor: Actor) -> list[tuple[str, int]]:
        question = Question("CarePlan", 0, (start, end))
        page = Histories(small.release).page(actor, question, None, 10)
        return sorted((stored.id, stored.version) for stored in page.entries)

    for actor in (partner(APP, ST_ANNA), ehr()):
        before = at(NOW, NOW + 1, actor)
        assert [version for _, version in before] == [1, 1]
        assert sorted(version for _, version in at(small.now, small.now + 1, actor)) == [1, 2]
        assert len(at(NOW, small.now + 1, actor)) == 3
        assert at(NOW - 2, NOW - 1, actor) == []
    small.erases(small.id_of("Patient/p"))
    assert len(at(NOW, small.now + 1, partner(APP, ST_ANNA))) == 1


# --- ends --------------------------------------------------------------------------------------------------


def test_an_erased_patients_plan_ends_with_a_tombstone(planned: Desk):
    plan = polls(planned)[shown(planned, "p")]
    planned.erases(planned.id_of("Patient/p"))
    found = changes(planned, since=planned.now)
    assert (ends(found), found[0].updated) == ([plan], planned.now)
    assert ends(changes(planned, since=planned.now, type_="Patient")) == [shown(planned, "p")]
    assert {s.id for s in changes(planned) if s.body} == {polls(planned)[shown(planned, "q")]}
    assert changes(planned, since=planned.now + 1) == []


def test_the_hospital_sees_what_was_erased_without_its_own_id(small: Desk):
    small.erases(small.id_of("Patient/p"))
    found = changes(small, ehr(), since=small.now, type_="Patient")
    assert [(s.body, s.version, len(s.id)) for s in found] == [(None, 0, 52)]
    with refusal(Kind.GONE):
        small.reads(f"Patient/{found[0].id}")
    assert "Patient/p" not in {f"{s.type}/{s.id}" for s in changes(small, ehr(), type_=None)}


def test_law_2_of_whom_a_partner_never_had_anything_it_learns_no_end(small: Desk):
    stranger = partner(OTHER_APP, ST_ANNA)
    small.erases(small.id_of("Patient/p"))
    assert changes(small, stranger, since=small.now) == []
    small.puts(consent("c", "Patient/q", deny(client(f"partner-{OTHER_APP}"))))
    assert changes(small, stranger) == []


def test_a_consent_that_denies_ends_the_plan_and_one_that_permits_brings_it_back(planned: Desk):
    plan = polls(planned)[shown(planned, "p")]
    planned.puts(consent("c", "Patient/p", deny(client(OWN))))
    found = changes(planned, since=planned.now)
    assert (told(found), ends(found)) == ([("CarePlan", "-", 0)], [plan])
    assert plan not in {s.id for s in changes(planned) if s.body}
    planned.now += HOUR
    assert changes(planned, since=planned.now) == []
    planned.puts(consent("c", "Patient/p", permit(client(OWN))))
    found = changes(planned, since=planned.now)
    assert [(s.id, s.version) for s in found if s.body] == [(plan, 1)]
    assert ends(changes(planned)) == []


def test_all_that_was_derived_ends_with_a_consent(small: Desk):
    derived = ("Goal", "CarePlan", "Patient")
    before = {(s.type, s.id) for s in changes(small, type_=None) if s.type in derived}
    asked = small.now
    for number, id_ in enumerate(("p", "q", "p")):
        small.now = asked + number
        small.puts(consent(f"c-{number}", f"Patient/{id_}", deny(client(OWN))))
    found = changes(small, since=asked, type_=None)
    assert not [s for s in found if s.body]
    assert before <= {(s.type, s.id) for s in found}
    assert len({(s.type, s.id) for s in found}) == len(found)
    during = changes(small, since=asked, type_=None, count=2)
    assert [(s.type, s.id) for s in during] == [(s.type, s.id) for s in found]


def test_a_grant_that_ended_ends_every_plan_that_was_had(planned: Desk):
    granted(planned, ST_ANNA, NOW, planned.now)
    planned.puts(*diabetic("later"))
    planned.now += HOUR
    planned.works()
    lost = partner(APP)
    found = changes(planned, lost, since=NOW)
    assert not [s for s in found if s.body]
    assert len(ends(found)) == 2
    assert {s.updated for s in found} == {planned.now - HOUR}
    assert changes(planned, lost, since=planned.now) == []
    assert len(changes(planned, lost, since=NOW, type_=None)) == 4, "plans and patients"
    assert changes(planned, replace(lost, client_id="another"), since=NOW) == []


def test_a_grant_that_begins_brings_all_that_there_was(small: Desk):
    small.puts(*diabetic("b"), actor=ehr(ST_BERTA))
    small.works()
    small.now += HOUR
    granted(small, ST_ANNA, NOW)
    granted(small, ST_BERTA, small.now)
    found = changes(small, partner(APP, ST_ANNA, ST_BERTA), since=small.now)
    assert told(found) == [("CarePlan", "+", 1)]


def test_a_plan_that_was_deleted_ends(small: Desk):
    plan = polls(small)[shown(small, "p")]
    own = small.vault.outside(ST_ANNA).show(
        "CarePlan", small.vault.derived_id(ST_ANNA, small.id_of("Patient/p"), *PLAN_NAME)
    )
    small.intake.delete(ehr(), "CarePlan", own)
    found = changes(small, since=small.now)
    assert (told(found), ends(found)) == ([("CarePlan", "-", 2)], [plan])
    assert plan not in {s.id for s in changes(small) if s.body}


def test_what_an_erasure_deletes_is_on_no_page_and_its_end_is(small: Desk):
    plan = polls(small)[shown(small, "p")]
    asked = Request(ST_ANNA, "p", "request of the patient", By("test"))
    erasing(small.vault, small.release, small.clock).erase(asked)
    assert ends(changes(small, since=small.now)) == [plan]
    every = changes(small, type_=None)
    assert set(ends(every)) == {plan, shown(small, "p")}
    hospital = changes(small, ehr(), type_=None)
    assert not [s for s in hospital if s.body and (s.id == "p" or "Patient/p" in str(s.body))]
    assert {s.type for s in hospital if s.body is None} >= {"Patient", "CarePlan", "Observation"}


def test_a_tombstone_of_what_no_partner_sees_is_told_to_nobody(small: Desk):
    row = {"tenant": ST_ANNA, "type": "CarePlan", "id": StoredId(b"x" * 16), "erased": small.now}
    with small.vault.database.write() as conn:
        conn.execute(insert(tombstone).values(**row))
    assert changes(small, since=small.now) == []


# --- what it leaves ----------------------------------------------------------------------------------------


def test_law_4_each_patient_on_a_page_is_named_and_each_log_knows(small: Desk):
    with small.leaves() as events:
        changes(small)
    told = [(e.kind, e.type, e.patient) for e in events if e.kind == "rest:history"]
    assert sorted(told) == sorted(
        ("rest:history", "CarePlan", small.id_of(f"Patient/{id_}")) for id_ in ("p", "q")
    )
    with small.leaves() as events:
        changes(small, since=small.now)
    assert [(e.kind, e.patient) for e in events] == [("rest:history", None)]


def test_the_answer_says_until_when_it_is_whole(small: Desk):
    page = Histories(small.release).page(partner(APP, ST_ANNA), Question("CarePlan"), None, 10)
    assert page.whole_until == small.now - SETTLED


def test_law_12_of_everything_nothing_is_told_without_any_scope(small: Desk):
    with refusal(Kind.FORBIDDEN):
        changes(small, replace(partner(APP, ST_ANNA), scopes=type(ehr().scopes)(())), type_=None)


def test_times_that_a_profile_hides_cannot_be_asked_by(small: Desk):
    with small.vault.database.write() as conn:
        values = {"consent": "opt-out", "profile": "partner-shifted", "created": 0, "revoked": None}
        conn.execute(insert(access_grant).values(client_id=OWN, tenant=ST_ANNA, **values))
    with refusal(Kind.INVALID):
        changes(small, since=NOW)
    assert {s.updated for s in changes(small)} != {NOW}
    with small.vault.database.write() as conn:
        conn.execute(update(access_grant).values(profile=None))
    assert len(changes(small, since=NOW)) == 2
