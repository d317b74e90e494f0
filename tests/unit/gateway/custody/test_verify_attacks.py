"""Whoever rules the database alters the trail at random: it is found, and the place lies in what is named."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.custody import audit, checkpoint
from gateway.custody.ids import Tenant
from gateway.custody.providers.keyfile import RootSecrets
from gateway.custody.signing import Signer
from tests.unit.gateway.custody.trails import HOSPITAL, START, Trail, event

OTHER = Tenant(8)
briefly = settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))

# Sizes of the steps in which a log grew; after each but the last it was signed.
GROWTH = st.lists(st.integers(1, 7), min_size=2, max_size=4)


@contextmanager
def trail(growth: list[int]) -> Iterator[tuple[Trail, int, int]]:
    """A trail, how many events it has, and how many of them are signed."""
    folder = Path(tempfile.mkdtemp(prefix="careloom-trail-"))
    try:
        made, size, signed = Trail(folder), 0, 0
        for step in growth:
            signed = made.sign()[0] if size else 0
            made.append(*map(event, range(size, size + step)))
            size += step
        yield made, size, signed
    finally:
        made.database.close()
        shutil.rmtree(folder, ignore_errors=True)


def covered(made: Trail) -> set[int]:
    """Every sequence number that some fault names."""
    report = made.report()
    assert not report.ok
    return {seq for fault in report.faults for seq in range(fault.first, fault.last + 1)}


EDITS = {
    "time": "time = time + 1",
    "kind": "kind = 'fhir:instance:delete'",
    "action": "action = 'D'",
    "outcome": "outcome = '8'",
    "status": "status = status + 1",
    "client_id": "client_id = 'somebody'",
    "organization": "organization = 99",
    "user": "\"user\" = 'somebody'",
    "purpose": "purpose = 'TREAT'",
    "type": "type = 'Group'",
    "id": "id = zeroblob(16)",
    "version": "version = 9",
    "patient": "patient = zeroblob(16)",
    "digest": "digest = zeroblob(32)",
    "address": "address = '10.9.9.9'",
    "request_id": "request_id = 'other'",
    "detail": "detail = 'entries=0'",
}


def test_the_edits_are_of_every_column_but_the_place() -> None:
    assert set(EDITS) == set(audit.COLUMNS) - {"log", "seq"}


@pytest.mark.parametrize("column", EDITS)
@pytest.mark.parametrize("place", ["signed", "not signed"])
def test_an_edit_of_any_column_is_found(column: str, place: str) -> None:
    with trail([5, 4]) as (made, _, signed):
        seq = signed - 2 if place == "signed" else signed + 1
        made.tamper(f"UPDATE audit_event SET {EDITS[column]} WHERE seq = {seq}")
        assert seq in covered(made)


@briefly
@given(GROWTH, st.data())
def test_an_edit_anywhere_is_located(growth: list[int], data: st.DataObject) -> None:
    with trail(growth) as (made, size, signed):
        seq = data.draw(st.integers(0, size - 1))
        made.tamper(
            f"UPDATE audit_event SET {EDITS[data.draw(st.sampled_from(sorted(EDITS)))]} WHERE seq = {seq}"
        )
        named = covered(made)
        assert seq in named
        # Under a checkpoint the very event is named, and no honest one beside it.
        assert named == {seq} if seq < signed else min(named) >= signed


@briefly
@given(GROWTH, st.data())
def test_a_deletion_anywhere_is_located(growth: list[int], data: st.DataObject) -> None:
    with trail(growth) as (made, size, _):
        gone = data.draw(st.sets(st.integers(0, size - 1), min_size=1, max_size=3))
        made.tamper(f"DELETE FROM audit_event WHERE seq IN ({', '.join(map(str, gone))})")
        assert gone <= covered(made)


@briefly
@given(GROWTH, st.data())
def test_a_truncation_is_located_with_the_head_as_it_was(growth: list[int], data: st.DataObject) -> None:
    with trail(growth) as (made, size, _):
        kept = data.draw(st.integers(0, size - 1))
        made.tamper(f"DELETE FROM audit_event WHERE seq >= {kept}")
        assert covered(made) == set(range(kept, size))


@briefly
@given(GROWTH, st.data())
def test_a_truncation_below_a_checkpoint_is_located_with_a_forged_head(
    growth: list[int], data: st.DataObject
) -> None:
    with trail(growth) as (made, _, signed):
        kept = data.draw(st.integers(0, signed - 1))
        made.tamper(f"DELETE FROM audit_event WHERE seq >= {kept}")
        made.tamper(forged_head([event(number) for number in range(kept)]))
        assert covered(made) == set(range(kept, signed))


@briefly
@given(GROWTH, st.data())
def test_two_events_that_changed_places_are_located(growth: list[int], data: st.DataObject) -> None:
    with trail(growth) as (made, size, _):
        one, other = sorted(data.draw(st.sets(st.integers(0, size - 1), min_size=2, max_size=2)))
        for step in (f"-1 WHERE seq = {one}", f"{one} WHERE seq = {other}", f"{other} WHERE seq = -1"):
            made.tamper(f"UPDATE audit_event SET seq = {step}")
        assert {one, other} & covered(made)


@briefly
@given(GROWTH, st.data())
def test_an_event_that_was_pushed_in_is_located(growth: list[int], data: st.DataObject) -> None:
    with trail(growth) as (made, size, signed):
        at = data.draw(st.integers(0, size))
        made.tamper(f"UPDATE audit_event SET seq = -2 - seq WHERE seq >= {at}")
        made.tamper("UPDATE audit_event SET seq = -1 - seq WHERE seq < 0")
        made.tamper(
            "INSERT INTO audit_event (log, seq, time, kind, action, outcome, status)"
            f" VALUES (7, {at}, {START + at}, 'fhir:instance:read', 'R', '0', 200)"
        )
        named = covered(made)
        # The log is one too long in any case; a witness tells where, if the place was signed.
        assert size in named
        assert at >= signed or at in named


def forged_head(events: list[audit.Event]) -> str:
    """The head that a log of these events would have."""
    folder = Path(tempfile.mkdtemp(prefix="careloom-forged-"))
    forger = Trail(folder)
    forger.append(*events)
    with forger.database.read() as conn:
        rows = conn.exec_driver_sql("SELECT size, frontier FROM audit_head").all()
    forger.database.close()
    shutil.rmtree(folder)
    size, frontier = rows[0] if rows else (0, b"")
    return f"UPDATE audit_head SET size = {size}, frontier = x'{frontier.hex()}' WHERE log = 7"


@briefly
@given(GROWTH, st.data())
def test_a_rewritten_event_with_the_whole_head_forged_to_fit_is_located(
    growth: list[int], data: st.DataObject
) -> None:
    """Who rewrites rows and head alike is told by the checkpoints, which are not in the database."""
    with trail(growth) as (made, size, signed):
        seq = data.draw(st.integers(0, signed - 1))
        made.tamper(f"UPDATE audit_event SET status = 500 WHERE seq = {seq}")
        honest = [event(number) for number in range(size)]
        honest[seq] = audit.Event(
            **{name: getattr(honest[seq], name) for name in audit.COLUMNS[2:]} | {"status": 500}
        )
        made.tamper(forged_head(honest))
        assert seq in covered(made)


@pytest.mark.parametrize(
    "change",
    [
        "size = size + 1",
        "size = size - 1",
        "size = 0",
        "size = 0, frontier = x''",
        "frontier = x''",
        "frontier = zeroblob(length(frontier))",
        "frontier = CAST(substr(frontier, 33) || substr(frontier, 1, 32) AS BLOB)",
    ],
)
def test_a_head_that_was_rewritten_alone_is_found(change: str) -> None:
    with trail([4, 3]) as (made, size, _):
        assert size == 7
        made.tamper(f"UPDATE audit_head SET {change} WHERE log = 7")
        assert not made.report().ok


def _of_another_log(made: Trail) -> None:
    made.append(*map(event, range(3)), log=OTHER)
    made.sign()
    shutil.copy(made.folder / "8.log", made.folder / "7.log")


def _of_another_key(made: Trail) -> None:
    stranger = Signer.of(RootSecrets(1, {1: bytes(range(1, 33))}))
    (made.folder / "7.log").unlink()
    checkpoint.take(made.database, made.folder, stranger, START)


def _half_a_note(made: Trail) -> None:
    file = made.folder / "7.log"
    file.write_text(file.read_text("utf-8")[:-20], "utf-8")


def _a_note_repeated_with_another_size(made: Trail) -> None:
    file = made.folder / "7.log"
    file.write_text(file.read_text("utf-8").replace("\n4\n", "\n3\n"), "utf-8")


@pytest.mark.parametrize(
    "attack", [_of_another_log, _of_another_key, _half_a_note, _a_note_repeated_with_another_size]
)
def test_a_checkpoint_that_is_not_this_logs_own_is_a_fault(attack: Callable[[Trail], None]) -> None:
    with trail([4, 3]) as (made, _, _):
        attack(made)
        assert [fault.what for fault in made.report().faults if "signature" in fault.what]


@briefly
@given(GROWTH, GROWTH)
def test_tampering_with_one_log_accuses_no_other(growth: list[int], others: list[int]) -> None:
    with trail(growth) as (made, _, _):
        made.append(*map(event, range(sum(others))), log=OTHER)
        made.tamper(f"UPDATE audit_event SET status = 500 WHERE log = {OTHER} AND seq = 0")
        assert {fault.log for fault in made.report().faults} == {OTHER}
        assert HOSPITAL not in {fault.log for fault in made.report().faults}


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE audit_head SET frontier = 'words where bytes belong'",
        "UPDATE audit_event SET patient = 'words where bytes belong' WHERE seq = 1",
        "UPDATE audit_event SET status = x'00' WHERE seq = 1",
    ],
)
def test_a_cell_of_another_type_is_a_fault_and_hides_no_other_log(attack: str) -> None:
    """SQLite keeps words in a column of bytes when it is told to: verification must not fall over them."""
    with trail([3, 2]) as (made, _, _):
        made.append(event(9), log=OTHER)
        made.tamper(f"{attack} {'AND' if 'WHERE' in attack else 'WHERE'} log = {HOSPITAL}")
        report = made.report()
        assert not report.ok
        assert {fault.log for fault in report.faults} == {HOSPITAL}
        assert report.logs == 2


def test_attack_an_event_numbered_far_beyond_the_end_does_not_keep_the_verifier_busy():
    with trail([3, 4]) as (made, size, _):
        made.tamper(f"UPDATE audit_event SET seq = {2**60} WHERE seq = {size - 1}")
        places = made.places()
    assert places[0] == (size - 1, 2**60 - 1)
    assert places[-1] == (size, 2**60)
