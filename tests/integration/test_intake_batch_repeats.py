"""Law 6 for batches under a key: whoever dies between two entries, each is done once and answered once."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from gateway.custody.identity import idempotency as kept
from gateway.custody.operator import By
from gateway.custody.settings import Storage
from gateway.custody.tables import client, idempotency
from gateway.erasure import Request
from gateway.intake import batches
from gateway.refusal import Kind, Refused
from gateway.stored import Answer, Repeat
from mappers import lossless
from tests.desk import ST_ANNA, Desk, bundle, ehr, entry, observation, patient, put, refusal

REPEAT = Repeat("key-1", sha256(b"a body").digest())


class DiedError(Exception):
    """As if the process had stopped here."""


def made(name: str) -> dict[str, Any]:
    """A patient whose id is the server's: sent twice without a key, there would be two."""
    return entry("POST", "Patient", patient(name))


def batch(*more: dict[str, Any]) -> dict[str, Any]:
    refused_one = put(patient("x", gender="unheard of"))
    return bundle(
        made("ada"),
        refused_one,
        made("berta"),
        entry("GET", "Patient/none"),
        made("clara"),
        *more,
        kind="batch",
    )


def statuses(answer: Answer) -> list[str]:
    return [one["response"]["status"][:3] for one in lossless.loads(answer.body)["entry"]]


WHOLE = ["201", "400", "201", "404", "201"]


@contextmanager
def dying(monkeypatch: pytest.MonkeyPatch, number: int) -> Iterator[None]:
    """The block ends at the so-manieth answer that is kept, in the middle of its transaction."""
    real, count = kept.store, 0

    def store(*arguments: Any) -> None:
        nonlocal count
        count += 1
        if count == number:
            raise DiedError
        real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(kept, "store", store)
        with pytest.raises(DiedError):
            yield


def test_the_same_batch_gets_the_same_bytes_and_changes_nothing(desk: Desk):
    first = desk.intake.batch(ehr(), batch(), REPEAT)
    assert statuses(first) == WHOLE
    before = desk.counts("audit_event", "audit_head")
    assert desk.intake.batch(ehr(), batch(), REPEAT) == first
    assert desk.counts("audit_event", "audit_head") == before
    assert len(desk.rows(idempotency)) == 1, "the whole stands in the place of its parts"
    assert len(desk.searches("Patient")) == 3


def test_an_answer_is_the_same_with_a_key_and_without(desk: Desk):
    sent = bundle(put(patient("ada")), entry("GET", "Patient/none"), kind="batch")
    assert desk.intake.batch(ehr(), sent, REPEAT).body.replace(b"201 Created", b"200 OK") == (
        desk.intake.batch(ehr(), sent).body
    )
    nothing = {"resourceType": "Bundle", "type": "batch"}
    assert desk.intake.batch(ehr(), nothing, Repeat("k", b"d")) == desk.intake.batch(ehr(), nothing)


