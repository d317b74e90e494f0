"""Keeps a claimed job ours while it is worked on, and says so when it is not ours any more.

Five seconds, renewed each one and a half: a worker that is killed loses its job soon enough for another to
have claimed it within eight seconds, and one slow commit does not lose it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType

import structlog

from gateway.custody import jobs
from gateway.custody.database import Database
from gateway.custody.errors import CustodyError, LostLease
from gateway.custody.jobs import SECOND, Claim

LEASE = 5 * SECOND
RENEW_SECONDS = 1.5

log = structlog.get_logger()


class Lease:
    """Renews a claim in the background until the block ends."""

    def __init__(self, database: Database, claim: Claim, clock: Callable[[], int]) -> None:
        self._database, self._claim, self._clock = database, claim, clock
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="lease", daemon=True)

    def __enter__(self) -> Lease:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _renew(self) -> None:
        while not self._over.wait(RENEW_SECONDS):
            try:
                with self._database.write() as conn:
                    jobs.renew(conn, self._claim, self._clock(), LEASE)
            except LostLease:
                return
            except CustodyError as error:
                # The database may be back before the lease ends; the fence decides in any case.
                log.warning("lease not renewed", job=self._claim.id.hex(), error=type(error).__name__)
