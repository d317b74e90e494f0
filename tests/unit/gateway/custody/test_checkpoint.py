"""When a head is signed, from where it goes on, and what is done about what is kept elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.custody import checkpoint
from gateway.custody.audit import EMPTY, Head
from gateway.custody.checkpoint import AT_ONCE, Pace, Witness, beside, stands, take
from gateway.custody.errors import Tampered
from gateway.custody.ids import Tenant
from gateway.custody.note import Checkpoint
from gateway.custody.receivers import Cursor
from tests.unit.gateway.custody.trails import HOSPITAL, START, Trail, event

MINUTE = 60_000_000
OTHER = Tenant(8)


@pytest.fixture
def trail(tmp_path: Path) -> Trail:
    return Trail(tmp_path)


def taken(trail: Trail, now: int, pace: Pace) -> list[tuple[str, int]]:
    signed = take(trail.database, trail.folder, trail.signer, now, pace)
    return [(one.origin.rpartition("/")[2], one.size) for one in signed]


@pytest.mark.parametrize(
    ("events", "micros", "due"),
    [(99, MINUTE - 1, False), (100, 0, True), (1, MINUTE, True), (0, MINUTE, True), (99, MINUTE, True)],
)
def test_a_head_is_due_after_so_many_events_or_so_long(events: int, micros: int, due: bool):
    last = Head(50, (), START)
    assert Pace(100, MINUTE).due(last, Head(50 + events, (), START), START + micros) is due


def test_what_was_never_signed_is_due_and_asked_at_once_everything_is():
    assert Pace(100, MINUTE).due(EMPTY, Head(1, (), START), START)
    assert AT_ONCE.due(Head(50, (), START), Head(51, (), START), START)


def test_each_log_has_its_own_pace(trail: Trail):
    pace = Pace(3, MINUTE)
    trail.append(event(0))
    trail.append(event(0), log=OTHER)
    assert taken(trail, START, pace) == [("7", 1), ("8", 1)]
    trail.append(*map(event, range(1, 4)))
    trail.append(event(1), log=OTHER)
    assert taken(trail, START + 1, pace) == [("7", 4)]
    assert taken(trail, START + MINUTE, pace) == [("8", 2)]
    assert taken(trail, START + 9 * MINUTE, pace) == []


def test_a_log_that_was_altered_keeps_no_other_from_being_signed(trail: Trail):
    trail.append(event(0))
    trail.append(event(0), log=OTHER)
    trail.tamper("UPDATE audit_event SET status = 500 WHERE log = 7")
    with pytest.raises(Tampered):
        trail.sign()
    assert stands(trail.folder, OTHER, trail.signer) == Cursor(OTHER, 1, START)
    assert stands(trail.folder, HOSPITAL, trail.signer) == Cursor(HOSPITAL)


def test_the_newest_note_is_found_without_reading_the_others(trail: Trail, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(checkpoint, "_TAIL", 600)
    for number in range(8):
        trail.append(event(number))
        assert trail.sign(START + number) == [number + 1]
    opened: list[int] = []
    monkeypatch.setattr(checkpoint, "_text", lambda path: opened.append(1) or "")
    assert stands(trail.folder, HOSPITAL, trail.signer).taken == 8
    assert opened == []


@pytest.mark.parametrize("behind", ["", "torn", "torn\n\n", "\n\n— careloom.log/x/7 AAAA\n\n"])
def test_what_stands_behind_the_newest_note_hides_it_from_nobody(trail: Trail, behind: str):
    trail.append(event(0))
    trail.sign(START)
    with (trail.folder / f"{HOSPITAL}.log").open("a", encoding="utf-8") as file:
        file.write(behind)
    assert stands(trail.folder, HOSPITAL, trail.signer).taken == 1


def test_where_the_end_holds_no_note_of_ours_the_whole_file_is_read(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
):
    trail.append(event(0))
    trail.sign(START)
    with (trail.folder / f"{HOSPITAL}.log").open("a", encoding="utf-8") as file:
        file.write("x" * 900)
    monkeypatch.setattr(checkpoint, "_TAIL", 600)
    assert stands(trail.folder, HOSPITAL, trail.signer).taken == 1


def test_what_is_kept_elsewhere_is_believed_beside_what_stands_here():
    one, two, three = (Checkpoint("o", size, (bytes([size]) * 32,), START) for size in (1, 2, 3))
    own = {HOSPITAL: Witness((one, two), b"leaves", 1)}
    outside = {HOSPITAL: Witness((two, three), b"", 2), OTHER: Witness((one,), b"")}
    assert beside(own, outside) == {
        HOSPITAL: Witness((one, two, three), b"leaves", 3),
        OTHER: Witness((one,), b"", 0),
    }
