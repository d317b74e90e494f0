"""Events that stand alone, written durably for all threads of a process together.

A read has no deed in the database, only its event, and is not answered before that event is on the disk. One
transaction for each would let them queue for the head of the log and for the disk. So whoever finds nobody
writing writes for all who wait, in one transaction; the others wait for exactly that. Nobody waits for time
to pass: alone, an event is written at once.

``append`` returns when the events are committed, and raises when they are not. Where a transaction for
several fails, each is tried alone: one tenant's damaged log is no other's affair.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from gateway.custody import audit
from gateway.custody.audit import Event
from gateway.custody.database import Database
from gateway.custody.ids import Tenant

MOST_AT_ONCE = 1_000
"""Events in one transaction: what comes later must not wait for ever more."""

Told = Mapping[Tenant, Sequence[Event]]


class _Waiting:
    """What one thread wants written, and what became of it."""

    __slots__ = ("done", "error", "told")

    def __init__(self, told: Told) -> None:
        self.told = told
        self.done = False
        self.error: BaseException | None = None

    @property
    def events(self) -> int:
        return sum(map(len, self.told.values()))


class Appender:
    """Appends to the logs of one database, for every thread of this process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queue: list[_Waiting] = []
        self._queued = threading.Lock()
        self._turn = threading.Lock()

    def append(self, told: Told) -> None:
        """Append these events, each to its log; they are durable when this returns."""
        mine = _Waiting(told)
        with self._queued:
            self._queue.append(mine)
        with self._turn:
            # Whoever had the turn before may have written these too; more than one round is rare.
            while not mine.done:
                self._write(self._next())
        if mine.error is not None:
            raise mine.error

    def _next(self) -> list[_Waiting]:
        with self._queued:
            taken, count = 0, 0
            while taken < len(self._queue) and (not taken or count < MOST_AT_ONCE):
                count += self._queue[taken].events
                taken += 1
            batch, self._queue = self._queue[:taken], self._queue[taken:]
        return batch

    def _write(self, batch: Sequence[_Waiting]) -> None:
        try:
            self._commit(batch)
        except Exception as error:
            if len(batch) == 1:
                batch[0].error = error
            else:
                for one in batch:
                    self._write([one])
        except BaseException as error:
            # This thread is being ended: nobody who waits may take that for a commit.
            for one in batch:
                one.error = error
            raise
        finally:
            for one in batch:
                one.done = True

    def _commit(self, batch: Sequence[_Waiting]) -> None:
        together: dict[Tenant, list[Event]] = {}
        for one in batch:
            for log, events in one.told.items():
                together.setdefault(log, []).extend(events)
        with self._database.write_prepared() as conn:
            # The order of locks: lowest log first.
            for log in sorted(together):
                audit.append(conn, log, together[log])
