"""Signed tree heads kept outside the database, where whoever rules the database cannot reach.

For each log two files that only grow: ``<log>.log`` with the signed notes, and ``<log>.leaves`` with the 32
bytes of every leaf that a note covers. The note proves *that* something was altered, the leaves say *where*.
A head is signed only after the rows since the last note were found to lead to it. What an attacker gains who
rewrites the database between two checkpoints is at most the events between them; who holds the audit key as
well can sign another history, so the key is its own file, and the notes belong copied to a second place.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from gateway.custody import asfound, merkle, note
from gateway.custody.audit import EMPTY, Head
from gateway.custody.database import Database
from gateway.custody.errors import Tampered
from gateway.custody.ids import Tenant
from gateway.custody.note import BadNote, Checkpoint
from gateway.custody.receivers import Cursor
from gateway.custody.signing import Signer
from gateway.custody.tables import audit_event, audit_head

FOLDER = "checkpoints"
"""Below the data directory."""

_TAIL = 64 * 1024
"""More than a note of the largest tree, in bytes."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How far a log may grow, and how long it may wait, until its head is signed again."""

    events: int = 10_000
    micros: int = 60_000_000

    def due(self, last: Head, head: Head, now: int) -> bool:
        """Whether this head is to be signed now."""
        return head.size - last.size >= self.events or now - last.last_time >= self.micros


AT_ONCE = Pace(1, 0)


@dataclass(frozen=True, slots=True)
class Witness:
    """What stands outside the database about one log. ``damaged`` counts notes that did not verify.

    ``beyond``: leaves behind the last note, by a run that was killed or by somebody who took notes away.
    """

    checkpoints: tuple[Checkpoint, ...]
    leaves: bytes
    damaged: int = 0
    beyond: bytes = b""

    @property
    def signed(self) -> int:
        """How many events a note covers."""
        return max((one.size for one in self.checkpoints), default=0)


_NOTHING = Witness((), b"")


def take(
    database: Database, folder: Path, signer: Signer, now: int, pace: Pace = AT_ONCE
) -> list[Checkpoint]:
    """Sign the head of every log that grew since its last note, once that is due; ``Tampered`` where one
    cannot be signed."""
    with database.read() as conn:
        logs = [
            Tenant(number) for number in conn.scalars(select(audit_head.c.log).order_by(audit_head.c.log))
        ]
    taken, refused = [], None
    for log in logs:
        try:
            taken.append(take_one(database, folder, signer, Moment(log, now, pace)))
        except Tampered as error:
            # The others are signed all the same: what is wrong with one log is no reason to trust them less.
            refused = refused or error
    if refused is not None:
        raise refused
    return [checkpoint for checkpoint in taken if checkpoint is not None]


@dataclass(frozen=True, slots=True)
class Moment:
    """Which log is to be signed, when, and whether that is due."""

    log: Tenant
    now: int
    pace: Pace


def take_one(database: Database, folder: Path, signer: Signer, moment: Moment) -> Checkpoint | None:
    """Sign the head of one log, where it grew and that is due; ``Tampered`` where it cannot be signed."""
    log, now = moment.log, moment.now
    with _locked(folder, log):
        last = _last(folder, log, signer)
        if last.size < signer.signed.get(log, 0):
            raise Tampered(f"The notes of audit log {log} were taken away; run `careloom audit verify`.")
        signer.signed[log] = last.size
        with database.read() as conn:
            head = asfound.head(conn, log)
            grown = head.size != last.size or head.frontier != last.frontier
            if not grown or not moment.pace.due(last, head, now):
                return None
            leaves = _checked_leaves(conn, log, last, head)
        if not continues(_leaves(folder / f"{log}.leaves", last.size), leaves):
            raise Tampered(
                f"Audit log {log} was signed further than its notes say; run `careloom audit verify`."
            )
        checkpoint = Checkpoint(signer.origin(log), head.size, head.frontier, now)
        _write(folder / f"{log}.leaves", last.size * merkle.HASH_BYTES, b"".join(leaves))
        _write(folder / f"{log}.log", None, (note.sign(checkpoint, signer.key) + "\n").encode())
        signer.signed[log] = head.size
    return checkpoint


def _checked_leaves(conn: Connection, log: Tenant, last: Head, head: Head) -> list[bytes]:
    """The leaves between two heads, found to lead from the one to the other."""
    after = (audit_event.c.log == log, audit_event.c.seq >= last.size, audit_event.c.seq < head.size)
    found = [asfound.leaf_of(row) for batch in asfound.events(conn, *after) for row in batch]
    leaves = [one for one in found if one is not None]
    if merkle.grow(last.frontier, last.size, leaves) != (head.frontier, head.size):
        raise Tampered(f"Audit log {log} does not continue its last checkpoint; run `careloom audit verify`.")
    return leaves


