"""Brings checkpoints to each place that keeps them, in their order; one that was away catches up.

What waits is not kept in memory: it stands in the files of ``gateway.custody.checkpoint``, and the place's
cursor in the database says where it goes on. So it makes no difference who of two couriers brings what.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import structlog

from gateway.copies import checkpoints_at
from gateway.custody import receivers
from gateway.custody.database import Database
from gateway.custody.errors import CustodyError, LostLease
from gateway.custody.ids import Tenant
from gateway.custody.jobs import SECOND
from gateway.custody.logs import named
from gateway.custody.receivers import Cursor, Hold
from gateway.custody.signing import Signer
from gateway.stored import Clock
from gateway.syslog.line import Away
from gateway.witnesses.notes import Kept, following
from gateway.witnesses.places import Place

LEASE = 60 * SECOND
TURN = 50
"""Notes that are brought at a time: then the cursor moves."""

LOOK_SECONDS, LONGEST_SECONDS = 2.0, 60.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Files:
    """Where the notes stand, and who signed them."""

    folder: Path
    signer: Signer

    def logs(self) -> list[Tenant]:
        numbers = [int(path.stem) for path in self.folder.glob("*.log") if path.stem.isdecimal()]
        return [Tenant(number) for number in sorted(numbers)]

    def next(self, at: Mapping[Tenant, Cursor]) -> list[Kept]:
        """What a place that stands there is brought next; none when it has everything."""
        for number in self.logs():
            found = following(self.folder, self.signer, at.get(number, Cursor(number)))
            if found:
                return found[:TURN]
        return []


@dataclass(slots=True)
class Sending:
    """What brings checkpoints away; ``holder`` is the name of this process."""

    database: Database
    files: Files
    places: Mapping[str, Place]
    clock: Clock
    holder: str
    _failed: dict[str, int] = field(default_factory=dict)
    _not_before: dict[str, int] = field(default_factory=dict)

    def run(self, over: Event) -> None:
        """Bring what there is until it is over."""
        while not over.wait(LOOK_SECONDS):
            self.turn()
        self.rest()

    def rest(self) -> None:
        """Let whoever comes next bring what is new at once."""
        with suppress(CustodyError), self.database.write() as conn:
            for name in self.places:
                held = receivers.hold(conn, checkpoints_at(name), self.holder, self.clock(), 0)
                if held is not None:
                    receivers.release(conn, held)

    def turn(self) -> None:
        """Bring each place what it lacks, unless it was away a moment ago."""
        for name, place in self.places.items():
            if self.clock() >= self._not_before.get(name, 0):
                try:
                    self._bring(checkpoints_at(name), name, place)
                except CustodyError as error:
                    log.warning("checkpoints cannot be handed on", place=name, reason=named(error))

    def _bring(self, receiver: str, name: str, place: Place) -> None:
        while self.files.next(self._cursors(receiver)):
            with self.database.write() as conn:
                held = receivers.hold(conn, receiver, self.holder, self.clock(), LEASE)
                at = receivers.cursors(conn, receiver)
            # Whoever had it before may have come further meanwhile.
            notes = self.files.next(at) if held else []
            if held is None or not notes:
                return
            try:
                place.put(notes)
                with self.database.write() as conn:
                    receivers.took(conn, held, [notes[-1].cursor], self.clock())
            except Away as error:
                self._waits(held, name, str(error))
                return
            if self._failed.pop(name, 0):
                log.info("this place takes checkpoints again", place=name)

    def _waits(self, held: Hold, name: str, trouble: str) -> None:
        if not self._failed.get(name):
            log.warning("this place takes no checkpoints; they wait", place=name, reason=trouble)
        failed = self._failed[name] = self._failed.get(name, 0) + 1
        pause = min(LOOK_SECONDS * 2**failed, LONGEST_SECONDS)
        self._not_before[name] = self.clock() + int(pause * SECOND)
        with suppress(LostLease), self.database.write() as conn:
            receivers.waits(conn, held, trouble)

    def _cursors(self, receiver: str) -> dict[Tenant, Cursor]:
        with self.database.read() as conn:
            return receivers.cursors(conn, receiver)