def test_law_6_who_dies_at_any_part_is_gone_on_after(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    last = len(WHOLE) + 1
    for number in range(1, last + 1):
        repeat = Repeat(f"key-{number}", sha256(b"a body").digest())
        with dying(monkeypatch, number):
            desk.intake.batch(ehr(), batch(), repeat)
        done = len(desk.searches("Patient"))
        answer = desk.intake.batch(ehr(), batch(), repeat)
        assert statuses(answer) == WHOLE
        assert desk.intake.batch(ehr(), batch(), repeat) == answer
        assert len(desk.searches("Patient")) == 3 * number
        assert done == 3 * (number - 1) + sum(status == "201" for status in WHOLE[: number - 1])
        versions = [one["response"].get("etag") for one in lossless.loads(answer.body)["entry"]]
        assert set(versions) == {'W/"1"', None}


def test_law_6_what_an_entry_was_answered_stays_so(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    with dying(monkeypatch, 5):
        desk.intake.batch(ehr(), batch(), REPEAT)
    desk.puts(patient("none"))
    desk.now += 60_000_000
    assert statuses(desk.intake.batch(ehr(), batch(), REPEAT)) == WHOLE


def test_a_key_that_was_begun_is_taken(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    with dying(monkeypatch, 1):
        desk.intake.batch(ehr(), batch(), REPEAT)
    other = Repeat(REPEAT.key, sha256(b"another body").digest())
    before = desk.counts("audit_event", "audit_head")
    for way, sent in ((desk.intake.batch, batch()), (desk.intake.transaction, bundle(made("dora")))):
        with refusal(Kind.UNPROCESSABLE, "duplicate"):
            way(ehr(), sent, other)
    assert desk.counts("audit_event", "audit_head") == before


def test_law_6_many_at_once_do_each_entry_once(desk: Desk):
    def sends(_: int) -> Answer | Refused:
        try:
            return desk.intake.batch(ehr(), batch(), REPEAT)
        except Refused as refused:
            return refused

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(sends, range(4)))
    for one in told:
        if isinstance(one, Refused):
            assert (one.kind, one.retry_after) == (Kind.CONFLICT, 1)
    answer = desk.intake.batch(ehr(), batch(), REPEAT)
    assert {one.body for one in told if isinstance(one, Answer)} <= {answer.body}
    assert statuses(answer) == WHOLE
    assert len(desk.searches("Patient")) == 3


def test_law_6_who_ends_second_is_told_to_ask_again(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    real, inner = batches.Batch._ended, []

    def ended(self: batches.Batch, keys: Any) -> Answer:
        if not inner:
            inner.append(None)
            inner[0] = real(self, keys)
        return real(self, keys)

    monkeypatch.setattr(batches.Batch, "_ended", ended)
    with pytest.raises(Refused) as caught:
        desk.intake.batch(ehr(), batch(), REPEAT)
    assert (caught.value.kind, caught.value.retry_after) == (Kind.CONFLICT, 1)
    assert desk.intake.batch(ehr(), batch(), REPEAT) == inner[0]


def test_parts_go_with_the_patient_whom_they_concern(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    with desk.vault.database.write() as conn:
        own = {"client_id": ehr().client_id, "name": "n", "role": "ehr", "organization": ST_ANNA}
        conn.execute(insert(client).values(**own, scope="s", jwks="{}", created=0))
    with dying(monkeypatch, 2):
        desk.intake.batch(ehr(), batch(), REPEAT)
    (found,) = desk.searches("Patient")
    desk.erasure.erase(Request(ST_ANNA, found["id"], "her own wish", By("test")))
    with refusal(Kind.GONE, "deleted"):
        desk.intake.batch(ehr(), batch(), REPEAT)
    assert desk.searches("Patient") == []


def test_law_2_parts_do_not_lie_open(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    sent = bundle(put(patient("mrn-4711")), made("ada"), kind="batch")
    with dying(monkeypatch, 2):
        desk.intake.batch(ehr(), sent, REPEAT)
    lying = b"".join(
        cell if isinstance(cell, bytes) else str(cell).encode() for r in desk.rows(idempotency) for cell in r
    )
    assert b"mrn-4711" not in lying
    assert b"key-1" not in lying
    assert len(desk.rows(idempotency)) == 2


def test_an_observation_of_a_batch_that_was_broken_off_is_there_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    desk.puts(patient("ada"))
    sent = bundle(
        *(entry("POST", "Observation", observation("x", "Patient/ada")) for _ in range(3)), kind="batch"
    )
    with dying(monkeypatch, 3):
        desk.intake.batch(ehr(), sent, REPEAT)
    desk.intake.batch(ehr(), sent, REPEAT)
    assert len(desk.searches("Observation")) == 3


SENDER = """
import os
from hashlib import sha256
from gateway.custody.settings import Storage
from gateway.intake import service
from gateway.stored import Repeat
from tests.desk import Desk, ehr
from tests.integration.test_intake_batch_repeats import batch

desk = Desk(Storage.from_environ(os.environ))
real = service.Intake.served

def served(self, *arguments):
    found = real(self, *arguments)
    print("done", flush=True)
    return found

service.Intake.served = served
desk.intake.batch(ehr(), batch(), Repeat("key-1", sha256(b"a body").digest()))
print("end", flush=True)
"""


def test_law_6_a_killed_process_leaves_a_batch_that_can_be_gone_on_with(storage: Storage):
    environ = {
        "CARELOOM_DATA_DIR": str(storage.data_dir),
        "CARELOOM_DATABASE_URL": storage.database_url,
        "CARELOOM_KEYS_URL": storage.keys_url,
        "PYTHONPATH": ":".join([str(Path(__file__).parents[2]), *sys.path]),
    }
    sender = subprocess.Popen([sys.executable, "-c", SENDER], env=environ, stdout=subprocess.PIPE, text=True)
    assert sender.stdout is not None
    assert [sender.stdout.readline() for _ in range(2)] == ["done\n"] * 2
    sender.send_signal(signal.SIGKILL)
    sender.communicate(timeout=10)
    desk = Desk(storage)
    try:
        answer = desk.intake.batch(ehr(), batch(), REPEAT)
        assert statuses(answer) == WHOLE
        assert desk.intake.batch(ehr(), batch(), REPEAT) == answer
        assert len(desk.searches("Patient")) == 3
    finally:
        desk.close()
