"""What was archived of a log, as signed notes beside its checkpoints: ``<log>.archive``, which only grows.

A note is a tree head under a name of its own: the first ``size`` events, whose tree has this frontier, lie in
archives, and all of them are from before ``time``. By it verification knows an archive from a truncation, and
goes on from that tree without the events. It is signed when the archive has been read back, and before any
row goes. The name is its own, so that no checkpoint passes for such a note.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from gateway.custody import note
from gateway.custody.ids import Tenant
from gateway.custody.note import BadNote, Checkpoint
from gateway.custody.signing import Signer

_SUFFIX = ".archive"


def origin(signer: Signer, log: Tenant) -> str:
    """The name under which it is signed what was archived of a log."""
    return f"{signer.origin(log)}/archived"


def add(folder: Path, log: Tenant, archived: Checkpoint, signer: Signer) -> None:
    """Say that this was archived; it is on the disk when this returns."""
    signed = note.sign(archived, signer.key) + "\n"
    path = folder / f"{log}{_SUFFIX}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        # What a killed run left unfinished is ended, so that it spoils no other.
        os.write(descriptor, ("\n\n" if _torn(path) else "").encode() + signed.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def newest(folder: Path, log: Tenant, signer: Signer) -> Checkpoint | None:
    """The largest stretch of a log of which our key says that it is archived."""
    found = []
    for block in _notes(_text(folder / f"{log}{_SUFFIX}")):
        with suppress(BadNote):
            found.append(note.open_note(block, origin(signer, log), signer.trusted))
    return max(found, key=lambda one: one.size, default=None)


def every(folder: Path, signer: Signer) -> Mapping[Tenant, Checkpoint]:
    """The same for each log that has an archive."""
    logs = sorted(int(path.stem) for path in folder.glob(f"*{_SUFFIX}") if path.stem.isdecimal())
    found = {Tenant(log): newest(folder, Tenant(log), signer) for log in logs}
    return {log: one for log, one in found.items() if one is not None}


def _notes(text: str) -> list[str]:
    """Every two paragraphs that follow one another: a torn note puts none behind it out of step."""
    parts = [part.strip("\n") for part in text.split("\n\n") if part.strip()]
    return [f"{one}\n\n{other}\n" for one, other in pairwise(parts)]


def _torn(path: Path) -> bool:
    text = _text(path)
    return bool(text) and not text.endswith("\n\n")


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except FileNotFoundError:
        return ""
