"""Does what pages ordered (``runs``), in the courier: beside the web side, and not instead of it.

An export becomes one file below ``DIR/console``, its owner's alone, kept for a day. What ended is told to the
trail by ``audit:export``, which the export itself writes, or by ``console:verify`` here.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import select

from gateway.console import brakes, links, runs, sessions
from gateway.console.people import CLIENT
from gateway.console.runs import EXPORT, FAILED, FAULTS, WHOLE, Run
from gateway.copies import Copies
from gateway.custody import audit, signing
from gateway.custody.archive import checking
from gateway.custody.archive.checking import Against
from gateway.custody.audit import Event
from gateway.custody.checkpoint import FOLDER
from gateway.custody.coverage import Due
from gateway.custody.database import Database
from gateway.custody.errors import CustodyError
from gateway.custody.export import writing
from gateway.custody.export.writing import Source, Wish
from gateway.custody.ids import SYSTEM
from gateway.custody.jobs import SECOND
from gateway.custody.operator import By
from gateway.custody.settings import Storage
from gateway.custody.tables import audit_head
from gateway.custody.verify import Fault, Report, joined
from gateway.stored import Clock

PLACE = "console"
FILES_KEPT = 24 * 3_600 * SECOND
_BEAT = 2 * SECOND
_MOST_FAULTS = 100
KIND = "console:verify"


class Lost(Exception):  # noqa: N818 - it reads as what happened
    """Another process does this run now."""


@dataclass(frozen=True, slots=True)
class Doer:
    """Takes orders and does them; ``holder`` names this process."""

    database: Database
    storage: Storage
    copies: Copies
    clock: Clock
    holder: str

    def do_next(self) -> bool:
        """Do one order; False where there is none."""
        with self.database.write() as conn:
            run = runs.claim(conn, self.holder, self.clock())
        if run is None:
            return False
        try:
            outcome, report = self._done(run)
        except Lost:
            return True
        except (CustodyError, OSError) as error:
            outcome, report = FAILED, {"why": type(error).__name__}
        with self.database.write() as conn:
            runs.finish(conn, run, outcome, json.dumps(report), self.clock())
        return True

    def forget(self) -> None:
        """Remove files that were kept long enough; orders, sessions and links that ended long ago."""
        now = self.clock()
        for file in self._folder().glob("*.zip"):
            if file.stat().st_mtime * SECOND < now - FILES_KEPT:
                file.unlink(missing_ok=True)
        with self.database.write() as conn:
            runs.forget(conn, now)
            sessions.forget(conn, now)
            links.forget(conn, now)
            brakes.forget(conn, now)

    def _done(self, run: Run) -> tuple[str, dict[str, object]]:
        found = self._verified(run)
        if run.kind == EXPORT:
            return self._exported(run, found)
        outcome = WHOLE if found.ok else FAULTS
        self._tell(run, len(found.faults))
        return outcome, _plain(run, found)

    def _verified(self, run: Run) -> Report:
        told = _Progress(self, run, self._events())
        against = Against(Due(self.clock(), self.copies.pace), progress=told)
        signer = signing.load(self.storage.key_paths.audit)
        return checking.verified(self.database, self.storage.data_dir / FOLDER, signer, against)

    def _exported(self, run: Run, found: Report) -> tuple[str, dict[str, object]]:
        wish, signer = json.loads(run.wish), signing.load(self.storage.key_paths.audit)
        name = run.id.hex()
        folder = self._folder() / name
        shutil.rmtree(folder, ignore_errors=True)
        wanted = Wish(
            logs=frozenset({run.organization}),
            since=wish.get("since"),
            until=wish.get("until"),
            form=wish.get("form", writing.NDJSON),
            found=found.faults,
            by=By("console", wish.get("user")),
        )
        source = Source(self.database, self.storage.data_dir / FOLDER, signer)
        written = writing.export(source, folder, wanted, self.clock(), _Progress(self, run, self._events()))
        try:
            size = _packed(folder, self._folder() / f"{name}.zip")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        events = sum(one.end - one.first for one in written)
        key = signer.key.public_key().public_bytes_raw().hex()
        report = {**_plain(run, found), "events": events, "key": key, "bytes": size}
        return WHOLE if found.ok else FAULTS, report

    def _tell(self, run: Run, faults: int) -> None:
        wish = json.loads(run.wish)
        event = Event(
            time=self.clock(),
            kind=KIND,
            action="E",
            outcome="0",
            status=200,
            client_id=CLIENT,
            organization=run.organization,
            user=wish.get("user"),
            detail=f"found {faults} fault(s)",
        )
        with self.database.write() as conn:
            audit.append(conn, run.organization, [event])

    def _events(self) -> int:
        with self.database.read() as conn:
            return sum(conn.scalars(select(audit_head.c.size)))

    def _folder(self) -> Path:
        folder = self.storage.data_dir / PLACE
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder


class _Progress:
    """Hears how far it is, and says so in the database every other second."""

    def __init__(self, doer: Doer, run: Run, total: int) -> None:
        self._doer, self._run, self._total = doer, run, total
        self._done, self._said = 0, 0

    def __call__(self, count: int) -> None:
        self._done += count
        now = self._doer.clock()
        if now - self._said < _BEAT:
            return
        self._said = now
        with self._doer.database.write() as conn:
            if not runs.beat(conn, self._run, self._done, self._total, now):
                raise Lost


def _plain(run: Run, found: Report) -> dict[str, object]:
    """What these people may know of it: what is wrong with other organizations' logs is a number."""
    mine = [fault for fault in found.faults if fault.log in (SYSTEM, run.organization)]
    told = joined(mine)
    return {
        "events": found.events,
        "logs": found.logs,
        "checkpoints": found.checkpoints,
        "archived": found.archived,
        "faults": [asdict(one) for one in told[:_MOST_FAULTS]],
        "more": max(0, len(told) - _MOST_FAULTS),
        "elsewhere": len(joined(_elsewhere(found, mine))),
    }


def _elsewhere(found: Report, mine: list[Fault]) -> Iterable[Fault]:
    return (fault for fault in found.faults if fault not in mine)


def _packed(folder: Path, target: Path) -> int:
    """The folder as one file that its owner alone can read; answers its size in bytes."""
    part = target.with_suffix(".part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                packed.write(file, Path("careloom-trail") / file.relative_to(folder))
    part.rename(target)
    return target.stat().st_size
