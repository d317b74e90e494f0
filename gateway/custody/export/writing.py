"""Writes an export of the trail: a folder that proves by itself that it is whole and as it was written.

0. That it is made stands in each log that it is made of, and so in the export.
1. Sign where the logs stand, so that every event is covered. A log that cannot be signed is exported all the
   same: what is wrong with it is what the reader wants to find.
2. For each log: its notes; for a whole log the signed leaves too; and each event with its inclusion proof.
3. The manifest says what the folder holds, under the same signature: nothing can be left out of it unseen.
4. The verifier is copied beside it, and the folder gets its name: a run that dies leaves none of that name.
"""

from __future__ import annotations

import base64
import csv
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from sqlalchemy import Connection, and_, func, select

from gateway.custody import audit, checkpoint, note
from gateway.custody.audit import COLUMNS, EMPTY, Head, head_of
from gateway.custody.checkpoint import Witness
from gateway.custody.database import Database
from gateway.custody.errors import CustodyError, Tampered
from gateway.custody.export.paths import Paths
from gateway.custody.ids import Tenant
from gateway.custody.signing import Signer
from gateway.custody.tables import audit_event, audit_head

FORMAT = 1
NDJSON, CSV = "ndjson", "csv"
ABSENT = r"\N"
"""What stands in a CSV cell that has no value: an empty text is one."""

_VERIFIER = Path(__file__).with_name("verifier.py")
_BATCH = 5_000
_c = audit_event.c
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Wish:
    """What to export: these logs (all, when None), events from ``since`` up to ``until`` in microseconds."""

    logs: frozenset[Tenant] | None = None
    since: int | None = None
    until: int | None = None
    form: str = NDJSON

    @property
    def whole(self) -> bool:
        return self.since is None and self.until is None


@dataclass(frozen=True, slots=True)
class Source:
    """Where the trail lies: the database, and what stands outside it."""

    database: Database
    witnesses: Path
    signer: Signer


@dataclass(frozen=True, slots=True)
class Exported:
    """One log in an export: events ``first`` up to, and without, ``end``."""

    log: Tenant
    first: int
    end: int
    whole: bool
    head: Head

    def told(self, origin: str) -> dict[str, Any]:
        frontier = [part.hex() for part in self.head.frontier]
        head = {"size": self.head.size, "frontier": frontier}
        stretch = {"first": self.first, "end": self.end, "whole": self.whole}
        return {"log": self.log, "origin": origin, **stretch, "head": head}


def export(source: Source, target: Path, wish: Wish, now: int, progress: Progress) -> list[Exported]:
    """Make the folder ``target``; raises ``FileExistsError`` where something of that name is."""
    if target.exists():
        raise FileExistsError(target)
    found = checkpoint.witnesses(source.witnesses, source.signer)
    with source.database.read() as conn:
        logs = [log for log in _logs(conn, found) if wish.logs is None or log in wish.logs]
    for log in logs:
        _record(source.database, log, now)
    _signed(source, now)
    building = target.with_name(f".{target.name}.part")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(mode=0o700, parents=True)
    with source.database.read() as conn:
        written = [_one(conn, source, building, (log, wish), progress) for log in logs]
    _close(building, source.signer, wish, written, now)
    _owners_only(building)
    building.rename(target)
    return written


def _owners_only(folder: Path) -> None:
    """Whatever the umask is: who may read the files when they leave their folder is for the owner to say."""
    for place in folder.rglob("*"):
        if place.is_file():
            place.chmod(0o600)


def _record(database: Database, log: Tenant, now: int) -> None:
    """A look into the trail is an event too; in a log whose end is damaged none can follow."""
    event = audit.Event(now, "audit:export", "R", "0", 200, detail="command line")
    with suppress(CustodyError), database.write() as conn:
        audit.append(conn, log, [event])


def _signed(source: Source, now: int) -> None:
    with suppress(Tampered):
        checkpoint.take(source.database, source.witnesses, source.signer, now)


def _logs(conn: Connection, found: Any) -> list[Tenant]:
    heads = {Tenant(number) for number in conn.scalars(select(audit_head.c.log))}
    return sorted(heads | set(found))


