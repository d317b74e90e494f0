"""Signed notes as they stand one behind the other in a text: our own files, or somebody's copies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gateway.custody import note
from gateway.custody.ids import Tenant
from gateway.custody.note import BadNote, Checkpoint
from gateway.custody.receivers import Cursor
from gateway.custody.signing import Signer

_PIECE = 256 * 1024
_BREAK = b"\n\n"
_SIGNATURE = "— ".encode()


@dataclass(frozen=True, slots=True)
class Kept:
    """A checkpoint of ours as it is kept. ``text``: the whole note; ``end``: where the next one begins."""

    log: Tenant
    checkpoint: Checkpoint
    text: str
    end: int

    @property
    def cursor(self) -> Cursor:
        """Where somebody stands who has this and everything before it."""
        return Cursor(self.log, self.checkpoint.size, self.checkpoint.time, self.end)


def following(folder: Path, signer: Signer, cursor: Cursor) -> list[Kept]:
    """The next notes of a log behind a cursor, a piece of the file at a time; none when there are no more.

    A file that is shorter than the cursor is another one than it was made for (a backup was restored): it is
    read from its beginning, and what is older than the last note that was taken is left out.
    """
    path = folder / f"{cursor.log}.log"
    try:
        size = path.stat().st_size
        start = cursor.position if cursor.position <= size else 0
        with path.open("rb") as file:
            while start < size:
                file.seek(start)
                piece = file.read(_PIECE)
                found = list(_ours(piece, start, cursor.log, signer))
                new = [kept for kept in found if kept.checkpoint.time > cursor.time]
                last = max(piece.rfind(_BREAK) + len(_BREAK), 1)
                if new or len(piece) < _PIECE:
                    return new
                start = found[-1].end if found else start + last
    except FileNotFoundError:
        pass
    return []


def _ours(piece: bytes, start: int, log: Tenant, signer: Signer) -> Iterator[Kept]:
    for text, end in _notes(piece):
        with suppress(BadNote):
            yield Kept(log, note.open_note(text, signer.origin(log), signer.trusted), text, start + end)


def _notes(content: bytes) -> Iterator[tuple[str, int]]:
    """Each signature with the paragraph before it, and where the note ends. An unfinished end is none."""
    before, at = b"", 0
    while (end := content.find(_BREAK, at)) >= 0:
        paragraph = content[at:end]
        at = end + len(_BREAK)
        if paragraph.startswith(_SIGNATURE):
            yield _BREAK.join((before, paragraph)).decode("utf-8", "replace") + "\n", at
        before = paragraph


@dataclass(frozen=True, slots=True)
class Found:
    """What a text holds of one log. ``damaged``: notes in its name that our key did not sign."""

    log: Tenant
    checkpoints: tuple[Checkpoint, ...]
    damaged: int


def read(texts: Iterator[str], signer: Signer) -> Sequence[Found]:
    """Every note of this installation in these texts; what is of others is passed over."""
    checkpoints: dict[Tenant, set[Checkpoint]] = {}
    damaged: dict[Tenant, int] = {}
    for text in texts:
        for block, _ in _notes(text.encode() + _BREAK):
            log = _log(block.partition("\n")[0], signer)
            if log is None:
                continue
            try:
                opened = note.open_note(block, signer.origin(log), signer.trusted)
            except BadNote:
                damaged[log] = damaged.get(log, 0) + 1
            else:
                checkpoints.setdefault(log, set()).add(opened)
    logs = sorted({*checkpoints, *damaged})
    return [Found(log, _ordered(checkpoints.get(log, set())), damaged.get(log, 0)) for log in logs]


def _ordered(checkpoints: set[Checkpoint]) -> tuple[Checkpoint, ...]:
    return tuple(sorted(checkpoints, key=lambda one: (one.size, one.time)))


def _log(origin: str, signer: Signer) -> Tenant | None:
    number = origin.rpartition("/")[2]
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    log = Tenant(int(number))
    return log if signer.origin(log) == origin else None
