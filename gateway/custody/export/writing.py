"""Writes an export of the trail: a folder that proves by itself that it is whole and as it was written.

0. That it is made stands in each log that it is made of, and so in the export.
1. Sign where the logs stand, so that every event is covered. A log that cannot be signed is exported all the
   same: what is wrong with it is what the reader wants to find.
2. For each log: its notes; for a whole log the signed leaves too; and each event with its inclusion proof.
   What was archived is not in the database: such a log begins behind it, with the tree as it was there.
3. Tables say who is who and what each column means, for whoever reads it without our source.
4. The manifest says what the folder holds, under the same signature: nothing can be left out of it unseen.
5. The verifier is copied beside it, and the folder gets its name: a run that dies leaves none of that name.
"""

from __future__ import annotations

import base64
import csv
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, TextIO

from sqlalchemy import Connection, and_, func, select

from gateway.custody import asfound, audit, checkpoint, note, partitions
from gateway.custody.archive import notes as archives
from gateway.custody.audit import COLUMNS, EMPTY, Head
from gateway.custody.checkpoint import Moment
from gateway.custody.database import Database
from gateway.custody.errors import CustodyError, Tampered
from gateway.custody.export import explained
from gateway.custody.export.explained import Seen, shielded
from gateway.custody.export.paths import Paths
from gateway.custody.ids import Tenant
from gateway.custody.merkle import HASH_BYTES, Frontier
from gateway.custody.operator import COMMAND_LINE, By
from gateway.custody.signing import Signer
from gateway.custody.tables import audit_event, audit_head
from gateway.custody.verify import UNSIGNED, Fault, joined

FORMAT = 1
NDJSON, CSV = "ndjson", "csv"
ABSENT = r"\N"
"""What stands in a CSV cell that has no value: an empty text is one."""

_VERIFIER = Path(__file__).with_name("verifier.py")
_BATCH = 5_000
_c = audit_event.c
_KINDS = tuple(column.type.python_type for column in audit_event.columns)
_BEFORE = "as verification said before the export"
_STRANGE = "\ufffd"
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Wish:
    """What to export: these logs (all, when None), events from ``since`` up to ``until`` in microseconds."""

    logs: frozenset[Tenant] | None = None
    since: int | None = None
    until: int | None = None
    form: str = NDJSON
    found: tuple[Fault, ...] = ()
    """What verification said right before."""
    by: By = COMMAND_LINE

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
    """One log in an export: events ``first`` up to, and without, ``end``.

    Where it is ``whole``, so that the tree can be built anew, ``before`` is the frontier of what comes before
    ``first``. In an archive the events are not ``proven`` one by one: its tree is.
    """

    log: Tenant
    first: int
    end: int
    whole: bool
    head: Head
    before: Frontier = ()
    proven: bool = True

    def told(self, origin: str) -> dict[str, Any]:
        head = {"size": self.head.size, "frontier": _hexadecimal(self.head.frontier)}
        stretch = {"first": self.first, "end": self.end, "whole": self.whole}
        more = {"before": _hexadecimal(self.before), "proven": self.proven}
        return {"log": self.log, "origin": origin, **stretch, **more, "head": head}


@dataclass(frozen=True, slots=True)
class Making:
    """A folder while it is written, in which form, and who is told of each batch."""

    folder: Path
    form: str
    progress: Progress
    seen: Seen = field(default_factory=Seen)


def _hexadecimal(frontier: Frontier) -> list[str]:
    return [part.hex() for part in frontier]


