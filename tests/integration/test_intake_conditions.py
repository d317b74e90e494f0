"""Writes by criteria: what they mean by FHIR's table, and that many at once make one resource."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.intake import service
from gateway.intake.entries import Entry, canonical
from gateway.intake.patches import of_json
from gateway.refusal import Kind, Refused
from gateway.stored import Stored
from tests.desk import ST_BERTA, Desk, ehr, entry, patient, refusal
from tests.integration.test_intake_conflicts import at_once

MRN = "identifier=urn:mrn|7"
WRITERS = 4


def known(id_: str | None = None, mrn: str = "7", **more: Any) -> dict[str, Any]:
    body = {"resourceType": "Patient", "identifier": [{"system": "urn:mrn", "value": mrn}], **more}
    return body if id_ is None else {**body, "id": id_}


def writes(
    desk: Desk, method: str, body: dict[str, Any] | None = None, query: str = MRN, **more: Any
) -> Stored:
    return desk.intake.single(ehr(), Entry("", method, "Patient", resource=body, query=query, **more))


# --- FHIR's table ----------------------------------------------------------------------------------------


def test_what_matches_nothing_is_created(small_desk: Desk):
    stored = writes(small_desk, "PUT", known())
    assert (stored.created, stored.version) == (True, 1)
    assert small_desk.reads(f"Patient/{stored.id}")["identifier"]


def test_what_matches_nothing_is_created_under_the_senders_id(small_desk: Desk):
    stored = writes(small_desk, "PUT", known("ann"))
    assert (stored.id, stored.created) == ("ann", True)


def test_an_id_that_is_anothers_is_not_taken(small_desk: Desk):
    small_desk.puts(patient("ann"))
    with refusal(Kind.CONFLICT, "duplicate"):
        writes(small_desk, "PUT", known("ann"))
    assert small_desk.reads("Patient/ann") == patient("ann")
    small_desk.intake.delete(ehr(), "Patient", "ann")
    assert writes(small_desk, "PUT", known("ann")).version == 3


@pytest.mark.parametrize("body", [known(gender="other"), known("ann", gender="other")])
def test_what_matches_one_is_updated(small_desk: Desk, body: dict[str, Any]):
    small_desk.puts(known("ann"))
    stored = writes(small_desk, "PUT", body)
    assert (stored.id, stored.version, stored.created) == ("ann", 2, False)
    assert small_desk.reads("Patient/ann")["gender"] == "other"


def test_another_id_than_the_one_that_matches_is_refused(small_desk: Desk):
    small_desk.puts(known("ann"))
    with pytest.raises(Refused) as caught:
        writes(small_desk, "PUT", known("bob"))
    assert (caught.value.kind, caught.value.issues[0].expression) == (Kind.INVALID, "Patient.id")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_several_that_match_are_412_and_stay(small_desk: Desk, method: str):
    small_desk.puts(known("ann"), known("bob"))
    more = {"PUT": {"body": known()}, "PATCH": {"change": of_json([])}, "DELETE": {}}[method]
    with refusal(Kind.PRECONDITION, "multiple-matches"):
        writes(small_desk, method, **more)
    assert len(small_desk.searches("Patient")) == 2


def test_a_patch_needs_something_that_matches(small_desk: Desk):
    change = of_json([{"op": "add", "path": "/gender", "value": "other"}])
    with small_desk.leaves() as events, refusal(Kind.NOT_FOUND):
        writes(small_desk, "PATCH", change=change)
    assert [(e.kind, e.status) for e in events] == [("rest:patch", 404)]
    small_desk.puts(known("ann"))
    assert writes(small_desk, "PATCH", change=change).version == 2


def test_one_that_matches_is_deleted_and_none_is_as_if_it_had_been(small_desk: Desk):
    small_desk.puts(known("ann"), known("bob", "8"))
    assert writes(small_desk, "DELETE").version == 2
    assert writes(small_desk, "DELETE").version == 0
    assert [one["id"] for one in small_desk.searches("Patient")] == ["bob"]


def test_what_others_have_matches_nothing(small_desk: Desk):
    small_desk.puts(known("ann"), actor=ehr(ST_BERTA))
    assert writes(small_desk, "PUT", known()).created


def test_a_version_that_moved_is_412_by_criteria_too(small_desk: Desk):
    small_desk.puts(known("ann"), known("ann", gender="other"))
    with refusal(Kind.PRECONDITION, "conflict"):
        writes(small_desk, "PUT", known(), if_match=1)


# --- the order of a transaction --------------------------------------------------------------------------


def test_what_a_transaction_deletes_matches_nothing_in_it(small_desk: Desk):
    small_desk.puts(known("ann"))
    made, gone = small_desk.submits(
        entry("POST", "Patient", known(), ifNoneExist=MRN), entry("DELETE", "Patient/ann")
    )
    assert (made["response"]["status"], gone["response"]["status"]) == ("201 Created", "204 No Content")
    (found,) = small_desk.searches("Patient")
    assert found["id"] != "ann"


def test_what_a_transaction_deletes_by_criteria_matches_nothing_in_it(small_desk: Desk):
    small_desk.puts(known("ann"))
    made, _ = small_desk.submits(
        entry("PUT", f"Patient?{MRN}", known("bob")), entry("DELETE", f"Patient?{MRN}")
    )
    assert made["response"]["status"] == "201 Created"
    assert [one["id"] for one in small_desk.searches("Patient")] == ["bob"]


def test_answers_stand_in_the_order_of_the_request(small_desk: Desk):
    small_desk.puts(patient("old"), patient("read"))
    told = small_desk.submits(
        entry("GET", "Patient/read"),
        entry("PUT", "Patient/put", patient("put")),
        entry("POST", "Patient", patient("x")),
        entry("DELETE", "Patient/old"),
    )
    assert [one["response"]["status"][:3] for one in told] == ["200", "201", "201", "204"]
    assert told[0]["resource"]["id"] == "read"


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_two_entries_of_one_criteria_are_refused(small_desk: Desk, method: str):
    def one(query: str) -> dict[str, Any]:
        if method == "PUT":
            return entry("PUT", f"Patient?{query}", known())
        return entry("POST", "Patient", known(), ifNoneExist=query)

    with refusal(Kind.INVALID, "duplicate"):
        small_desk.submits(one(f"gender=other&{MRN}"), one(f"{MRN}&gender=other"))
    assert small_desk.searches("Patient") == []


def test_the_same_criteria_are_the_same_in_any_order():
    assert canonical("a=1&b=2") == canonical("Patient?b=2&a=1") == canonical("b=%32&a=1")
    assert canonical("a=1") != canonical("a=2")


# --- many at once ----------------------------------------------------------------------------------------


@pytest.fixture
def patiently(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "TRIES", 50)


def test_law_6_conditional_creates_at_once_make_one(desk: Desk, patiently: None):
    told = at_once(WRITERS, lambda _: desk.intake.create(ehr(), "Patient", known(), MRN))
    assert len({stored.id for stored in told}) == 1
    assert [stored.created for stored in told].count(True) == 1
    assert len(desk.searches("Patient")) == 1


def test_law_6_conditional_updates_at_once_make_one(desk: Desk, patiently: None):
    told = at_once(WRITERS, lambda n: writes(desk, "PUT", known(birthDate=f"196{n}-01-01")))
    assert len({stored.id for stored in told}) == 1
    assert sorted(stored.version for stored in told) == list(range(1, WRITERS + 1))
    assert len(desk.searches("Patient")) == 1


def test_law_6_creates_and_updates_of_one_criteria_at_once_make_one(desk: Desk, patiently: None):
    def one(number: int) -> Stored:
        if number % 2:
            return writes(desk, "PUT", known(birthDate="1961-01-01"))
        return desk.intake.create(ehr(), "Patient", known(), MRN)

    told = at_once(WRITERS, one)
    assert len({stored.id for stored in told}) == 1
    assert len(desk.searches("Patient")) == 1


def test_law_6_transactions_with_one_criteria_at_once_make_one(desk: Desk, patiently: None):
    def submits(number: int) -> None:
        desk.submits(
            entry("PUT", f"Patient/other-{number}", patient(f"other-{number}")),
            entry("POST", "Patient", known(), ifNoneExist=MRN),
        )

    assert at_once(WRITERS, submits) == [None] * WRITERS
    assert len(desk.searches("Patient")) == WRITERS + 1


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_one_that_came_between_search_and_commit_is_found(
    small_desk: Desk, monkeypatch: pytest.MonkeyPatch, method: str
):
    real, first = service.commit, []

    def commit(*arguments: Any) -> None:
        if not first:
            first.append(None)
            first[0] = small_desk.intake.create(ehr(), "Patient", known(gender="male"), MRN)
        real(*arguments)

    monkeypatch.setattr(service, "commit", commit)
    if method == "PUT":
        stored = writes(small_desk, "PUT", known(gender="female"))
        assert stored.version == 2
    else:
        stored = small_desk.intake.create(ehr(), "Patient", known(), MRN)
        assert not stored.created
    assert stored.id == first[0].id


def test_other_writes_do_not_make_a_conditional_one_start_again(
    small_desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    real, begun = service.commit, []

    def commit(*arguments: Any) -> None:
        begun.append(1)
        if len(begun) == 1:
            small_desk.intake.create(ehr(), "Patient", known(mrn="8"), "identifier=urn:mrn|8")
        real(*arguments)

    monkeypatch.setattr(service, "commit", commit)
    assert small_desk.intake.create(ehr(), "Patient", known(), MRN).created
    assert len(begun) == 2, "the other's, and its own"
