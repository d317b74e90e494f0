"""Many writers at once: none is lost, none is done twice, and who named a version wins only on that one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any

import pytest

from gateway.custody import verify
from gateway.custody.ids import TENANT_SHIFT
from gateway.custody.tables import idempotency, version
from gateway.intake import service
from gateway.refusal import Kind, Refused
from gateway.stored import Answer, Repeat, Stored
from tests.desk import Desk, bundle, ehr, entry, observation, patient, put

WRITERS = 5


@pytest.fixture
def patiently(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many writers of one resource need more tries than a server should spend."""
    monkeypatch.setattr(service, "TRIES", 50)


def at_once(count: int, deed: Callable[[int], Any]) -> list[Any]:
    """So many do it at the same time; what each came to, refusals too."""

    def tried(number: int) -> Any:
        try:
            return deed(number)
        except Refused as refusal:
            return refusal

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(tried, range(count)))


def test_law_6_updates_of_one_resource_at_once_are_all_versions(desk: Desk, patiently: None):
    def writes(number: int) -> Stored:
        body = patient("mrn-1", birthDate=f"19{10 + number}-01-01")
        return desk.intake.update(ehr(), "Patient", "mrn-1", body)

    made = at_once(WRITERS, writes)
    assert sorted(stored.version for stored in made) == list(range(1, WRITERS + 1))
    history = desk.release.history(ehr(), "Patient", "mrn-1")
    assert [stored.version for stored in history] == list(range(WRITERS, 0, -1))
    assert {stored.body["birthDate"] for stored in history if stored.body} == {
        f"19{10 + number}-01-01" for number in range(WRITERS)
    }
    for stored in made:
        told = desk.release.read(ehr(), "Patient", "mrn-1", stored.version)
        assert told.body == stored.body, "each was told the version that is its own"


def test_if_match_lets_one_of_many_through(desk: Desk):
    desk.puts(patient("mrn-1"))

    def writes(number: int) -> Stored:
        body = patient("mrn-1", birthDate=f"19{10 + number}-01-01")
        return desk.intake.update(ehr(), "Patient", "mrn-1", body, if_match=1)

    told = at_once(WRITERS, writes)
    (winner,) = (one for one in told if isinstance(one, Stored))
    assert {one.kind for one in told if isinstance(one, Refused)} == {Kind.PRECONDITION}
    assert desk.reads("Patient/mrn-1") == winner.body
    assert len(desk.release.history(ehr(), "Patient", "mrn-1")) == 2


def test_bundles_that_touch_the_same_in_other_orders_do_not_wait_in_a_circle(desk: Desk, patiently: None):
    names = ["mrn-1", "mrn-2", "mrn-3", "mrn-4"]

    def writes(number: int) -> None:
        order = names[number % 4 :] + names[: number % 4]
        desk.submits(*[put(patient(name, birthDate=f"19{10 + number}-01-01")) for name in order])

    assert at_once(WRITERS, writes) == [None] * WRITERS
    for name in names:
        assert len(desk.release.history(ehr(), "Patient", name)) == WRITERS


def test_write_numbers_have_no_gap_and_no_twin(desk: Desk, patiently: None):
    at_once(WRITERS, lambda number: desk.puts(patient("mrn-1", birthDate=f"19{10 + number}-01-01")))
    at_once(WRITERS, lambda number: desk.puts(patient(f"mrn-{number}")))
    numbers = sorted(row.write_no & ((1 << TENANT_SHIFT) - 1) for row in desk.rows(version))
    assert numbers == list(range(1, len(numbers) + 1))
    with desk.vault.database.read() as conn:
        assert verify.verify(conn, {}).ok


