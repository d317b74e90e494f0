"""The same request again: the same bytes, for the same client and the same body, and for nobody else."""

from __future__ import annotations

from hashlib import sha256

import pytest

from gateway.custody.errors import Conflict
from gateway.custody.tables import idempotency
from gateway.intake import repeats
from gateway.refusal import Kind
from gateway.stored import Answer, Repeat
from tests.desk import ST_BERTA, Desk, ehr, refusal

ANSWER = Answer(200, b'{"resourceType":"Bundle","id":"Hopkins"}')


def repeat(key: str = "key-1", body: bytes = b"body") -> Repeat:
    return Repeat(key, sha256(body).digest())


@pytest.fixture
def desk(small_desk: Desk) -> Desk:
    repeats.remember(small_desk.vault, repeats.record(ehr(), repeat(), ANSWER, small_desk.now, ()))
    return small_desk


def test_law_6_the_same_request_gets_the_same_bytes(desk: Desk):
    assert repeats.earlier(desk.vault, ehr(), repeat()) == ANSWER


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
        repeats.remember(desk.vault, other)
    assert repeats.earlier(desk.vault, ehr(), repeat()) == ANSWER


def test_law_2_neither_answer_nor_key_lies_open(desk: Desk):
    (row,) = desk.rows(idempotency)
    kept = row.answer + row.key_digest
    assert b"Hopkins" not in kept
    assert b"key-1" not in kept
