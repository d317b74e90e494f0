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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from gateway.custody import merkle, note
from gateway.custody.audit import EMPTY, Head, head_of, leaf
from gateway.custody.database import Database
from gateway.custody.errors import Tampered
from gateway.custody.ids import Tenant
from gateway.custody.note import BadNote, Checkpoint
from gateway.custody.signing import Signer
from gateway.custody.tables import audit_event, audit_head

FOLDER = "checkpoints"
"""Below the data directory."""


@dataclass(frozen=True, slots=True)
class Witness:
    """What stands outside the database about one log. ``damaged`` counts notes that did not verify."""

    checkpoints: tuple[Checkpoint, ...]
    leaves: bytes
    damaged: int = 0


def take(database: Database, folder: Path, signer: Signer, now: int) -> list[Checkpoint]:
    """Sign the head of every log that grew since its last note; ``Tampered`` where one cannot be signed."""
    with database.read() as conn:
        logs = [
            Tenant(number) for number in conn.scalars(select(audit_head.c.log).order_by(audit_head.c.log))
        ]
    taken = [_take_one(database, folder, signer, (Tenant(log), now)) for log in logs]
    return [checkpoint for checkpoint in taken if checkpoint is not None]


def _take_one(
    database: Database, folder: Path, signer: Signer, moment: tuple[Tenant, int]
) -> Checkpoint | None:
    log, now = moment
    with _locked(folder, log):
        last = _last(folder, log, signer)
        with database.read() as conn:
            head = head_of(conn, log)
            if head.size == last.size and head.frontier == last.frontier:
                return None
            leaves = _checked_leaves(conn, log, last, head)
        checkpoint = Checkpoint(signer.origin(log), head.size, head.frontier, now)
        _write(folder / f"{log}.leaves", last.size * merkle.HASH_BYTES, b"".join(leaves))
        _write(folder / f"{log}.log", None, (note.sign(checkpoint, signer.key) + "\n").encode())
    return checkpoint


def _checked_leaves(conn: Connection, log: Tenant, last: Head, head: Head) -> list[bytes]:
    """The leaves between two heads, found to lead from the one to the other."""
    query = select(audit_event).where(audit_event.c.log == log, audit_event.c.seq >= last.size)
    rows = conn.execute(query.order_by(audit_event.c.seq).limit(max(0, head.size - last.size)))
    leaves = [leaf(tuple(row)) for row in rows]
    if merkle.grow(last.frontier, last.size, leaves) != (head.frontier, head.size):
        raise Tampered(f"Audit log {log} does not continue its last checkpoint; run `careloom audit verify`.")
    return leaves


def _last(folder: Path, log: Tenant, signer: Signer) -> Head:
    checkpoints = _witness(folder, log, signer).checkpoints
    if not checkpoints:
        return EMPTY
    return Head(checkpoints[-1].size, checkpoints[-1].frontier, checkpoints[-1].time)


def witnesses(folder: Path, signer: Signer) -> Mapping[Tenant, Witness]:
    """Everything that stands outside the database, by log."""
    logs = sorted(int(path.stem) for path in folder.glob("*.log") if path.stem.isdecimal())
    return {Tenant(log): witness(folder, Tenant(log), signer) for log in logs}


def witness(folder: Path, log: Tenant, signer: Signer) -> Witness:
    """Everything that stands outside the database about one log."""
    return _witness(folder, log, signer, whole=True)


def _witness(folder: Path, log: Tenant, signer: Signer, *, whole: bool = False) -> Witness:
    try:
        text = (folder / f"{log}.log").read_text("utf-8")
    except FileNotFoundError:
        return Witness((), b"")
    checkpoints, damaged = [], 0
    for block in _notes(text):
        try:
            checkpoints.append(note.open_note(block, signer.origin(log), signer.trusted))
        except BadNote:
            damaged += 1
    covered = max((c.size for c in checkpoints), default=0) * merkle.HASH_BYTES
    return Witness(tuple(checkpoints), _leaves(folder / f"{log}.leaves", covered) if whole else b"", damaged)


def _notes(text: str) -> Iterator[str]:
    """The notes of a file: each is two paragraphs, and an empty line ends it."""
    paragraphs = [part for part in text.split("\n\n") if part.strip()]
    for at in range(0, len(paragraphs), 2):
        yield "\n\n".join(paragraphs[at : at + 2])


def _leaves(path: Path, length: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(length)
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
