"""The Celery app of the trusted zone: plans go out to the EHR from here, and the house is kept.

Workers know pseudonyms only, so a plan is turned back into the hospital's own ids on this side, by the same
use case that answers the EHR's own reads, and recorded like one of them. What keeps house runs by the clock:
signed tree heads, and the deletion of what has expired. Beside both the trail is handed on to a SIEM.
"""

from __future__ import annotations

import os
import secrets
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import structlog
from celery import Celery, signals
from celery.apps import worker as bare
from celery.bootsteps import StartStopStep

from gateway import assembly, delivery
from gateway.auth.called import ClientNames
from gateway.console.doing import Doer
from gateway.custody import fitting, logs, signing
from gateway.custody.checkpoint import FOLDER
from gateway.custody.errors import CustodyError
from gateway.custody.identity.vault import open_vault
from gateway.custody.ids import StoredId, Tenant
from gateway.delivery import Office
from gateway.erasure import Erasure
from gateway.housekeeping import CHORES, Chore
from gateway.privacy import policy
from gateway.privacy.policy import PolicyRefused
from gateway.release import Release
from gateway.settings import SettingRefused, Settings
from gateway.siem.stream import Stream, View
from gateway.witnesses.places import made
from gateway.witnesses.sending import Files, Sending
from workers.engine.knowledge import KnowledgeRefused

_LOOK_SECONDS = 1.0
_ERRAND_SECONDS = 0.5
_AGAIN_SECONDS = 10.0
_FAILED_SECONDS = 60.0
_FORGET_SECONDS = 600.0
_IDS = 8_192
"""Of each log: so many ids are remembered as its officers see them."""

_LAST_SECONDS = 2.0
"""To bring to an end what has begun, so that the next process need not wait for a lease to run out."""

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
    split = assembly.split_policy(settings)
    erasure = Erasure(vault, split, release, _microseconds, secrets.token_bytes)
    return Office(
        storage=settings.storage,
        vault=vault,
        release=release,
        clock=_microseconds,
        entropy=secrets.token_bytes,
        erasure=erasure,
        copies=settings.copies,
        zone=settings.sign_in.zone,
        later_seconds=settings.async_seconds,
    )


def stream() -> Stream | None:
    """Who hands the trail on to the SIEM, where there is one."""
    settings, vault = Settings.from_environ(os.environ), office().vault
    if settings.copies.siem is None:
        return None

    @cache
    def show(log: Tenant) -> Callable[[str, StoredId], str]:
        # Events behind one another are about the same patient more often than not.
        return lru_cache(_IDS)(vault.outside(log).show)

    return Stream(
        database=vault.database,
        view=View(
            show=show,
            base=settings.fhir_base,
            host=settings.host,
            origin=signing.load(settings.storage.key_paths.audit).origin,
            called=ClientNames(vault.database),
        ),
        target=settings.copies.siem,
        logs=settings.copies.logs,
        clock=_microseconds,
        steady=time.monotonic,
        holder=secrets.token_hex(8),
    )


def sending() -> Sending | None:
    """Who brings checkpoints to the places that keep them, where there are some."""
    settings = Settings.from_environ(os.environ)
    places = made(settings.copies, settings.host, _microseconds)
    if not places:
        return None
    storage = settings.storage
    files = Files(storage.data_dir / FOLDER, signing.load(storage.key_paths.audit))
    return Sending(office().vault.database, files, places, _microseconds, secrets.token_hex(8))


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
                self._do(chore, now)

    def _do(self, chore: Chore, now: float) -> None:
        try:
            chore.do(self.office())
        except Exception as error:
            # One that is done each few seconds would say the same thing over and over.
            self.due[chore.name] = now + max(chore.every_seconds, _FAILED_SECONDS)
            log.error("a chore failed", chore=chore.name, exc_info=error)


def keep_house(over: threading.Event) -> None:
    """Watch the clock until it is over."""
    clock = Clock(office, {})
    while not over.wait(_LOOK_SECONDS):
        clock.tick(time.monotonic())


