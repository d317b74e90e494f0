"""The Celery app of the trusted zone: plans go out to the EHR from here, and the house is kept.

Workers know pseudonyms only, so a plan is turned back into the hospital's own ids on this side, by the same
use case that answers the EHR's own reads, and recorded like one of them. What keeps house runs by the clock:
signed tree heads, and the deletion of what has expired.
"""

from __future__ import annotations

import os
import secrets
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import structlog
from celery import Celery, signals
from celery.apps import worker as bare
from celery.bootsteps import StartStopStep

from gateway import delivery
from gateway.custody import fitting, logs
from gateway.custody.errors import CustodyError
from gateway.custody.identity.vault import open_vault
from gateway.delivery import Office
from gateway.erasure import Erasure
from gateway.housekeeping import CHORES, Chore
from gateway.privacy import policy
from gateway.privacy.policy import PolicyRefused
from gateway.release import Release
from gateway.settings import SettingRefused, Settings

_LOOK_SECONDS = 1.0

log = structlog.get_logger()

app = Celery("careloom-courier")
app.config_from_object("celeryconfig")


@cache
def office() -> Office:
    """What the courier has at hand, opened once per process (its pool has threads, so nothing forks)."""
    settings = Settings.from_environ(os.environ)
    vault = open_vault(settings.storage)
    release = Release(
        vault, policy.load_as(policy.Kind.RELEASE, settings.release_policy), _microseconds, os.urandom
    )
    split = policy.load_as(policy.Kind.SPLIT, settings.policy)
    erasure = Erasure(vault, split, release, _microseconds, secrets.token_bytes)
    return Office(settings.storage, vault, release, _microseconds, secrets.token_bytes, erasure)


def _microseconds() -> int:
    return time.time_ns() // 1000


def run(job_id: str) -> None:
    """Bring one patient's plan to the EHR that it belongs to."""
    delivery.do(office(), bytes.fromhex(job_id))


push = app.task(name="careloom.push")(run)


@dataclass(slots=True)
class Clock:
    """Runs each chore when its time has come; one that fails is said and tried again next time."""

    office: Callable[[], Office]
    due: dict[str, float]

    def tick(self, now: float) -> None:
        """Do what is due."""
        for chore in CHORES:
            if now >= self.due.get(chore.name, 0.0):
                self.due[chore.name] = now + chore.every_seconds
                self._do(chore)

    def _do(self, chore: Chore) -> None:
        try:
            chore.do(self.office())
        except Exception as error:
            log.error("a chore failed", chore=chore.name, exc_info=error)


class Housekeeping(StartStopStep):  # type: ignore[misc]  # Celery has no types
    """The thread of the courier that watches the clock."""

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._over = threading.Event()

    def start(self, parent: Any) -> None:
        threading.Thread(target=self._watch, name="housekeeping", daemon=True).start()

    def stop(self, parent: Any) -> None:
        self._over.set()

    def terminate(self, parent: Any) -> None:
        self._over.set()

    def _watch(self) -> None:
        clock = Clock(office, {})
        while not self._over.wait(_LOOK_SECONDS):
            clock.tick(time.monotonic())


def _log(**_: Any) -> None:
    logs.configure("courier")
    # What Celery prints at a signal, past all logs.
    bare.safe_say = logs.unsaid


def _check(**_: Any) -> None:
    """What is wrong with the storage or a policy stops the courier here, before it takes a job."""
    try:
        fitting.check_all(office().storage)
    except (CustodyError, PolicyRefused, SettingRefused) as error:
        # Only this passes: what else a signal's receiver raises, Celery logs and goes on.
        sys.exit(f"careloom: {error}")


signals.setup_logging.connect(_log)
signals.worker_init.connect(_check)
app.steps["worker"].add(Housekeeping)
