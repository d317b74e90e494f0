"""A scope with a filter: what does not pass was never there, in whatever way it is asked for or written."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from gateway.auth.actor import Actor
from gateway.custody.ids import Tenant
from gateway.intake import patches
from gateway.intake.entries import Entry
from gateway.refusal import Kind, Refused
from gateway.release.everything import Everything
from gateway.release.histories import Histories, Question
from gateway.release.patient_walk import Wanted
from gateway.stored import Stored
from tests.desk import APP, ST_ANNA, Desk, bundle, ehr, entry, observation, partner, patient, put, refusal

CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
LABORATORY = f"category={CATEGORY}|laboratory"
ADA = "Patient/ada"


def of(category: str, id_: str, **more: Any) -> dict[str, Any]:
    """An observation of one category."""
    coding = [{"system": CATEGORY, "code": category}]
    return observation(id_, ADA, category=[{"coding": coding}], **more)


def reader(scope: str = f"system/Patient.rs system/Observation.rs?{LABORATORY}") -> Actor:
    return ehr(scope=scope)


def writer(letters: str = "cruds") -> Actor:
    return ehr(scope=f"system/Patient.rs system/Observation.{letters}?{LABORATORY}")


@pytest.fixture
def ward(desk: Desk) -> Desk:
    """Two values of each kind; one that was a laboratory value and is none any more."""
    desk.puts(patient("ada"), of("laboratory", "moved"))
    desk.puts(of("laboratory", "l1"), of("vital-signs", "v1"), of("laboratory", "l2"), of("survey", "s1"))
    desk.puts(of("survey", "moved"))
    return desk


def ids(found: list[dict[str, Any]]) -> list[str]:
    return sorted(str(one["id"]) for one in found)


def gone(desk: Desk, act: Callable[[], object]) -> None:
    """Refused as what is not there is, and nothing of the data has changed."""
    before = desk.counts("audit_event", "audit_head")
    with refusal(Kind.NOT_FOUND, "not-found"):
        act()
    assert desk.counts("audit_event", "audit_head") == before


# --- reading ----------------------------------------------------------------------------------------------


def test_a_read_finds_what_passes(ward: Desk):
    assert ward.reads("Observation/l1", reader())["id"] == "l1"
    for name in ("v1", "moved", "moved/_history/2", "nobody"):
        with refusal(Kind.NOT_FOUND, "not-found"):
            ward.reads(f"Observation/{name}", reader())
    assert ward.reads("Observation/moved/_history/1", reader())["id"] == "moved"


def test_a_deletion_is_told_of_what_passed_until_then(ward: Desk):
    for name in ("l1", "v1"):
        ward.intake.delete(ehr(), "Observation", name)
        with refusal(Kind.NOT_FOUND, "not-found"):
            ward.reads(f"Observation/{name}", reader())
    told = ward.release.history(reader(), "Observation", "l1")
    assert [(one.version, one.body is None) for one in told] == [(2, True), (1, False)]
    with refusal(Kind.NOT_FOUND, "not-found"):
        ward.release.history(reader(), "Observation", "v1")


def test_each_entry_of_a_history_passes_by_itself(ward: Desk):
    assert [one.version for one in ward.release.history(reader(), "Observation", "moved")] == [1]
    assert [one.version for one in ward.release.history(ehr(), "Observation", "moved")] == [2, 1]


@pytest.mark.parametrize("type_", ["Observation", None])
def test_a_history_of_a_type_tells_what_passes(ward: Desk, type_: str | None):
    ward.intake.delete(ehr(), "Observation", "l2")
    ward.intake.delete(ehr(), "Observation", "v1")
    page = Histories(ward.release).page(reader(), Question(type_), None, 50)
    told = [(one.id, one.version) for one in page.entries if one.type == "Observation"]
    assert sorted(told) == [("l1", 1), ("l2", 1), ("l2", 2), ("moved", 1)]


FOUND = (
    ("Observation", ["l1", "l2"]),
    ("Observation?code=4548-4", ["l1", "l2"]),
    ("Observation?category=survey", []),
    ("Observation?category=survey,laboratory", ["l1", "l2"]),
    ("Observation?category:not=laboratory", []),
    ("Observation?_id=l1,v1", ["l1"]),
    ("Observation?_sort=_id", ["l1", "l2"]),
    ("Observation?_sort=_lastUpdated", ["l1", "l2"]),
    ("Patient?_has:Observation:subject:category=survey", []),
    ("Patient?_has:Observation:subject:category=laboratory", ["ada"]),
    ("Patient?_has:Observation:subject:_id=v1", []),
)


def test_a_search_finds_what_passes(ward: Desk):
    for query, found in FOUND:
        assert ids(ward.searches(query, reader())) == found, query
        assert ids(ward.searches(query, reader(), count=1)) == found, query


def test_totals_count_what_passes(ward: Desk):
    queries = ([], [("code", "4548-4")], [("category", "survey")])
    for query, total in product(queries, ("accurate", "estimate", "none")):
        own = [("_total", total), *query]
        whole = 0 if query and query[0][0] == "category" else 2
        may_say = {"accurate": (whole,), "estimate": (None, whole), "none": (None, whole)}[total]
        for count in (1, 0):
            page = ward.release.search(reader(), "Observation", own, None, count)
            assert page.total in may_say, (own, count)


def test_what_comes_along_passes_too(ward: Desk):
    ward.puts(observation("sum", ADA, hasMember=[{"reference": f"Observation/{n}"} for n in ("l1", "v1")]))
    page = ward.release.search(
        ehr(scope=f"system/Observation.s system/Observation.r?{LABORATORY}"),
        "Observation",
        [("_id", "sum"), ("_include", "Observation:has-member")],
        None,
        10,
    )
    assert [one.id for one in page.included] == ["l1"]
    assert page.notes, "that something may be left out is said"
    back = ward.release.search(reader(), "Patient", [("_revinclude", "Observation:subject")], None, 10)
    assert sorted(one.id for one in back.included) == ["l1", "l2"]


def test_everything_of_a_patient_is_what_passes(ward: Desk):
    answer = Everything(ward.release).page(reader(), "ada", Wanted(), None, 50)
    assert sorted(one.id for one in answer.own) == ["ada", "l1", "l2"]
    assert answer.narrowed
    with refusal(Kind.NOT_FOUND, "not-found"):
        Everything(ward.release).page(ehr(scope="system/Patient.r?gender=male"), "ada", Wanted(), None, 50)


def test_what_hidden_resources_point_at_does_not_come_along(ward: Desk):
    doctor = {"resourceType": "Practitioner", "id": "d1"}
    ward.puts(doctor, of("survey", "s2", performer=[{"reference": "Practitioner/d1"}]))
    scope = f"system/Patient.r system/Practitioner.r system/Observation.r?{LABORATORY}"
    answer = Everything(ward.release).page(ehr(scope=scope), "ada", Wanted(), None, 50)
    assert answer.pointed_at == ()
    ward.puts(of("laboratory", "l3", performer=[{"reference": "Practitioner/d1"}]))
    answer = Everything(ward.release).page(ehr(scope=scope), "ada", Wanted(), None, 50)
    assert [one.id for one in answer.pointed_at] == ["d1"]


def test_several_scopes_are_a_union(ward: Desk):
    both = reader(f"system/Observation.rs?{LABORATORY} system/Observation.rs?category=survey")
    assert ids(ward.searches("Observation", both)) == ["l1", "l2", "moved", "s1"]
    none = reader(f"system/Observation.rs?{LABORATORY}&status=cancelled")
    assert ids(ward.searches("Observation", none)) == []
    # Of each only one term narrows the rows: the opened resource decides.
    pairs = reader(
        f"system/Patient.s system/Observation.rs?{LABORATORY}&status=final"
        " system/Observation.rs?category=survey&status=cancelled"
    )
    assert ids(ward.searches("Observation", pairs)) == ["l1", "l2"]
    assert ids(ward.searches("Patient?_has:Observation:subject:category=survey", pairs)) == []
    wide = reader(f"system/Observation.rs?{LABORATORY} system/*.r")
    assert ward.reads("Observation/v1", wide)["id"] == "v1"
    assert ids(ward.searches("Observation", wide)) == ["l1", "l2"]


def test_who_was_erased_is_not_told_of(ward: Desk):
    ward.erases(ward.id_of(ADA))
    with refusal(Kind.NOT_FOUND, "not-found"):
        ward.reads(ADA, ehr(scope="system/Patient.r?gender=female"))
    with refusal(Kind.GONE, "deleted"):
        ward.reads(ADA)


# --- writing ----------------------------------------------------------------------------------------------


def replaced(path: str, value: Any) -> Entry:
    change = patches.of_json([{"op": "replace", "path": path, "value": value}])
    return Entry("", "PATCH", "Observation", None, change=change)


def test_what_is_written_passes_before_and_after(ward: Desk):
    ward.puts(of("laboratory", "new"), of("laboratory", "l1", status="amended"), actor=writer())
    for resource in (of("survey", "other"), of("survey", "l1"), of("laboratory", "v1")):
        with refusal(Kind.FORBIDDEN, "forbidden"):
            ward.puts(resource, actor=writer())
    assert ward.reads("Observation/v1") == of("vital-signs", "v1")


def test_a_create_passes(ward: Desk):
    made = ward.intake.create(writer("c"), "Observation", of("laboratory", "x"))
    assert made.created
    with refusal(Kind.FORBIDDEN, "forbidden"):
        ward.intake.create(writer("c"), "Observation", of("survey", "x"))


def patched(desk: Desk, id_: str, change: Entry, actor: Actor) -> Stored:
    return desk.intake.single(actor, Entry("", "PATCH", "Observation", id_, change=change.change))


def test_a_patch_is_not_even_tried_on_what_does_not_pass(ward: Desk):
    assert patched(ward, "l1", replaced("/status", "amended"), writer()).version == 2
    with refusal(Kind.FORBIDDEN, "forbidden"):
        patched(ward, "l1", replaced("/category/0/coding/0/code", "survey"), writer())
    probe = Entry(
        "", "PATCH", "Observation", change=patches.of_json([{"op": "test", "path": "/x", "value": 1}])
    )
    for name in ("v1", "nobody"):
        gone(ward, lambda name=name: patched(ward, name, replaced("/status", "amended"), writer()))
        gone(ward, lambda name=name: patched(ward, name, probe, writer()))
    with refusal(Kind.FORBIDDEN, "forbidden"):
        scope = f"system/Observation.r system/Observation.u?{LABORATORY}"
        patched(ward, "v1", replaced("/status", "amended"), ehr(scope=scope))


def test_a_deletion_needs_what_is_there_to_pass(ward: Desk):
    for name in ("v1", "nobody"):
        gone(ward, lambda name=name: ward.intake.delete(writer(), "Observation", name))
    assert ward.intake.delete(writer(), "Observation", "l1").version == 2
    gone(ward, lambda: ward.intake.delete(writer(), "Observation", "l1"))
    with refusal(Kind.FORBIDDEN, "forbidden"):
        scope = f"system/Observation.r system/Observation.d?{LABORATORY}"
        ward.intake.delete(ehr(scope=scope), "Observation", "v1")


@pytest.mark.parametrize("name", ["v1", "nobody"])
def test_a_version_that_is_asked_for_tells_nothing(ward: Desk, name: str):
    with refusal(Kind.PRECONDITION, "conflict"):
        ward.intake.update(writer(), "Observation", name, of("laboratory", name), if_match=1)
    with refusal(Kind.PRECONDITION, "conflict"):
        ward.intake.delete(writer(), "Observation", name, if_match=1)


def test_criteria_find_what_passes(ward: Desk):
    found = ward.intake.create(writer(), "Observation", of("laboratory", "x"), "_id=l1")
    assert (found.id, found.created) == ("l1", False)
    made = ward.intake.create(writer(), "Observation", of("laboratory", "x"), "_id=v1")
    assert made.created
    assert ward.intake.single(writer(), Entry("", "DELETE", "Observation", query="_id=v1")).version == 0
    assert ward.head("Observation/v1") is not None
    gone(
        ward,
        lambda: ward.intake.single(
            writer("u"),
            Entry("", "PATCH", "Observation", query="_id=v1", change=replaced("/status", "final").change),
        ),
    )


def test_a_conditional_reference_finds_what_passes(ward: Desk):
    def summary(target: str) -> dict[str, Any]:
        return bundle(put(of("laboratory", "sum", hasMember=[{"reference": f"Observation?_id={target}"}])))

    with refusal(Kind.UNPROCESSABLE, "not-found"):
        ward.intake.transaction(writer(), summary("v1"))
    assert ward.intake.transaction(writer(), summary("l1")).status == 200


def test_a_bundle_holds_each_entry_to_the_filter(ward: Desk):
    good, bad = put(of("laboratory", "b1")), put(of("survey", "b2"))
    with pytest.raises(Refused) as caught:
        ward.intake.transaction(writer(), bundle(good, bad))
    assert caught.value.kind is Kind.FORBIDDEN
    assert caught.value.issues[0].expression == "Bundle.entry[1]"
    assert ward.head("Observation/b1") is None
    with refusal(Kind.NOT_FOUND, "not-found"):
        ward.intake.transaction(writer(), bundle(entry("GET", "Observation/v1")))
    answer = ward.intake.batch(writer(), bundle(good, bad, entry("GET", "Observation/v1"), kind="batch"))
    for status in (b"201 Created", b"403 Forbidden", b"404 Not Found"):
        assert status in answer.body


def test_what_a_bundle_writes_is_read_in_it_only_by_who_may(ward: Desk):
    scope = f"system/Observation.cu system/Observation.r?{LABORATORY}"
    sent = bundle(put(of("survey", "s9")), entry("GET", "Observation/s9"))
    gone(ward, lambda: ward.intake.transaction(ehr(scope=scope), sent))


# --- partners ---------------------------------------------------------------------------------------------


def test_a_partner_sees_of_plans_what_passes(planned: Desk):
    def seen(scope: str) -> list[str]:
        return [
            str(plan["status"]) for plan in planned.searches("CarePlan", partner(APP, ST_ANNA, scope=scope))
        ]

    assert seen("system/CarePlan.rs") == ["draft"]
    assert seen("system/CarePlan.rs?status=draft") == ["draft"]
    assert seen("system/CarePlan.rs?status=active") == []


def test_a_partner_reads_and_follows_what_passes(planned: Desk):
    (plan,) = planned.searches("CarePlan", partner(APP, ST_ANNA))
    for status, count in (("draft", 1), ("active", 0)):
        who = partner(APP, ST_ANNA, scope=f"system/CarePlan.rs?status={status}")
        page = Histories(planned.release).page(who, Question("CarePlan"), None, 50)
        assert len(page.entries) == count
        if count:
            assert planned.reads(f"CarePlan/{plan['id']}", who) == plan
        else:
            with refusal(Kind.NOT_FOUND, "not-found"):
                planned.reads(f"CarePlan/{plan['id']}", who)


@pytest.fixture
def planned(desk: Desk) -> Desk:
    """One patient with a plan."""
    desk.puts(patient("ada"), of("laboratory", "l1"))
    desk.works()
    return desk


def test_another_tenant_is_as_far_away_as_ever(ward: Desk):
    with refusal(Kind.NOT_FOUND, "not-found"):
        ward.reads("Observation/l1", ehr(Tenant(4), f"system/Observation.rs?{LABORATORY}"))