def continues(kept: bytes, leaves: Sequence[bytes]) -> bool:
    """Whether leaves that were kept without a note are these: what a run that was killed wrote, and no more.

    A leaf of zeros is one that the disk had not taken yet.
    """
    pieces = [kept[at : at + merkle.HASH_BYTES] for at in range(0, len(kept), merkle.HASH_BYTES)]
    written = [(at, one) for at, one in enumerate(pieces) if len(one) == merkle.HASH_BYTES and any(one)]
    return all(at < len(leaves) and leaves[at] == one for at, one in written)


def _last(folder: Path, log: Tenant, signer: Signer) -> Head:
    """The newest note that our key signed. It is at the end, so six years of notes are not read for it."""
    path = folder / f"{log}.log"
    newest = _newest(_end_of(path), log, signer) or _newest(_text(path), log, signer)
    return Head(newest.size, newest.frontier, newest.time) if newest else EMPTY


def _newest(text: str, log: Tenant, signer: Signer) -> Checkpoint | None:
    paragraphs = [part for part in text.split("\n\n") if part.strip()]
    for at in range(len(paragraphs) - 1, 0, -1):
        with suppress(BadNote):
            block = "\n\n".join(paragraphs[at - 1 : at + 1])
            return note.open_note(block, signer.origin(log), signer.trusted)
    return None


def _end_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            return file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return ""


def witnesses(folder: Path, signer: Signer) -> Mapping[Tenant, Witness]:
    """Everything that stands outside the database, by log."""
    files = [path for ending in ("*.log", "*.leaves") for path in folder.glob(ending)]
    logs = sorted({int(path.stem) for path in files if path.stem.isdecimal()})
    return {Tenant(log): witness(folder, Tenant(log), signer) for log in logs}


def stands(folder: Path, log: Tenant, signer: Signer) -> Cursor:
    """How far a log is signed."""
    last = _last(folder, log, signer)
    return Cursor(log, last.size, last.last_time)


def newest(folder: Path, log: Tenant, signer: Signer) -> Head:
    """The tree of the newest note of a log; its time is when it was signed."""
    return _last(folder, log, signer)


def beside(own: Mapping[Tenant, Witness], outside: Mapping[Tenant, Witness]) -> Mapping[Tenant, Witness]:
    """What stands here together with what is kept elsewhere: whatever was signed once must still be true."""
    return {log: _joined(own.get(log, _NOTHING), outside.get(log, _NOTHING)) for log in {*own, *outside}}


def _joined(own: Witness, other: Witness) -> Witness:
    checkpoints = tuple(dict.fromkeys((*own.checkpoints, *other.checkpoints)))
    # A note that is kept elsewhere alone covers leaves that lie here.
    leaves, cut = own.leaves + own.beyond, max((c.size for c in checkpoints), default=0) * merkle.HASH_BYTES
    return Witness(checkpoints, leaves[:cut], own.damaged + other.damaged, leaves[cut:])


def witness(folder: Path, log: Tenant, signer: Signer) -> Witness:
    """Everything that stands outside the database about one log."""
    checkpoints, damaged = [], 0
    for block in _notes(_text(folder / f"{log}.log")):
        try:
            checkpoints.append(note.open_note(block, signer.origin(log), signer.trusted))
        except BadNote:
            damaged += 1
    covered = max((c.size for c in checkpoints), default=0)
    leaves = _leaves(folder / f"{log}.leaves")
    cut = covered * merkle.HASH_BYTES
    return Witness(tuple(checkpoints), leaves[:cut], damaged, leaves[cut:])


def _notes(text: str) -> Iterator[str]:
    """The notes of a file: each is two paragraphs, and an empty line ends it."""
    paragraphs = [part for part in text.split("\n\n") if part.strip()]
    for at in range(0, len(paragraphs), 2):
        yield "\n\n".join(paragraphs[at : at + 2])


def _leaves(path: Path, first: int = 0) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(first * merkle.HASH_BYTES)
            return file.read()
    except FileNotFoundError:
        return b""


@contextmanager
def _locked(folder: Path, log: Tenant) -> Iterator[None]:
    """One checkpointer at a time for each log, whatever process it is in."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / f"{log}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _write(path: Path, at: int | None, content: bytes) -> None:
    """Write at the end, or over what no note covers; it is on the disk when this returns."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.lseek(descriptor, 0, os.SEEK_END) if at is None else os.lseek(descriptor, at, os.SEEK_SET)
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