def export(source: Source, target: Path, wish: Wish, now: int, progress: Progress) -> list[Exported]:
    """Make the folder ``target``; raises ``FileExistsError`` where something of that name is."""
    if target.exists():
        raise FileExistsError(target)
    witnesses = checkpoint.witnesses(source.witnesses, source.signer)
    with source.database.read() as conn:
        logs = [log for log in _logs(conn, witnesses) if wish.logs is None or log in wish.logs]
    for log in logs:
        found = [fault for fault in wish.found if fault.log == log]
        _record(source.database, log, now, (len(found), wish.by))
        if not any(fault.kind == UNSIGNED for fault in found):
            _signed(source, log, now)
    building = begun(target)
    making = Making(building, wish.form, progress)
    with source.database.read() as conn:
        partitions.hold(conn)
        written = [_one(conn, source, making, (log, wish)) for log in logs]
        explained.write(conn, building, logs, making.seen)
    close(making, source.signer, written, now, tuple(one for one in wish.found if one.log in logs))
    building.rename(target)
    return written


def begun(target: Path) -> Path:
    """An empty folder beside the one to be made; what a run that died left there is gone."""
    building = target.with_name(f".{target.name}.part")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(mode=0o700, parents=True)
    return building


def _owners_only(folder: Path) -> None:
    """Whatever the umask is: who may read the files when they leave their folder is for the owner to say."""
    for place in folder.rglob("*"):
        if place.is_file():
            place.chmod(0o600)


def _record(database: Database, log: Tenant, now: int, told: tuple[int, By]) -> None:
    """A look into the trail is an event too; in a log whose end is damaged none can follow."""
    faults, by = told
    said = f"{by}; verification found {faults} fault(s) before" if faults else str(by)
    event = audit.Event(now, "audit:export", "R", "0", 200, user=by.user, detail=said)
    with suppress(CustodyError), database.write() as conn:
        # Whatever stands in its cells: what is wrong with a head is said later.
        asfound.head(conn, log)
        audit.append(conn, log, [event])


def _signed(source: Source, log: Tenant, now: int) -> None:
    """Where notes were taken away nothing is signed over it."""
    with suppress(Tampered):
        checkpoint.take_one(
            source.database, source.witnesses, source.signer, Moment(log, now, checkpoint.AT_ONCE)
        )


def _logs(conn: Connection, found: Any) -> list[Tenant]:
    heads = {Tenant(number) for number in conn.scalars(select(audit_head.c.log))}
    return sorted(heads | set(found))


def _one(conn: Connection, source: Source, making: Making, what: tuple[Tenant, Wish]) -> Exported:
    log, wish = what
    archived = archives.newest(source.witnesses, log, source.signer) if wish.whole else None
    head = _head(conn, log)
    first, end = _stretch(conn, log, wish, head)
    stretch = Exported(log, first, end, wish.whole, head)
    if archived is not None:
        stretch = replace(stretch, first=archived.size, before=archived.frontier)
    write_log(conn, source, making, stretch)
    return stretch


def write_log(conn: Connection, source: Source, making: Making, stretch: Exported) -> None:
    """Write a folder for one log."""
    witness = checkpoint.witness(source.witnesses, stretch.log, source.signer)
    place = making.folder / str(stretch.log)
    place.mkdir(mode=0o700)
    notes = source.witnesses / f"{stretch.log}.log"
    if stretch.proven and notes.exists():
        shutil.copyfile(notes, place / "checkpoints")
    if stretch.whole:
        end = None if stretch.proven else stretch.end * HASH_BYTES
        (place / "leaves").write_bytes(witness.leaves[stretch.first * HASH_BYTES : end])
    paths = Paths(witness.leaves if stretch.proven else b"")
    _write_events(place, _rows(conn, stretch), paths, making)


def _head(conn: Connection, log: Tenant) -> Head:
    try:
        return asfound.head(conn, log)
    except Tampered:
        return EMPTY


def _stretch(conn: Connection, log: Tenant, wish: Wish, head: Head) -> tuple[int, int]:
    """Which events: without a gap, so that one left out is missed, whatever clocks said in between."""
    if wish.whole:
        last = conn.scalar(select(func.max(_c.seq)).where(_c.log == log))
        return 0, max(head.size, last + 1 if type(last) is int else 0)
    times = [_c.log == log]
    times += [] if wish.since is None else [_c.time >= wish.since]
    times += [] if wish.until is None else [_c.time < wish.until]
    low, high = conn.execute(select(func.min(_c.seq), func.max(_c.seq)).where(and_(*times))).one()
    return (0, 0) if low is None else (low, high + 1)


