"""Ends a worker that has stopped taking messages, so that whoever started it starts it anew.

A consumer can lose its place at the broker without an error (a connection that died half-open, a restart of
the broker at the wrong moment). The sign: messages wait, this worker is idle, and still it takes none. The
jobs are safe in the database, so the cure is to leave; a supervisor, systemd or Kubernetes starts it again.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from typing import Any

import structlog
from celery.bootsteps import StartStopStep
from celery.worker import state

STALLED_SECONDS = 20.0
LOOK_EVERY_SECONDS = 2.0
EXIT_STATUS = 75
"""EX_TEMPFAIL: try again."""

log = structlog.get_logger()


@dataclass(slots=True)
class Patience:
    """How long messages have been waiting before an idle worker that took none."""

    limit: float
    taken: int = -1
    since: float | None = None

    def exhausted(self, now: float, waiting: int, active: int, taken: int) -> bool:
        """Look once; True when it has gone on for too long."""
        if waiting == 0 or active > 0 or taken != self.taken:
            self.taken, self.since = taken, None
            return False
        if self.since is None:
            self.since = now
        return now - self.since >= self.limit


class StallWatch(StartStopStep):  # type: ignore[misc]  # Celery has no types
    """A thread of the worker's parent process that looks at the queue over a connection of its own."""

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._over = threading.Event()

    def start(self, parent: Any) -> None:
        threading.Thread(target=self._watch, args=(parent.app,), name="stall-watch", daemon=True).start()

    def stop(self, parent: Any) -> None:
        self._over.set()

    def terminate(self, parent: Any) -> None:
        self._over.set()

    def _watch(self, app: Any) -> None:
        patience = Patience(STALLED_SECONDS)
        while not self._over.wait(LOOK_EVERY_SECONDS):
            waiting = messages_waiting(app)
            taken = sum(state.total_count.values())
            if patience.exhausted(time.monotonic(), waiting, len(state.reserved_requests), taken):
                log.error("messages wait and none is taken: the worker starts anew", waiting=waiting)
                os._exit(EXIT_STATUS)


def messages_waiting(app: Any) -> int:
    """How many messages wait in the app's own queue; none when the broker does not answer."""
    name = app.conf.task_default_queue
    try:
        with app.connection_for_read(transport_options=app.conf.broker_transport_options) as connection:
            return int(connection.default_channel.queue_declare(name, passive=True).message_count)
    except Exception:
        # An absent broker or queue is not a stall, whatever it raises.
        return 0