def hand_on_events(over: threading.Event) -> None:
    """Hand the trail on to the SIEM until it is over."""
    _persist(stream, over)


def hand_on_checkpoints(over: threading.Event) -> None:
    """Bring signed tree heads to where they are kept until it is over."""
    _persist(sending, over)


def _persist(make: Callable[[], Stream | Sending | None], over: threading.Event) -> None:
    while not over.is_set():
        try:
            running = make()
            if running is None:
                return
            running.run(over)
        except Exception as error:
            # Nobody would miss a thread that ended: what it met is said, and it goes on.
            log.error("the trail is not handed on", exc_info=error)
            over.wait(_AGAIN_SECONDS)


def do_errands(over: threading.Event) -> None:
    """Do what was accepted to be done later, until it is over."""
    doer = assembly.doer(Settings.from_environ(os.environ), office().vault, assembly.the_world())
    while not over.is_set():
        try:
            if not doer.do_next():
                over.wait(_ERRAND_SECONDS)
        except Exception as error:
            # Whoever asked still waits: its lease runs out, and it is begun again.
            log.error("an errand failed", exc_info=error)
            over.wait(_LOOK_SECONDS)


def do_what_pages_ordered(over: threading.Event) -> None:
    """Verify and export for the people at the console, until it is over."""
    desk, forgotten = office(), 0.0
    doer = Doer(desk.vault.database, desk.storage, desk.copies, _microseconds, secrets.token_hex(8))
    while not over.is_set():
        try:
            if time.monotonic() > forgotten + _FORGET_SECONDS:
                forgotten = time.monotonic()
                doer.forget()
            if not doer.do_next():
                over.wait(_LOOK_SECONDS)
        except Exception as error:
            log.error("an order of the console failed", exc_info=error)
            over.wait(_AGAIN_SECONDS)


class _Beside(StartStopStep):  # type: ignore[misc]  # Celery has no types
    """A thread of the courier beside its tasks."""

    work: Callable[[threading.Event], None]

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._over = threading.Event()
        self._thread = threading.Thread(
            target=self.work, args=(self._over,), name=self.work.__name__, daemon=True
        )

    def start(self, parent: Any) -> None:
        self._thread.start()

    def stop(self, parent: Any) -> None:
        self._over.set()
        self._thread.join(_LAST_SECONDS)

    def terminate(self, parent: Any) -> None:
        self._over.set()


class Housekeeping(_Beside):
    """The thread that watches the clock."""

    work = staticmethod(keep_house)


class Errands(_Beside):
    """A thread that does what was accepted to be done later."""

    work = staticmethod(do_errands)


class MoreErrands(Errands):
    """Another, so that a short request need not wait for a long one."""


class Streaming(_Beside):
    """The thread that hands events on."""

    work = staticmethod(hand_on_events)


class Ordered(_Beside):
    """The thread that does what takes longer than a page of the console may."""

    work = staticmethod(do_what_pages_ordered)


class Witnessing(_Beside):
    """The thread that hands checkpoints on."""

    work = staticmethod(hand_on_checkpoints)


def _log(**_: Any) -> None:
    logs.configure("courier")
    # What Celery prints at a signal, past all logs.
    bare.safe_say = logs.unsaid


def _check(**_: Any) -> None:
    """What is wrong with the storage or a policy stops the courier here, before it takes a job."""
    try:
        fitting.check_all(office().storage)
    except (CustodyError, KnowledgeRefused, PolicyRefused, SettingRefused) as error:
        # Only this passes: what else a signal's receiver raises, Celery logs and goes on.
        sys.exit(f"careloom: {error}")


signals.setup_logging.connect(_log)
signals.worker_init.connect(_check)
app.steps["worker"].add(Housekeeping)
app.steps["worker"].add(Errands)
app.steps["worker"].add(MoreErrands)
app.steps["worker"].add(Streaming)
app.steps["worker"].add(Witnessing)
app.steps["worker"].add(Ordered)
