"""The answer to a bundle: one response per entry, in its order, in the sender's own ids."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.custody.ids import StoredId
from gateway.intake.answers import STATUS, batch, transaction
from gateway.intake.entries import Entry
from gateway.intake.sealing import Target
from gateway.intake.versions import Outcome
from gateway.stored import Answer, Stored
from mappers import lossless
from mappers.r4.validate import problems

HIDDEN = StoredId(b"s" * 16)


def outcome(interaction: str, status: int, id_: str = "mrn-1", version: int = 2) -> Outcome:
    entry = Entry("Bundle.entry[0]", "PUT", "Patient", id_)
    body = {"resourceType": "Patient", "id": id_, "gender": "female"}
    stored = Stored("Patient", id_, version, 1_000_000, body)
    return Outcome(entry, Target("Patient", id_, HIDDEN, version), interaction, status, HIDDEN, stored, None)


def told(answer: Answer) -> Any:
    assert answer.status == 200
    return lossless.loads(answer.body)


@pytest.mark.parametrize("status", sorted(STATUS))
def test_a_write_is_told_by_status_place_version_and_time(status: int):
    (entry,) = told(transaction([outcome("update", status)]))["entry"]
    assert entry == {
        "response": {
            "status": STATUS[status],
            "location": "Patient/mrn-1/_history/2",
            "etag": 'W/"2"',
            "lastModified": "1970-01-01T00:00:01.000Z",
        }
    }


def test_deleting_what_was_never_there_has_no_version_to_tell():
    (entry,) = told(transaction([outcome("delete", 204, version=0)]))["entry"]
    assert entry == {"response": {"status": "204 No Content"}}


def test_a_read_brings_the_resource_as_a_reader_is_sent_it():
    (entry,) = told(transaction([outcome("read", 200)]))["entry"]
    meta = {"versionId": "2", "lastUpdated": "1970-01-01T00:00:01.000Z"}
    assert entry["resource"] == {"resourceType": "Patient", "id": "mrn-1", "meta": meta, "gender": "female"}


def test_answers_stand_in_the_order_of_the_outcomes_and_are_valid_r4():
    answer = told(transaction([outcome("update", 200, f"p{n}") for n in range(5)]))
    places = [entry["response"]["location"] for entry in answer["entry"]]
    assert places == [f"Patient/p{n}/_history/2" for n in range(5)]
    assert answer["type"] == "transaction-response"
    assert problems(answer) == []


def test_a_batch_tells_refusals_between_what_was_done():
    no = {"status": "403 Forbidden", "outcome": {"resourceType": "OperationOutcome"}}
    answer = told(batch([outcome("create", 201), no, outcome("delete", 204)]))
    assert answer["type"] == "batch-response"
    assert [e["response"]["status"][:3] for e in answer["entry"]] == ["201", "403", "204"]


def test_an_empty_bundle_is_answered_without_an_empty_list():
    assert "entry" not in told(transaction([]))
    assert "entry" not in told(batch([]))


def test_law_2_stored_ids_do_not_stand_in_an_answer():
    answer = transaction([outcome("read", 200), outcome("update", 200)])
    assert HIDDEN not in answer.body
    assert HIDDEN.hex().encode() not in answer.body
