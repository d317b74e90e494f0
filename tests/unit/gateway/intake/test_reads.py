"""GET entries of a bundle: answered before the commit, from what the bundle writes or from what is stored."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from gateway.custody.errors import Conflict
from gateway.intake import service
from gateway.refusal import Kind
from gateway.stored import Repeat
from mappers import lossless
from tests.desk import TRAIL, Desk, bundle, ehr, entry, observation, patient, put, refusal


@pytest.fixture
def desk(small_desk: Desk) -> Desk:
    small_desk.puts(patient("mrn-1"))
    return small_desk


def test_a_read_beside_the_write_of_the_same_sees_what_is_written(desk: Desk):
    read, written = desk.submits(entry("GET", "Patient/mrn-1"), put(patient("mrn-1", gender="other")))
    assert read["resource"]["gender"] == "other"
    assert read["response"]["etag"] == written["response"]["etag"] == 'W/"2"'
    assert read["response"]["status"] == "200 OK"
    assert read["resource"] == {**desk.reads("Patient/mrn-1"), "meta": read["resource"]["meta"]}


def test_a_read_of_something_else_sees_what_is_stored(desk: Desk):
    read, _ = desk.submits(entry("GET", "Patient/mrn-1"), put(patient("mrn-2")))
    assert read["resource"]["id"] == "mrn-1"
    assert read["resource"]["meta"]["versionId"] == "1"


@pytest.mark.parametrize("missing", ["Patient/nobody", "Observation/mrn-1"])
def test_law_4_a_read_that_finds_nothing_ends_the_transaction_with_nothing_written(desk: Desk, missing: str):
    before = desk.counts(*TRAIL)
    with refusal(Kind.NOT_FOUND):
        desk.submits(put(patient("mrn-2")), entry("GET", missing))
    assert desk.counts(*TRAIL) == before


def test_law_4_a_read_of_what_was_deleted_ends_the_transaction_too(desk: Desk):
    desk.intake.delete(ehr(), "Patient", "mrn-1")
    before = desk.counts(*TRAIL)
    with refusal(Kind.GONE):
        desk.submits(put(patient("mrn-2")), entry("GET", "Patient/mrn-1"))
    assert desk.counts(*TRAIL) == before


def test_law_4_a_write_that_starts_again_looks_at_nothing_twice(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    real, tried = service.commit, []

    def commit(*arguments: Any) -> None:
        tried.append(1)
        if len(tried) < 3:
            raise Conflict
        real(*arguments)

    monkeypatch.setattr(service, "commit", commit)
    with desk.leaves() as events:
        read, written = desk.submits(entry("GET", "Patient/mrn-1"), put(patient("mrn-2")))
    assert len(tried) == 3
    assert sorted(event.kind for event in events) == ["rest:create", "rest:read"]
    assert read["resource"]["id"] == "mrn-1"
    assert written["response"]["status"] == "201 Created"


def test_law_4_each_read_is_in_the_trail_once(desk: Desk):
    with desk.leaves() as events:
        desk.submits(entry("GET", "Patient/mrn-1"), put(patient("mrn-2")), entry("GET", "Patient/mrn-2"))
    told = sorted((event.kind, event.id, event.version, event.status) for event in events)
    one, two = desk.id_of("Patient/mrn-1"), desk.id_of("Patient/mrn-2")
    assert told == sorted(
        [("rest:read", one, 1, 200), ("rest:create", two, 1, 201), ("rest:read", two, 1, 200)]
    )


def again(desk: Desk, *entries: dict[str, Any]) -> list[bytes]:
    """The same request twice, under one key."""
    repeat = Repeat("key-1", sha256(b"the same body").digest())
    return [desk.intake.transaction(ehr(), bundle(*entries), repeat).body for _ in range(2)]


def test_law_6_a_bundle_that_also_reads_is_done_once_under_its_key(desk: Desk):
    first, second = again(
        desk,
        entry("POST", "Observation", observation("x", "Patient/mrn-1")),
        entry("GET", "Patient/mrn-1"),
    )
    assert first == second
    assert len(desk.searches("Observation")) == 1


def test_law_6_a_bundle_that_finds_what_it_would_create_is_done_once_under_its_key(desk: Desk):
    found = entry("POST", "Patient", patient("x"), ifNoneExist="family=Hopkins")
    first, second = again(desk, found, entry("POST", "Observation", observation("x", "Patient/mrn-1")))
    assert first == second
    assert len(desk.searches("Observation")) == 1
    (told, _) = lossless.loads(first)["entry"]
    assert told["response"]["location"] == "Patient/mrn-1/_history/1"


def test_a_read_needs_the_right_to_read(desk: Desk):
    writer = ehr(scope="system/Patient.cu")
    with refusal(Kind.FORBIDDEN):
        desk.submits(put(patient("mrn-2")), entry("GET", "Patient/mrn-1"), actor=writer)
    assert desk.head("Patient/mrn-2") is None