def _one(
    conn: Connection, source: Source, folder: Path, what: tuple[Tenant, Wish], progress: Progress
) -> Exported:
    log, wish = what
    witness = checkpoint.witness(source.witnesses, log, source.signer)
    head = _head(conn, log)
    first, end = _stretch(conn, log, wish, head)
    place = folder / str(log)
    place.mkdir(mode=0o700)
    notes = source.witnesses / f"{log}.log"
    if notes.exists():
        shutil.copyfile(notes, place / "checkpoints")
    if wish.whole:
        (place / "leaves").write_bytes(witness.leaves)
    _write_events(place, _rows(conn, log, first, end), witness, wish.form, progress)
    return Exported(log, first, end, wish.whole, head)


def _head(conn: Connection, log: Tenant) -> Head:
    try:
        return head_of(conn, log)
    except Tampered:
        return EMPTY


def _stretch(conn: Connection, log: Tenant, wish: Wish, head: Head) -> tuple[int, int]:
    """Which events: without a gap, so that one left out is missed, whatever clocks said in between."""
    if wish.whole:
        last = conn.scalar(select(func.max(_c.seq)).where(_c.log == log))
        return 0, max(head.size, 0 if last is None else last + 1)
    times = [_c.log == log]
    times += [] if wish.since is None else [_c.time >= wish.since]
    times += [] if wish.until is None else [_c.time < wish.until]
    low, high = conn.execute(select(func.min(_c.seq), func.max(_c.seq)).where(and_(*times))).one()
    return (0, 0) if low is None else (low, high + 1)


def _rows(conn: Connection, log: Tenant, first: int, end: int) -> Iterator[Sequence[Any]]:
    inside = and_(_c.log == log, _c.seq >= first, _c.seq < end)
    query = select(audit_event).where(inside).order_by(_c.seq)
    with conn.execute(query.execution_options(yield_per=_BATCH)) as result:
        yield from result


def _write_events(
    place: Path, rows: Iterator[Sequence[Any]], witness: Witness, form: str, progress: Progress
) -> None:
    paths = Paths(witness.leaves)
    with (place / f"events.{form}").open("w", encoding="utf-8", newline="") as file:
        write = _lines(file) if form == NDJSON else _cells(file)
        for count, row in enumerate(rows, 1):
            write([*map(_plain, row), _proof(paths, row[1])])
            if not count % _BATCH:
                progress(_BATCH)


def _lines(file: TextIO) -> Callable[[list[Any]], None]:
    names = (*COLUMNS, "proof")

    def write(cells: list[Any]) -> None:
        file.write(json.dumps(dict(zip(names, cells, strict=True)), ensure_ascii=False) + "\n")

    return write


def _cells(file: TextIO) -> Callable[[list[Any]], None]:
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow((*COLUMNS, "proof"))

    def write(cells: list[Any]) -> None:
        rows.writerow([ABSENT if cell is None else cell for cell in cells])

    return write


def _plain(cell: Any) -> Any:
    return bytes(cell).hex() if isinstance(cell, bytes | memoryview) else cell


def _proof(paths: Paths, seq: int) -> str | None:
    """The audit path under the newest checkpoint, hash behind hash; None for what it does not cover."""
    return base64.b64encode(b"".join(paths.path(seq))).decode() if seq < paths.size else None


def _close(folder: Path, signer: Signer, wish: Wish, written: list[Exported], now: int) -> None:
    shutil.copyfile(_VERIFIER, folder / "verify.py")
    told = {
        "format": FORMAT,
        "made": now,
        "form": wish.form,
        "columns": [[column.name, column.type.python_type.__name__] for column in audit_event.columns],
        "keys": [key.public_bytes_raw().hex() for key in signer.trusted],
        "logs": [one.told(signer.origin(one.log)) for one in written],
    }
    text = f"{signer.export_name}\n{json.dumps(told)}\n"
    (folder / "manifest").write_text(note.signed(text, signer.export_name, signer.key), "utf-8")
    (folder / "README.txt").write_text(_README, "utf-8")


_README = """\
An export of Careloom's audit trail. Check it with Python 3.8 or newer and nothing else:

    python3 verify.py

It exits 0 when every event is here and is as it was written, else it says what is wrong and where. The key
that it prints must be the one that the organization told you on another way; give it with --key to have it
compared. One folder per log: events, the signed checkpoints (C2SP tlog-checkpoint), and for a whole log the
hash of each event. The file `manifest` says what the folder holds, under the same signature.
"""
