"""The same request again: the same bytes, for the same client and the same body, and for nobody else."""

from __future__ import annotations

from hashlib import sha256

import pytest

from gateway.custody.errors import Conflict
from gateway.custody.identity import idempotency as idempotency_rows
from gateway.custody.identity.idempotency import Record
from gateway.custody.tables import idempotency
from gateway.intake import repeats
from gateway.refusal import Kind
from gateway.stored import Answer, Repeat
from tests.desk import ST_BERTA, Desk, ehr, refusal

ANSWER = Answer(200, b'{"resourceType":"Bundle","id":"Hopkins"}')


def repeat(key: str = "key-1", body: bytes = b"body") -> Repeat:
    return Repeat(key, sha256(body).digest())


def remember(desk: Desk, kept: Record) -> None:
    with desk.vault.database.write() as conn:
        idempotency_rows.store(conn, desk.vault, kept)


@pytest.fixture
def desk(small_desk: Desk) -> Desk:
    remember(small_desk, repeats.record(ehr(), repeat(), ANSWER, small_desk.now, ()))
    return small_desk


def test_law_6_headers_come_again_as_they_were(small_desk: Desk):
    headers = {"Location": "http://here/Patient/x/_history/1", "ETag": 'W/"1"'}
    for number, answer in enumerate(
        (Answer(201, b'{"a":"b"}', headers), Answer(201, b"", headers), Answer(200, b""))
    ):
        remember(small_desk, repeats.record(ehr(), repeat(f"k{number}"), answer, small_desk.now, ()))
        assert repeats.earlier(small_desk.vault, ehr(), repeat(f"k{number}")) == answer


def test_what_is_only_begun_was_not_answered(small_desk: Desk):
    begun = repeats.record(ehr(), repeat(), ANSWER, small_desk.now, ())
    with small_desk.vault.database.write() as conn:
        assert idempotency_rows.begin(conn, begun)
        assert not idempotency_rows.begin(conn, begun)
    assert repeats.earlier(small_desk.vault, ehr(), repeat()) is None
    with refusal(Kind.UNPROCESSABLE, "duplicate"):
        repeats.earlier(small_desk.vault, ehr(), repeat(body=b"other"))


def test_law_6_the_same_request_gets_the_same_bytes(desk: Desk):
    assert repeats.earlier(desk.vault, ehr(), repeat()) == ANSWER


@pytest.mark.parametrize("names", [(), ("Patient/mrn-1",), ("Patient/mrn-1", "Patient/mrn-2")])
def test_law_4_an_answer_that_is_given_again_is_an_event_for_each_whom_it_concerns(
    small_desk: Desk, names: tuple[str, ...]
):
    patients = tuple(sorted(small_desk.id_of(name) for name in names))
    kept = repeats.record(ehr(), repeat("key-7"), ANSWER, small_desk.now, patients)
    remember(small_desk, kept)
    with small_desk.leaves() as events:
        assert repeats.again(small_desk.vault, ehr(), repeat("key-7"), small_desk.clock) == ANSWER
    told = [(e.kind, e.outcome, e.status, e.patient, e.detail) for e in events]
    assert told == [
        ("rest:transaction", "0", 200, patient, "repeated")
        for patient in (*patients, *((None,) * (not patients)))
    ]


def test_what_was_never_answered_leaves_no_event_yet(desk: Desk):
    with desk.leaves() as events:
        assert repeats.again(desk.vault, ehr(), repeat("key-2"), desk.clock) is None
    assert events == []


def test_the_same_key_with_another_body_is_refused(desk: Desk):
    with refusal(Kind.UNPROCESSABLE, "duplicate"):
        repeats.earlier(desk.vault, ehr(), repeat(body=b"other"))


@pytest.mark.parametrize(
    ("actor", "asked"),
    [
        (ehr(), repeat("key-2")),
        (ehr(client_id="another-of-st-anna"), repeat()),
        (ehr(ST_BERTA), repeat()),
    ],
    ids=["key", "client", "tenant"],
)
def test_a_key_is_its_clients_own(desk: Desk, actor, asked: Repeat):
    assert repeats.earlier(desk.vault, actor, asked) is None


def test_a_second_answer_to_one_request_is_a_conflict(desk: Desk):
    other = repeats.record(ehr(), repeat(), Answer(200, b"other"), desk.now, ())
    with pytest.raises(Conflict):
        remember(desk, other)
    assert repeats.earlier(desk.vault, ehr(), repeat()) == ANSWER


def test_law_2_neither_answer_nor_key_lies_open(desk: Desk):
    (row,) = desk.rows(idempotency)
    kept = row.answer + row.key_digest
    assert b"Hopkins" not in kept
    assert b"key-1" not in kept
