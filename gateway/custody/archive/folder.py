"""An archive as a folder: an export of one stretch of each log, with the tree before it and after it.

It is written beside its place, read back by the verifier that lies in it, and forced to the disk before it
gets its name. A folder that has the name already is that of a run which was killed behind this point: it is
as good, if it holds what is asked for and reads back as well.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from gateway.custody import checkpoint, merkle
from gateway.custody.archive.limits import ArchiveRefused
from gateway.custody.audit import EMPTY, Head
from gateway.custody.errors import Tampered
from gateway.custody.export import explained, verifier, writing
from gateway.custody.export.writing import NDJSON, Exported, Making, Progress, Source
from gateway.custody.ids import Tenant
from gateway.custody.merkle import HASH_BYTES
from gateway.custody.note import Checkpoint
from gateway.custody.tables import audit_event

_c = audit_event.c


def stretch(
    conn: Connection, source: Source, log: Tenant, last: Checkpoint | None, before: int
) -> Exported | None:
    """The events of a log behind its last archive, up to the first that is not from before this moment.

    None where there are none. ``Tampered`` where the leaves that were signed do not say which these are.
    """
    start = EMPTY if last is None else Head(last.size, last.frontier, last.time)
    younger = select(_c.seq).where(_c.log == log, _c.seq >= start.size, _c.time >= before)
    first_younger = conn.scalar(younger.order_by(_c.seq).limit(1))
    witness = checkpoint.witness(source.witnesses, log, source.signer)
    signed = len(witness.leaves) // HASH_BYTES
    end = signed if first_younger is None else int(first_younger)
    if end <= start.size:
        return None
    if end > signed:
        raise Tampered(f"The leaves of audit log {log} are not all there; run `careloom audit verify`.")
    leaves = (
        witness.leaves[at : at + HASH_BYTES]
        for at in range(start.size * HASH_BYTES, end * HASH_BYTES, HASH_BYTES)
    )
    frontier, _ = merkle.grow(start.frontier, start.size, leaves)
    head = Head(end, frontier, before)
    return Exported(log, start.size, end, True, head, start.frontier, proven=False)


def write(source: Source, place: Path, parts: Sequence[Exported], now: int, progress: Progress) -> None:
    """Make the archive ``place`` of these stretches, or find that it is made; raises ``ArchiveRefused``."""
    if place.exists():
        read_back(source, place, parts)
        return
    building = writing.begun(place)
    making = Making(building, NDJSON, progress)
    for part in parts:
        # One log at a time in a snapshot of its own: nothing of these stretches changes any more.
        with source.database.read() as conn:
            writing.write_log(conn, source, making, part)
    with source.database.read() as conn:
        explained.write(conn, building, [part.log for part in parts], making.seen)
    writing.close(making, source.signer, list(parts), now)
    read_back(source, building, parts)
    for one in (*building.rglob("*"), building):
        _forced(one)
    building.rename(place)
    _forced(place.parent)


def read_back(source: Source, place: Path, parts: Sequence[Exported]) -> None:
    """Refuse a folder that does not hold these stretches, or that the verifier does not find whole."""
    try:
        told, _ = verifier.manifest(place, _key(source))
        found = verifier.verify(place, _key(source))
    except (verifier.Broken, OSError, ValueError) as why:
        raise ArchiveRefused(f"{place} cannot be read back: {why}. Nothing was taken out.") from None
    if not found["ok"]:
        faults = "; ".join(map(_said, found["faults"][:3]))
        raise ArchiveRefused(f"{place} does not read back whole ({faults}). Nothing was taken out.")
    held = [_comparable(one) for one in told["logs"]]
    if [one for one in parts if _comparable(one.told(source.signer.origin(one.log))) not in held]:
        raise ArchiveRefused(f"{place} is there already and holds other events; name another folder.")


def _key(source: Source) -> bytes:
    return source.signer.key.public_key().public_bytes_raw()


def _said(fault: dict[str, Any]) -> str:
    return "log {log}, events {first} to {last}: {what}".format(**fault)


def _comparable(told: dict[str, Any]) -> tuple[Any, ...]:
    return told["log"], told["origin"], told["first"], told["end"], told["before"], told["head"]["frontier"]


def _forced(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