def _rows(conn: Connection, stretch: Exported) -> Iterator[Sequence[Any]]:
    inside = (_c.log == stretch.log, _c.seq >= stretch.first, _c.seq < stretch.end)
    for batch in asfound.events(conn, *inside):
        yield from batch


def _write_events(place: Path, rows: Iterator[Sequence[Any]], paths: Paths, making: Making) -> None:
    with (place / f"events.{making.form}").open("w", encoding="utf-8", newline="") as file:
        write = _lines(file) if making.form == NDJSON else _cells(file)
        for count, row in enumerate(rows, 1):
            making.seen.add(row)
            write([*map(_plain, row, _KINDS), _proof(paths, row[1])])
            if not count % _BATCH:
                making.progress(_BATCH)


def _lines(file: TextIO) -> Callable[[list[Any]], None]:
    names = (*COLUMNS, "proof")

    def write(cells: list[Any]) -> None:
        file.write(json.dumps(dict(zip(names, cells, strict=True)), ensure_ascii=False) + "\n")

    return write


def _cells(file: TextIO) -> Callable[[list[Any]], None]:
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow((*COLUMNS, "proof"))

    def write(cells: list[Any]) -> None:
        rows.writerow([ABSENT if cell is None else shielded(cell) for cell in cells])

    return write


def _plain(cell: Any, kind: type) -> Any:
    """A cell as it is read back. What is not of its column's kind, or no UTF-8, is made unlike any that is:
    so its event is one that was changed, and is never mended by being written out."""
    if isinstance(cell, memoryview):
        cell = bytes(cell)
    text = cell.hex() if isinstance(cell, bytes) else cell
    if cell is not None and type(cell) is not kind:
        return f"{_STRANGE}{text}".encode("utf-8", "replace").decode()
    return text.encode("utf-8", "replace").decode() if isinstance(text, str) else text


def _proof(paths: Paths, seq: int) -> str | None:
    """The audit path under the newest checkpoint, hash behind hash; None for what it does not cover."""
    return base64.b64encode(b"".join(paths.path(seq))).decode() if seq < paths.size else None


def close(
    making: Making, signer: Signer, written: list[Exported], now: int, found: tuple[Fault, ...] = ()
) -> None:
    """Add what says, signed, which events the folder holds, and the means to check it."""
    folder = making.folder
    shutil.copyfile(_VERIFIER, folder / "verify.py")
    told = {
        "format": FORMAT,
        "made": now,
        "form": making.form,
        "shielded": making.form == CSV,
        "files": {name: _digest(folder / name) for name in explained.TABLES if (folder / name).exists()},
        "columns": [[column.name, column.type.python_type.__name__] for column in audit_event.columns],
        "keys": [key.public_bytes_raw().hex() for key in signer.trusted],
        "logs": [one.told(signer.origin(one.log)) for one in written],
        "found": [asdict(replace(one, what=f"{one.what} ({_BEFORE})")) for one in joined(found)],
    }
    text = f"{signer.export_name}\n{json.dumps(told)}\n"
    (folder / "manifest").write_text(note.signed(text, signer.export_name, signer.key), "utf-8")
    (folder / "README.txt").write_text(_README, "utf-8")
    _owners_only(folder)


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


_README = """\
An export of Careloom's audit trail. Check it with Python 3.8 or newer and nothing else:

    python3 verify.py

It exits 0 when every event is here and is as it was written, else it says what is wrong and where. The key
that it prints must be the one that the organization told you on another way; give it with --key to have it
compared. One folder per log: events, the signed checkpoints (C2SP tlog-checkpoint), and for a whole log the
hash of each event. The file `manifest` says what the folder holds, under the same signature.

organizations.csv says whose log each folder is, clients.csv who is behind a client_id, columns.csv what each
column of the events means. In CSV a text that a spreadsheet would take for a formula has a ' before it.
"""
