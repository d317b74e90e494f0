"""The form of an answer that was asked for later."""

from __future__ import annotations

import pytest

from gateway.custody.identity.errand_cells import Part
from gateway.custody.identity.errands import Asker, Errand, State
from gateway.custody.ids import StoredId, Tenant
from gateway.errands.answers import framed
from mappers import lossless

WHOLE = (
    b'{"resourceType":"Bundle","type":"transaction-response","entry":[{"response":{"status":"201 Created"}}]}'
)
REFUSED = b'{"response":{"status":"412 Precondition Failed","outcome":{"resourceType":"OperationOutcome"}}}'


def done(way: str, status: int, entries: int = 1) -> Errand:
    asker = Asker("c1", Tenant(3), "system/*.cruds", None, None, "10.0.0.1", "r1")
    return Errand(StoredId(bytes(16)), asker, way, entries, b"", State.DONE, status, 1)


def test_what_went_in_is_the_resource_of_the_one_entry() -> None:
    told = lossless.loads(framed(done("transaction", 200), [Part(WHOLE)]))
    (entry,) = told["entry"]
    assert (told["type"], entry["response"]) == ("batch-response", {"status": "200 OK"})
    assert entry["resource"] == lossless.loads(WHOLE)


def test_what_was_refused_is_its_response() -> None:
    (entry,) = lossless.loads(framed(done("transaction", 412), [Part(REFUSED)]))["entry"]
    assert entry == lossless.loads(REFUSED)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_entries_of_a_batch_keep_their_order(count: int) -> None:
    parts = [Part(b'{"response":{"status":"20%d"}}' % n, (), n) for n in range(count)]
    (entry,) = lossless.loads(framed(done("batch", 200, count), parts))["entry"]
    inner = entry["resource"]
    assert inner["type"] == "batch-response"
    assert [one["response"]["status"] for one in inner.get("entry", ())] == [f"20{n}" for n in range(count)]


def test_numbers_and_spaces_are_given_as_they_were_stored() -> None:
    exact = b'{"resourceType":"Bundle","type":"transaction-response","entry":[{"resource":{"value":1.10}}]}'
    assert exact in framed(done("transaction", 200), [Part(exact)])
