"""Shows of one event that it stands in the tree that was signed: its leaf, the audit path, and the note.

The roots of complete blocks of 1,024 leaves are worked out once in a process and remembered (32 bytes for a
block); a signed leaf never changes, so they hold for ever. What a proof then takes is a block or two.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from gateway.console.asked import Desk
from gateway.custody import asfound, checkpoint, merkle, signing
from gateway.custody.checkpoint import FOLDER
from gateway.custody.errors import CustodyError
from gateway.custody.ids import Tenant
from gateway.custody.merkle import HASH_BYTES
from gateway.custody.tables import audit_event

BLOCK = 1_024
_c = audit_event.c


@dataclass(frozen=True, slots=True)
class Proof:
    """What can be shown of an event. Hashes in hexadecimal; ``signed`` in microseconds.

    ``state``: ``proven``, ``waiting`` for the next checkpoint, ``altered``, or ``unknown`` where the signed
    notes are not within reach.
    """

    state: str
    seq: int
    origin: str = ""
    size: int = 0
    signed: int = 0
    root: str = ""
    leaf: str = ""
    path: tuple[str, ...] = ()


class Blocks:
    """The leaves of one log as they were signed, and the roots of their blocks."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._roots: list[bytes] = []
        self._turn = threading.Lock()

    def path(self, seq: int, size: int) -> list[bytes]:
        """The audit path of a leaf in the tree of the first ``size`` (RFC 9162, 2.1.3)."""
        with self._turn, self._path.open("rb") as file:
            self._grow(file, size)
            found: list[bytes] = []
            low, high = 0, size
            while high - low > 1:
                middle = low + (1 << (high - low - 1).bit_length() - 1)
                beside = (middle, high) if seq < middle else (low, middle)
                found.append(self._root(file, *beside))
                low, high = (low, middle) if seq < middle else (middle, high)
        return found[::-1]

    def _grow(self, file: object, size: int) -> None:
        for at in range(len(self._roots), size // BLOCK):
            self._roots.append(merkle.tree_root(_leaves(file, at * BLOCK, (at + 1) * BLOCK)))

    def _root(self, file: object, low: int, high: int) -> bytes:
        if high - low < BLOCK:
            return merkle.tree_root(_leaves(file, low, high))
        if high - low == BLOCK and low % BLOCK == 0:
            return self._roots[low // BLOCK]
        middle = low + (1 << (high - low - 1).bit_length() - 1)
        return merkle.node_hash(self._root(file, low, middle), self._root(file, middle, high))


def _leaves(file: object, low: int, high: int) -> list[bytes]:
    file.seek(low * HASH_BYTES)  # type: ignore[attr-defined]
    raw = file.read((high - low) * HASH_BYTES)  # type: ignore[attr-defined]
    return [raw[at : at + HASH_BYTES] for at in range(0, len(raw), HASH_BYTES)]


_known: dict[Path, Blocks] = {}


def proof(desk: Desk, log: Tenant, seq: int) -> Proof:
    """What can be shown of an event that is there."""
    storage = desk.settings.storage
    folder = storage.data_dir / FOLDER
    try:
        signer = signing.load(storage.key_paths.audit)
    except CustodyError:
        return Proof("unknown", seq)
    newest = checkpoint.newest(folder, log, signer)
    if newest.size <= seq:
        return Proof("waiting" if (folder / f"{log}.log").exists() or not seq else "unknown", seq)
    leaf = _leaf(desk, log, seq)
    blocks = _known.setdefault(folder / f"{log}.leaves", Blocks(folder / f"{log}.leaves"))
    try:
        path = blocks.path(seq, newest.size)
    except OSError:
        return Proof("unknown", seq)
    holds = leaf is not None and merkle.included(leaf, seq, newest.size, path, newest.root)
    return Proof(
        state="proven" if holds else "altered",
        seq=seq,
        origin=signer.origin(log),
        size=newest.size,
        signed=newest.last_time,
        root=newest.root.hex(),
        leaf=leaf.hex() if leaf else "",
        path=tuple(one.hex() for one in path),
    )


def _leaf(desk: Desk, log: Tenant, seq: int) -> bytes | None:
    """The leaf of the event as it stands in the database at this moment."""
    with desk.vault.database.read() as conn:
        rows = [row for part in asfound.events(conn, _c.log == log, _c.seq == seq) for row in part]
    return asfound.leaf_of(rows[0]) if len(rows) == 1 else None
