"""Archives the oldest months of the trail, in steps of which each may be the last one before a ``kill -9``.

1. What a run that was killed has archived and not taken out is taken out.
2. It is asked whether anything forbids it: the years that the trail is kept, a legal hold, a retention rule,
   and, once it is known what would go, a SIEM that has not got it yet.
3. The logs are signed, so that every event has its leaf outside the database. An altered log is not archived.
4. The archive is written, read back by its own verifier, forced to the disk, and gets its name.
5. Notes say, signed, up to where each log is archived.
6. One transaction records the deed in each log and moves its mark; the rows go (``taking``).

Killed before 4 ends, nothing has happened; before 5, the next run finds the archive and goes on; behind 5,
the next run begins with 1. At no moment is an event in neither place.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from gateway.custody import checkpoint
from gateway.custody.archive import folder, limits, notes, taking
from gateway.custody.export.writing import Exported, Progress, Source
from gateway.custody.ids import Tenant
from gateway.custody.months import Month
from gateway.custody.note import Checkpoint
from gateway.custody.operator import COMMAND_LINE, By
from gateway.custody.periods import Period
from gateway.custody.receivers import Logs
from gateway.custody.tables import audit_head


@dataclass(frozen=True, slots=True)
class Wish:
    """Archive what is from before a month into a folder below ``to``; ``keep`` is how long the trail is kept,
    ``waiting`` who is handed its events, and of which logs, and ``by`` names in it who archived."""

    before: Month
    to: Path
    keep: Period
    by: By = COMMAND_LINE
    waiting: Mapping[str, Logs | None] = field(default_factory=dict)

    @property
    def place(self) -> Path:
        return self.to / f"before-{self.before}"


@dataclass(frozen=True, slots=True)
class Made:
    """What a run archived, and how many events of a run that was killed it took out first."""

    place: Path
    parts: tuple[Exported, ...]
    finished: int

    @property
    def events(self) -> int:
        return sum(part.end - part.first for part in self.parts)


def archive(source: Source, wish: Wish, now: int, progress: Progress) -> Made:
    """Archive, and say what; raises ``ArchiveRefused``, or ``Tampered`` for a log that was altered."""
    source.witnesses.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(source.witnesses):
        return _archive(source, wish, now, progress)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One run at a time, whatever process it is in."""
    with (folder / "archive.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _archive(source: Source, wish: Wish, now: int, progress: Progress) -> Made:
    finished = _take_out(source, wish, now)  # 1
    with source.database.read() as conn:  # 2
        limits.check(conn, wish.before, wish.keep, now)
    checkpoint.take(source.database, source.witnesses, source.signer, now)  # 3
    parts = _parts(source, wish)
    if not parts:
        return Made(wish.place, (), finished)
    wish.to.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.write(source, wish.place, parts, now, progress)  # 4
    for part in parts:  # 5
        said = Checkpoint(
            notes.origin(source.signer, part.log), part.end, part.head.frontier, wish.before.start
        )
        notes.add(source.witnesses, part.log, said, source.signer)
    _take_out(source, wish, now)  # 6
    return Made(wish.place, parts, finished)


def _parts(source: Source, wish: Wish) -> tuple[Exported, ...]:
    known = notes.every(source.witnesses, source.signer)
    with source.database.read() as conn:
        logs = [Tenant(log) for log in conn.scalars(select(audit_head.c.log).order_by(audit_head.c.log))]
        found = [folder.stretch(conn, source, log, known.get(log), wish.before.start) for log in logs]
        parts = tuple(part for part in found if part is not None)
        limits.check_taken(conn, {part.log: part.end for part in parts}, wish.waiting)
    return parts


def _take_out(source: Source, wish: Wish, now: int) -> int:
    known = notes.every(source.witnesses, source.signer)
    return taking.take_out(source.database, known, now, wish.by)
