"""The use case: who may write, in which order the steps stand, and what a batch does with each entry."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from gateway.custody.errors import Conflict
from gateway.intake import service
from gateway.refusal import Kind, Refused
from gateway.stored import Repeat
from mappers import lossless
from tests.desk import (
    TRAIL,
    Desk,
    bundle,
    ehr,
    entry,
    observation,
    officer,
    partner,
    patient,
    put,
    refusal,
)


@pytest.fixture
def desk(small_desk: Desk) -> Desk:
    return small_desk


@pytest.mark.parametrize("who", [partner(scope="system/*.cruds"), officer()], ids=lambda who: who.role.value)
def test_law_12_only_an_ehr_writes(desk: Desk, who: Any):
    with refusal(Kind.FORBIDDEN):
        desk.intake.update(who, "Patient", "mrn-1", patient("mrn-1"))
    assert desk.head("Patient/mrn-1") is None


def test_rights_are_asked_before_the_form_so_that_nobody_learns_by_trying(desk: Desk):
    with refusal(Kind.FORBIDDEN):
        desk.intake.update(ehr(scope="system/*.r"), "Patient", "mrn-1", patient("mrn-1", gender="x"))


@pytest.mark.parametrize(
    ("type_", "id_"), [("Observation", "mrn-1"), ("Patient", "mrn-2")], ids=["type", "id"]
)
def test_an_update_says_twice_what_it_is_of(desk: Desk, type_: str, id_: str):
    with refusal(Kind.INVALID, "value"):
        desk.intake.update(ehr(), type_, id_, patient("mrn-1"))


def test_the_server_gives_the_id_of_a_create_and_keeps_the_rest(desk: Desk):
    made = desk.intake.create(ehr(), "Patient", patient("the-senders"))
    assert made.created
    assert made.id != "the-senders"
    assert lossless.same(desk.reads(f"Patient/{made.id}"), {**patient("x"), "id": made.id})


def _losing(monkeypatch: pytest.MonkeyPatch, times: int) -> list[int]:
    """As if another writer were first, so many times."""
    real, tried = service.commit, []

    def commit(*arguments: Any) -> None:
        tried.append(1)
        if len(tried) <= times:
            raise Conflict
        real(*arguments)

    monkeypatch.setattr(service, "commit", commit)
    return tried


def test_a_writer_that_was_slower_starts_again_from_what_stands(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    tried = _losing(monkeypatch, service.TRIES - 1)
    desk.puts(patient("mrn-1"))
    assert len(tried) == service.TRIES
    assert desk.reads("Patient/mrn-1") == patient("mrn-1")


def test_one_that_is_always_slower_is_told_to_come_again(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    _losing(monkeypatch, 99)
    with pytest.raises(Refused) as caught:
        desk.puts(patient("mrn-1"))
    assert caught.value.kind is Kind.CONFLICT
    assert caught.value.retry_after == 1


def test_law_11_an_id_that_the_server_gave_stays_over_all_tries(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    _losing(monkeypatch, 2)
    made = desk.intake.create(ehr(), "Patient", patient("x"))
    assert [p["id"] for p in desk.searches("Patient")] == [made.id]


# --- transactions ----------------------------------------------------------------------------------------


def test_entries_are_answered_in_their_own_order_whatever_is_done_first(desk: Desk):
    desk.puts(patient("old"))
    told = desk.submits(
        entry("GET", "Patient/new"),
        put(patient("new")),
        entry("POST", "Patient", patient("x")),
        entry("DELETE", "Patient/old"),
    )
    assert [one["response"]["status"][:3] for one in told] == ["200", "201", "201", "204"]


def test_an_empty_transaction_is_no_error_and_leaves_nothing(desk: Desk):
    before = desk.counts()
    answer = desk.intake.transaction(ehr(), {"resourceType": "Bundle", "type": "transaction"})
    assert lossless.loads(answer.body) == {"resourceType": "Bundle", "type": "transaction-response"}
    assert desk.counts() == before


@pytest.mark.parametrize(
    "wrong",
    [
        put(patient("mrn-2", gender="x")),
        put(patient("mrn-1")),
        put(patient("mrn-2"), ifMatch='W/"7"'),
        entry("POST", "Observation", observation("o", "urn:uuid:00000000-0000-4000-8000-000000000009")),
        entry("POST", "Observation", observation("o", "Patient?identifier=9")),
        entry("GET", "Patient/nobody"),
        entry("PUT", "Spaceship/1", {"resourceType": "Spaceship", "id": "1"}),
    ],
    ids=["invalid", "twin", "if-match", "urn", "criteria", "missing", "type"],
)
def test_law_4_one_entry_that_is_refused_ends_the_transaction(desk: Desk, wrong: dict[str, Any]):
    before = desk.counts(*TRAIL)
    with pytest.raises(Refused):
        desk.submits(put(patient("mrn-1")), wrong)
    assert desk.counts(*TRAIL) == before


# --- batches ---------------------------------------------------------------------------------------------


def batch(desk: Desk, *entries: dict[str, Any], scope: str = "system/*.cruds") -> list[Any]:
    body = desk.intake.batch(ehr(scope=scope), bundle(*entries, kind="batch")).body
    return list(lossless.loads(body).get("entry", ()))


REFUSED = {
    "400": put(patient("mrn-2", gender="x")),
    "403": put(observation("o1", "Patient/mrn-1")),
    "404": entry("GET", "Patient/nobody"),
    "412": put(patient("mrn-1"), ifMatch='W/"7"'),
    "422": entry("HEAD", "Patient/mrn-1"),
}


def test_a_batch_does_what_it_can_and_says_of_the_rest_why_not(desk: Desk):
    entries = [put(patient("mrn-1")), *REFUSED.values(), put(patient("mrn-9"))]
    told = batch(desk, *entries, scope="system/Patient.cruds")
    assert [one["response"]["status"][:3] for one in told] == ["201", *REFUSED, "201"]
    for one in told[1:-1]:
        assert one["response"]["outcome"]["issue"][0]["details"]["text"]
    assert {p["id"] for p in desk.searches("Patient")} == {"mrn-1", "mrn-9"}


@pytest.mark.parametrize("status", sorted(REFUSED))
def test_law_4_a_refused_entry_of_a_batch_is_in_the_trail_once(desk: Desk, status: str):
    with desk.leaves() as events:
        batch(desk, REFUSED[status], scope="system/Patient.cruds")
    (event,) = events
    assert (event.status, event.outcome) == (int(status), "4")
    assert (event.id, event.digest) == (None, None)


def test_entries_of_a_batch_do_not_see_each_others_names(desk: Desk):
    urn = "urn:uuid:00000000-0000-4000-8000-000000000001"
    first, second = batch(
        desk,
        entry("POST", "Patient", patient("x"), full_url=urn),
        entry("POST", "Observation", observation("o", urn)),
    )
    assert first["response"]["status"] == "201 Created"
    assert second["response"]["status"].startswith("422")


def test_twins_in_a_batch_are_two_versions(desk: Desk):
    told = batch(desk, put(patient("mrn-1")), put(patient("mrn-1", gender="other")))
    assert [one["response"]["etag"] for one in told] == ['W/"1"', 'W/"2"']


def test_law_6_a_batch_under_a_key_is_answered_again_and_not_done_again(desk: Desk):
    sent = bundle(entry("POST", "Patient", patient("x")), REFUSED["404"], kind="batch")
    repeat = Repeat("key-1", sha256(b"the same body").digest())
    first, second = (desk.intake.batch(ehr(), sent, repeat) for _ in range(2))
    assert first == second
    assert len(desk.searches("Patient")) == 1


def test_an_erased_patients_entry_is_410_and_others_go_on(desk: Desk):
    desk.puts(patient("mrn-1"))
    desk.erases(desk.id_of("Patient/mrn-1"))
    with desk.leaves() as events:
        told = batch(desk, put(patient("mrn-1")), put(patient("mrn-2")), entry("GET", "Patient/mrn-1"))
    assert [one["response"]["status"][:3] for one in told] == ["410", "201", "410"]
    assert [(event.kind, event.status) for event in events] == [
        ("rest:update", 410),
        ("rest:create", 201),
        ("rest:read", 410),
    ]
