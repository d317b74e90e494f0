"""Jobs become messages here: what is due is sent, and what was lost is sent again.

The broker may lose everything (law 5). A job that was sent and not claimed is sent again after four seconds
if the broker's queue is empty, because then its message is gone; while messages wait, they only wait, and a
minute must pass. So neither a flush nor a backlog is ever answered with more than it takes.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType
from typing import Any, Protocol

import structlog

from gateway.custody import jobs, logs
from gateway.custody.database import Database, Side
from gateway.custody.errors import CustodyError
from gateway.custody.jobs import SECOND, Due
from gateway.custody.settings import Storage

TICK_SECONDS = 0.15
PAUSE_SECONDS = 1.0
WINDOW = 200
"""So many messages wait at the broker; the rest waits in the table, where nothing can lose it."""

RESEND_WAITING_AFTER = 60 * SECOND

log = structlog.get_logger()


class Outbox(Protocol):
    """What the relay asks of a broker."""

    def waiting(self, kind: str) -> int:
        """How many messages of a kind wait to be taken."""
        ...

    def send(self, kind: str, job_id: bytes) -> None:
        """Hand over one message."""
        ...


class BrokerAway(Exception):  # noqa: N818 - it reads as what happened
    """The broker does not answer."""


class Relay:
    """Moves what is due from the table to the broker, one step at a time."""

    def __init__(self, database: Database, outbox: Outbox, clock: Callable[[], int]) -> None:
        self._database, self._outbox, self._clock = database, outbox, clock

    def step(self) -> int:
        """Send what is due now; answers how many messages went out."""
        with self._database.read() as conn:
            due = jobs.due(conn, self._clock(), 2 * WINDOW)
        by_kind = defaultdict(list)
        for job in due:
            by_kind[job.kind].append(job)
        return sum(self._send(kind, found) for kind, found in by_kind.items())

    def _send(self, kind: str, due: Sequence[Due]) -> int:
        waiting, now = self._outbox.waiting(kind), self._clock()
        chosen = [job.id for job in due if waiting == 0 or _lost_for_long(job, now)]
        chosen = chosen[: max(0, WINDOW - waiting)]
        # Marked first: a claim clears the mark, and a message may be claimed before this loop is through.
        with self._database.write() as conn:
            jobs.mark_sent(conn, chosen, now)
        for job_id in chosen:
            self._outbox.send(kind, job_id)
        return len(chosen)


def _lost_for_long(job: Due, now: int) -> bool:
    return job.sent is None or job.sent <= now - RESEND_WAITING_AFTER


class CeleryOutbox:
    """The broker by way of Celery, over one connection that is replaced when it fails."""

    def __init__(self) -> None:
        from workers.app import app

        self._app = app
        self._connection = self._fresh()
        self._failures = (*self._connection.connection_errors, *self._connection.channel_errors, OSError)

    def waiting(self, kind: str) -> int:
        try:
            channel = self._connection.default_channel
            return int(channel.queue_declare(f"careloom.{kind}").message_count)
        except self._failures as error:
            self._drop()
            raise BrokerAway from error

    def send(self, kind: str, job_id: bytes) -> None:
        try:
            with self._app.amqp.Producer(self._connection) as producer:
                self._app.send_task(f"careloom.{kind}", [job_id.hex()], producer=producer)
        except self._failures as error:
            self._drop()
            raise BrokerAway from error

    def _fresh(self) -> Any:
        # A broker that hangs must not hang the relay: it sends, it never waits for messages.
        options = {**self._app.conf.broker_transport_options, "socket_timeout": 5}
        return self._app.connection_for_write(transport_options=options)

    def _drop(self) -> None:
        with suppress(*self._failures):
            self._connection.release()
        self._connection = self._fresh()


def run(relay: Relay, rest: Callable[[float], None]) -> None:
    """Relay until the process is stopped; trouble is said once when it begins and once when it ends."""
    trouble = ""
    while True:
        try:
            relay.step()
        except (BrokerAway, CustodyError) as error:
            if type(error).__name__ != trouble:
                trouble = type(error).__name__
                log.warning("jobs wait", reason=trouble)
            rest(PAUSE_SECONDS)
            continue
        if trouble:
            log.info("jobs go out again")
            trouble = ""
        rest(TICK_SECONDS)


def main() -> None:
    """The relay's process."""
    logs.configure("relay")
    signal.signal(signal.SIGTERM, _leave)
    storage = Storage.from_environ(os.environ)
    own = storage.worker_database_url
    database = Database.open(own or storage.database_url, Side.WORKER, own_login=own is not None)
    run(Relay(database, CeleryOutbox(), lambda: time.time_ns() // 1000), time.sleep)


def _leave(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    main()