def test_a_head_that_moves_between_reading_and_writing_costs_a_second_try(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    desk.puts(patient("mrn-1"))
    real, moved = service.commit, []

    def commit(*arguments: Any) -> None:
        if not moved:
            moved.append(1)
            desk.puts(patient("mrn-1", gender="unknown"))
        real(*arguments)

    monkeypatch.setattr(service, "commit", commit)
    stored = desk.intake.update(ehr(), "Patient", "mrn-1", patient("mrn-1", gender="other"))
    assert stored.version == 3
    assert desk.reads("Patient/mrn-1/_history/2")["gender"] == "unknown"


def test_a_head_that_moves_to_the_same_content_leaves_nothing_to_write(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    desk.puts(patient("mrn-1"))
    real, moved = service.commit, []

    def commit(*arguments: Any) -> None:
        if not moved:
            moved.append(1)
            desk.puts(patient("mrn-1", gender="other"))
        real(*arguments)

    monkeypatch.setattr(service, "commit", commit)
    assert desk.intake.update(ehr(), "Patient", "mrn-1", patient("mrn-1", gender="other")).version == 2


def test_a_delete_and_an_update_at_once_leave_one_order(desk: Desk, patiently: None):
    desk.puts(patient("mrn-1"))
    at_once(
        2,
        lambda number: (
            desk.intake.delete(ehr(), "Patient", "mrn-1")
            if number
            else desk.intake.update(ehr(), "Patient", "mrn-1", patient("mrn-1", gender="other"))
        ),
    )
    history = desk.release.history(ehr(), "Patient", "mrn-1")
    assert [stored.version for stored in history] == [3, 2, 1]
    assert [stored.body is None for stored in history].count(True) == 1


# --- the same request at once ----------------------------------------------------------------------------


REPEAT = Repeat("key-1", sha256(b"the same body").digest())


def admission() -> dict[str, Any]:
    urn = "urn:uuid:00000000-0000-4000-8000-000000000001"
    return bundle(
        entry("POST", "Patient", patient("x"), full_url=urn),
        entry("POST", "Observation", observation("o", urn)),
    )


def test_law_6_the_same_request_at_once_is_done_once(desk: Desk):
    told = at_once(WRITERS, lambda _: desk.intake.transaction(ehr(), admission(), REPEAT))
    answers = {one for one in told if isinstance(one, Answer)}
    assert len(answers) == 1
    assert {one.kind for one in told if isinstance(one, Refused)} <= {Kind.CONFLICT}
    assert (len(desk.searches("Patient")), len(desk.searches("Observation"))) == (1, 1)
    assert desk.intake.transaction(ehr(), admission(), REPEAT) in answers


def test_law_6_who_is_answered_meanwhile_is_told_and_nothing_is_done_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    real, first = service.commit, []

    def commit(*arguments: Any) -> None:
        if not first:
            first.append(None)
            first[0] = desk.intake.transaction(ehr(), admission(), REPEAT)
        real(*arguments)

    monkeypatch.setattr(service, "commit", commit)
    with pytest.raises(Refused) as caught:
        desk.intake.transaction(ehr(), admission(), REPEAT)
    assert (caught.value.kind, caught.value.issues[0].code) == (Kind.CONFLICT, "duplicate")
    assert len(desk.searches("Patient")) == 1
    assert desk.intake.transaction(ehr(), admission(), REPEAT) == first[0]


def test_another_client_of_the_same_tenant_has_keys_of_its_own(desk: Desk):
    answers = {
        desk.intake.transaction(ehr(client_id=name), admission(), REPEAT).body for name in ("one", "two")
    }
    assert len(answers) == 2
    assert len(desk.searches("Patient")) == 2


def test_a_request_that_was_refused_may_come_again_under_its_key(desk: Desk):
    wrong = bundle(put(patient("mrn-1")), entry("GET", "Patient/later"))
    with pytest.raises(Refused):
        desk.intake.transaction(ehr(), wrong, REPEAT)
    assert desk.rows(idempotency) == []
    desk.puts(patient("later"))
    assert desk.intake.transaction(ehr(), wrong, REPEAT).status == 200
