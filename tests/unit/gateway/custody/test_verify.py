"""Each kind of tampering is found, and the place is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.custody.errors import Tampered
from gateway.custody.ids import SYSTEM, Tenant
from gateway.custody.providers.keyfile import RootSecrets
from gateway.custody.verify import Fault, joined
from tests.unit.gateway.custody.trails import START, Trail, event

COLUMNS = (
    "time = time + 1",
    "kind = 'x'",
    "outcome = '4'",
    "status = 500",
    "client_id = 'other'",
    "client_id = NULL",
    "organization = 8",
    "type = 'Group'",
    "id = zeroblob(16)",
    "version = 2",
    "patient = zeroblob(16)",
    "digest = zeroblob(32)",
    "detail = ''",
)


@pytest.fixture
def trail(tmp_path: Path) -> Trail:
    """Thirteen events, of which the first nine are signed."""
    trail = Trail(tmp_path)
    trail.append(*map(event, range(5)))
    trail.sign()
    trail.append(*map(event, range(5, 9)))
    trail.sign()
    trail.append(*map(event, range(9, 13)))
    return trail


def test_an_honest_trail_is_whole(trail: Trail) -> None:
    trail.append(event(0), log=SYSTEM)
    report = trail.report()
    assert report.ok
    assert (report.events, report.logs, report.checkpoints) == (14, 2, 2)


@pytest.mark.parametrize("change", COLUMNS)
def test_an_edit_under_a_checkpoint_is_named_exactly(trail: Trail, change: str) -> None:
    trail.tamper(f"UPDATE audit_event SET {change} WHERE seq = 6")
    assert trail.places() == [(6, 6)]


def test_an_edit_after_the_last_checkpoint_is_named_as_a_range(trail: Trail) -> None:
    trail.tamper("UPDATE audit_event SET status = 500 WHERE seq = 10")
    assert trail.places() == [(9, 11)]
    trail.tamper("UPDATE audit_event SET status = 500 WHERE seq = 12")
    assert trail.places() == [(9, 11), (12, 12)]


def test_two_edits_are_two_places(trail: Trail) -> None:
    trail.tamper("UPDATE audit_event SET status = 500 WHERE seq IN (2, 6)")
    assert trail.places() == [(2, 2), (6, 6)]


@pytest.mark.parametrize("gone", [0, 4, 8, 10])
def test_a_deletion_is_named(trail: Trail, gone: int) -> None:
    trail.tamper(f"DELETE FROM audit_event WHERE seq = {gone}")
    assert trail.places() == [(gone, gone)]


def test_truncation_is_found_by_the_head(trail: Trail) -> None:
    trail.tamper("DELETE FROM audit_event WHERE seq >= 11")
    assert trail.places() == [(11, 12)]


def test_truncation_with_the_head_put_back_is_found_by_the_checkpoint(trail: Trail) -> None:
    (trail.folder.parent / "other").mkdir()
    other = Trail(trail.folder.parent / "other")
    other.append(*map(event, range(6)))
    with other.database.read() as conn:
        frontier = conn.exec_driver_sql("SELECT frontier FROM audit_head").scalar_one()
    trail.tamper("DELETE FROM audit_event WHERE seq >= 6")
    trail.tamper(f"UPDATE audit_head SET size = 6, frontier = x'{frontier.hex()}'")
    assert trail.places() == [(6, 8)]


def test_the_loss_of_a_whole_log_is_found(trail: Trail) -> None:
    trail.tamper("DELETE FROM audit_event")
    trail.tamper("DELETE FROM audit_head")
    assert trail.places() == [(0, 8)]


def test_reordering_is_found(trail: Trail) -> None:
    for step in ("99 WHERE seq = 2", "2 WHERE seq = 3", "3 WHERE seq = 99"):
        trail.tamper(f"UPDATE audit_event SET seq = {step}")
    assert trail.places() == [(2, 2), (3, 3)]


def test_closing_the_gap_of_a_deletion_is_found(trail: Trail) -> None:
    trail.tamper("DELETE FROM audit_event WHERE seq = 3")
    for seq in range(4, 13):
        trail.tamper(f"UPDATE audit_event SET seq = {seq - 1} WHERE seq = {seq}")
    assert trail.places()[0] == (3, 3)


def test_insertion_is_found(trail: Trail) -> None:
    trail.tamper(
        "INSERT INTO audit_event (log, seq, time, kind, action, outcome, status)"
        f" VALUES (7, 13, {START + 13}, 'k', 'R', '0', 200)"
    )
    assert trail.places() == [(13, 13)]


def test_a_forked_history_with_a_matching_head_is_found_by_the_checkpoint(trail: Trail) -> None:
    (trail.folder.parent / "fork").mkdir()
    fork = Trail(trail.folder.parent / "fork")
    fork.folder = trail.folder
    fork.append(*map(event, range(6)), event(60), *map(event, range(7, 13)))
    assert fork.places()[0] == (6, 6)


def test_a_clock_that_was_put_back_is_named_once(trail: Trail) -> None:
    trail.append(event(13, START - 3_600_000_000), event(14, START - 3_599_000_000))
    assert trail.places() == [(13, 13)]


def test_writers_side_by_side_are_no_fault(trail: Trail) -> None:
    trail.append(event(13, START - 1_000_000))
    assert trail.report().ok


def test_a_checkpoint_that_was_edited_is_found(trail: Trail) -> None:
    file = trail.folder / "7.log"
    file.write_text(file.read_text().replace("\n5\n", "\n4\n"))
    assert [fault.what for fault in trail.report().faults] == [
        "1 checkpoint(s) of this log do not bear our signature"
    ]


def test_leaves_that_were_edited_are_found(trail: Trail) -> None:
    file = trail.folder / "7.leaves"
    file.write_bytes(bytes(32) + file.read_bytes()[32:])
    assert not trail.report().ok


def test_a_log_that_was_altered_is_not_signed(trail: Trail) -> None:
    trail.tamper("UPDATE audit_event SET status = 500 WHERE seq = 10")
    with pytest.raises(Tampered):
        trail.sign()
    assert trail.report().checkpoints == 2


def test_a_log_that_shrank_is_not_signed(trail: Trail) -> None:
    trail.tamper("UPDATE audit_head SET size = 0, frontier = x''")
    with pytest.raises(Tampered):
        trail.sign()


def test_nothing_new_is_not_signed_again(trail: Trail) -> None:
    assert trail.sign() == [13]
    assert trail.sign() == []


def test_leaves_of_a_checkpoint_that_was_never_signed_are_written_over(trail: Trail) -> None:
    with (trail.folder / "7.leaves").open("ab") as file:
        file.write(b"half of a crash")
    assert trail.report().ok
    trail.sign()
    trail.tamper("UPDATE audit_event SET status = 500 WHERE seq = 10")
    assert trail.places() == [(10, 10)]


def test_an_empty_store_has_nothing_wrong(tmp_path: Path) -> None:
    report = Trail(tmp_path).report()
    assert report.ok
    assert report.events == 0


def test_notes_of_an_older_key_hold_after_a_rotation(trail: Trail) -> None:
    trail.secrets = RootSecrets(2, {1: bytes(range(32)), 2: bytes(range(1, 33))})
    assert trail.sign() == [13]
    report = trail.report()
    assert report.ok
    assert report.checkpoints == 3


def test_neighbouring_faults_of_one_kind_are_told_as_one():
    one, other = "events are missing", "the event was changed"
    faults = [
        Fault(Tenant(1), 0, 0, one),
        Fault(Tenant(1), 1, 4, one),
        Fault(Tenant(1), 5, 5, other),
        Fault(Tenant(1), 7, 7, other),
        Fault(Tenant(2), 8, 8, other),
        Fault(Tenant(2), 9, 9, other),
    ]
    assert joined(faults) == [
        Fault(Tenant(1), 0, 4, one),
        Fault(Tenant(1), 5, 5, other),
        Fault(Tenant(1), 7, 7, other),
        Fault(Tenant(2), 8, 9, other),
    ]
    assert joined([]) == []
