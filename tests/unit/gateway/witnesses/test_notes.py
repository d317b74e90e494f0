"""Notes are found again in every text that holds them, and only those that our key signed count."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.custody import note
from gateway.custody.ids import Tenant
from gateway.custody.note import Checkpoint
from gateway.custody.providers.keyfile import RootSecrets
from gateway.custody.receivers import Cursor
from gateway.custody.signing import Signer
from gateway.witnesses import notes
from gateway.witnesses.notes import Kept, following, read
from tests.unit.gateway.custody.trails import HOSPITAL, START, Trail, event

OTHERS = Signer.of(RootSecrets(1, {1: bytes(range(1, 33))}))


@pytest.fixture
def trail(tmp_path: Path) -> Trail:
    trail = Trail(tmp_path)
    for number in range(5):
        trail.append(event(number))
        trail.sign(START + number)
    return trail


def after(trail: Trail, cursor: Cursor) -> list[Kept]:
    return following(trail.folder, trail.signer, cursor)


def file(trail: Trail) -> Path:
    return trail.folder / f"{HOSPITAL}.log"


def sizes(kept: list[Kept]) -> list[int]:
    return [one.checkpoint.size for one in kept]


def test_notes_follow_in_their_order_from_any_place(trail: Trail):
    every = after(trail, Cursor(HOSPITAL))
    assert sizes(every) == [1, 2, 3, 4, 5]
    assert every[-1].end == file(trail).stat().st_size
    for place, kept in enumerate(every):
        assert sizes(after(trail, kept.cursor)) == [1, 2, 3, 4, 5][place + 1 :]


def test_a_note_is_whole_as_it_was_signed(trail: Trail):
    kept = after(trail, Cursor(HOSPITAL))[2]
    opened = note.open_note(kept.text, trail.signer.origin(HOSPITAL), trail.signer.trusted)
    assert opened == kept.checkpoint
    assert note.sign(opened, trail.signer.key) == kept.text


@pytest.mark.parametrize("piece", [1_000, 1_500, 10_000])
def test_a_long_file_is_read_in_pieces(trail: Trail, monkeypatch: pytest.MonkeyPatch, piece: int):
    monkeypatch.setattr(notes, "_PIECE", piece)
    at, found = Cursor(HOSPITAL), list[int]()
    while some := after(trail, at):
        found += sizes(some)
        at = some[-1].cursor
    assert found == [1, 2, 3, 4, 5]


def test_an_end_that_is_being_written_is_none_yet(trail: Trail):
    whole = file(trail).read_bytes()
    file(trail).write_bytes(whole[:-1])
    assert sizes(after(trail, Cursor(HOSPITAL))) == [1, 2, 3, 4]


def test_what_another_signed_is_passed_over(trail: Trail):
    origin = trail.signer.origin(HOSPITAL)
    forged = note.sign(Checkpoint(origin, 0, (), START), OTHERS.key)
    file(trail).write_text(forged + "\n" + file(trail).read_text("utf-8"), "utf-8")
    assert sizes(after(trail, Cursor(HOSPITAL))) == [1, 2, 3, 4, 5]


def test_a_file_that_was_begun_anew_goes_on_with_what_is_newer(trail: Trail):
    last = after(trail, Cursor(HOSPITAL))[-1].cursor
    text = file(trail).read_text("utf-8")
    file(trail).unlink()
    (trail.folder / f"{HOSPITAL}.leaves").unlink()
    trail.sign(START + 100)
    assert file(trail).stat().st_size < len(text.encode())
    (kept,) = after(trail, last)
    assert (kept.checkpoint.size, kept.checkpoint.time) == (5, START + 100)


def test_of_a_file_that_was_restored_only_what_is_newer_is_taken(trail: Trail):
    last = after(trail, Cursor(HOSPITAL))[-1].cursor
    earlier = after(trail, Cursor(HOSPITAL))[1]
    file(trail).write_bytes(file(trail).read_bytes()[: earlier.end])
    assert after(trail, last) == []
    trail.sign(START + 100)
    assert sizes(after(trail, last)) == [5]


def test_no_file_is_no_note(trail: Trail, tmp_path: Path):
    assert following(tmp_path / "none", trail.signer, Cursor(HOSPITAL)) == []


# --- copies -------------------------------------------------------------------------------------------------


def test_copies_are_read_whatever_surrounds_them(trail: Trail):
    trail.append(event(1), log=Tenant(3))
    trail.sign(START + 9)
    mine = [file(trail).read_text("utf-8"), (trail.folder / "3.log").read_text("utf-8")]
    one = after(trail, Cursor(HOSPITAL))[0].text
    found = read(iter([*mine, one, "something\n\nelse", ""]), trail.signer)
    assert [(told.log, [c.size for c in told.checkpoints], told.damaged) for told in found] == [
        (3, [1], 0),
        (HOSPITAL, [1, 2, 3, 4, 5], 0),
    ]


def test_what_bears_our_name_and_not_our_signature_is_counted(trail: Trail):
    text = file(trail).read_text("utf-8").replace("\n3\n", "\n4\n", 1)
    (found,) = read(iter([text]), trail.signer)
    assert (found.damaged, [one.size for one in found.checkpoints]) == (1, [1, 2, 4, 5])


def test_what_is_another_installation_s_is_passed_over(trail: Trail):
    assert read(iter([file(trail).read_text("utf-8")]), OTHERS) == []
    odd = note.sign(Checkpoint(trail.signer.origin(HOSPITAL) + "x", 0, (), START), OTHERS.key)
    assert read(iter([odd]), trail.signer) == []
