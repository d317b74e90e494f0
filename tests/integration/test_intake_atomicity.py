"""Law 4 at every statement: wherever a transaction breaks off, nothing of it is there; it can come again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import pytest

from gateway.custody import audit, records, verify
from gateway.custody.identity import halves, names
from gateway.custody.tables import data
from gateway.stored import Repeat
from tests.desk import Desk, bundle, ehr, entry, observation, patient, put

MEMBERS = [{"entity": {"reference": f"Patient/mrn-{number}"}} for number in (1, 2)]
GROUP = {"resourceType": "Group", "id": "g", "type": "person", "actual": True, "member": MEMBERS}
REPEAT = Repeat("key-1", sha256(b"body").digest())
BULK = (records, halves, names, audit)
"""Modules that write many rows with one statement."""


class BrokenOffError(Exception):
    """As if the machine had stopped here."""


def everything() -> dict[str, Any]:
    """A bundle that writes to every table of resources: new, changed, deleted, of one patient and of two."""
    return bundle(
        put(patient("mrn-1", gender="other")),
        put(observation("o1", "Patient/mrn-1")),
        put(GROUP),
        entry("DELETE", "Observation/old"),
    )


class Breaker:
    """Counts bulk statements, and breaks off after one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.at: int | None = None
        for module in BULK:
            monkeypatch.setattr(module, "bulk", self._watched(module.bulk))  # type: ignore[attr-defined]

    def _watched(self, real: Any) -> Any:
        def bulk(conn: Any, table: Any, rows: Any) -> None:
            real(conn, table, rows)
            self.count += 1
            if self.count == self.at:
                raise BrokenOffError

        return bulk

    @contextmanager
    def after(self, number: int) -> Iterator[None]:
        self.count, self.at = 0, number
        with pytest.raises(BrokenOffError):
            yield
        self.at = None


def contents(desk: Desk) -> dict[str, list[Any]]:
    return {name: desk.rows(table) for name, table in data.tables.items()}


def statements(desk: Desk, breaker: Breaker) -> int:
    """How many bulk statements the transaction has: told by one that breaks off at its very end."""
    append = audit.append

    def last(*arguments: Any) -> None:
        append(*arguments)
        raise BrokenOffError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit, "append", last)
        with pytest.raises(BrokenOffError):
            desk.intake.transaction(ehr(), everything(), REPEAT)
    return breaker.count


@pytest.fixture
def breaker(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Breaker:
    desk.puts(patient("mrn-1"), observation("old", "Patient/mrn-1"))
    desk.forgets_jobs()
    return Breaker(monkeypatch)


def test_law_4_a_transaction_that_breaks_off_after_any_statement_leaves_no_row(desk: Desk, breaker: Breaker):
    before = contents(desk)
    count = statements(desk, breaker)
    assert contents(desk) == before
    assert count >= 8, "heads, versions, tokens, ranges, links, halves, names, events"
    for number in range(1, count + 1):
        with breaker.after(number):
            desk.intake.transaction(ehr(), everything(), REPEAT)
        assert contents(desk) == before, f"after statement {number} of {count}"


def test_law_6_what_broke_off_can_come_again_and_is_whole(desk: Desk, breaker: Breaker):
    before = contents(desk)
    with breaker.after(5):
        desk.intake.transaction(ehr(), everything(), REPEAT)
    first = desk.intake.transaction(ehr(), everything(), REPEAT)
    assert desk.intake.transaction(ehr(), everything(), REPEAT) == first
    after = contents(desk)
    untouched = {name for name, rows in after.items() if len(rows) == len(before[name])}
    assert not untouched & {"record", "version", "withheld", "link", "patient_link", "job", "idempotency"}
    assert not untouched & {"search_token", "search_range", "identity_token", "audit_event"}
    assert len(after["version"]) - len(before["version"]) == 4
    with desk.vault.database.read() as conn:
        assert verify.verify(conn, {}).ok


def test_law_4_a_batch_that_breaks_off_keeps_the_entries_that_were_done(desk: Desk, breaker: Breaker):
    events = len(desk.events())
    sent = bundle(put(patient("mrn-8")), put(patient("mrn-9")), kind="batch")
    breaker.at = 10
    with pytest.raises(BrokenOffError):
        desk.intake.batch(ehr(), sent, REPEAT)
    breaker.at = None
    done = [name for name in ("mrn-8", "mrn-9") if desk.head(f"Patient/{name}") is not None]
    assert done == ["mrn-8"]
    assert len(desk.events()) == events + 1
