"""Keeps the parts of ``careloom up`` alive, each by itself, and takes them all with it when it goes.

A part that ends is started again, later each time it ends soon; one that hangs is ended first. On TERM the
parts are asked to stop, and made to after a while, the broker last. If the supervisor itself is killed, the
kernel ends its children (Linux).
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from gateway.run.trouble import Trouble

STOP_SECONDS = 6.0
LAST_STOP_SECONDS = 2.0
SETTLED_SECONDS = 30.0
_PAUSES = (0.2, 1.0, 2.0, 5.0, 10.0)
_LOOK_SECONDS = 0.1
_PR_SET_PDEATHSIG = 1

log = structlog.get_logger()


ENDED, HUNG = "ended", "hung"
"""Why a part is started again: it ended by itself, or it was ended because it answered nothing."""


class Watch(Protocol):
    """Who finds out whether a process still answers."""

    def hangs(self, now: float) -> bool:
        """Asked at each look; ``now`` is monotonic."""
        ...

    def close(self) -> None:
        """The process is gone."""
        ...


@dataclass(frozen=True, slots=True)
class Launch:
    """One start of a part: its command line, what it may know, the files and the socket that it is given."""

    command: Sequence[str]
    environ: Mapping[str, str]
    handles: tuple[int, ...] = ()
    given: socket.socket | None = None
    """Passed too, and closed here once the process has it."""
    watch: Watch | None = None

    @property
    def passed(self) -> tuple[int, ...]:
        """Every handle that the process finds open, under the same number."""
        return (*self.handles, *([self.given.fileno()] if self.given else []))


@dataclass(frozen=True)
class Part:
    """One process to keep alive. What is ``last`` starts first and stops last."""

    name: str
    command: Sequence[str]
    environ: Mapping[str, str]
    last: bool = False

    def launch(self) -> Launch:
        """How it is started this time."""
        return Launch(self.command, self.environ)

    def lost(self, reason: str) -> None:
        """Its process is gone, and it will be started again."""


@dataclass(slots=True)
class _Kept:
    part: Part
    process: subprocess.Popen[bytes]
    watch: Watch | None
    started: float
    deaths: int = 0
    again_at: float | None = None

    def hangs(self, now: float) -> bool:
        return self.watch is not None and self.watch.hangs(now)


@dataclass(slots=True)
class Supervisor:
    """A set of running parts. ``clock`` is monotonic."""

    clock: Callable[[], float] = time.monotonic
    stopping: threading.Event = field(default_factory=threading.Event)
    _kept: list[_Kept] = field(default_factory=list)

    def start(self, part: Part) -> None:
        """Start a part and keep it alive from now on."""
        self._kept.append(_Kept(part, *_spawn(part), self.clock()))

    def check_started(self) -> None:
        """While everything starts, a part that gives up is a fault to report; one that is killed is not."""
        for kept in self._kept:
            if (kept.process.poll() or 0) > 0:
                raise Trouble(f"The {kept.part.name} did not start; its own words are above.")
        self.look()

    def watch(self) -> None:
        """Restart what dies until someone asks to stop."""
        while not self.stopping.wait(_LOOK_SECONDS):
            self.look()

    def look(self) -> None:
        """Look after each part once."""
        for kept in self._kept:
            self._look_after(kept)

    def _look_after(self, kept: _Kept) -> None:
        now = self.clock()
        if kept.again_at is not None:
            if now >= kept.again_at:
                kept.process, kept.watch = _spawn(kept.part)
                kept.started, kept.again_at = now, None
        elif kept.process.poll() is not None:
            self._plan_restart(kept, now, ENDED)
        elif kept.hangs(now):
            _kill_group(kept.process)
            self._plan_restart(kept, now, HUNG)

    def _plan_restart(self, kept: _Kept, now: float, reason: str) -> None:
        kept.deaths = 0 if now - kept.started > SETTLED_SECONDS else kept.deaths
        pause = _PAUSES[min(kept.deaths, len(_PAUSES) - 1)]
        kept.deaths, kept.again_at = kept.deaths + 1, now + pause
        if kept.watch is not None:
            kept.watch.close()
        kept.part.lost(reason)
        what = "a part ended" if reason == ENDED else "a part that answered nothing was ended"
        log.warning(what, name=kept.part.name, status=kept.process.returncode, again_in=pause)

    def stop(self) -> None:
        """Stop every part, the last ones last; none is left when this returns."""
        _end([kept for kept in self._kept if not kept.part.last], STOP_SECONDS)
        _end([kept for kept in self._kept if kept.part.last], LAST_STOP_SECONDS)

    def handle_signals(self) -> None:
        """TERM, INT and HUP ask to stop."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: self.stopping.set())


def _spawn(part: Part) -> tuple[subprocess.Popen[bytes], Watch | None]:
    launch = part.launch()
    try:
        # A session of its own: Ctrl-C goes to the supervisor, which then stops the parts in their order.
        process = subprocess.Popen(  # noqa: S603 - our own command lines
            list(launch.command),
            env=dict(launch.environ),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=launch.passed,
            preexec_fn=_tie(os.getpid(), signal.SIGTERM if part.last else signal.SIGKILL),
        )
    finally:
        if launch.given is not None:
            launch.given.close()
    return process, launch.watch


def _tie(parent: int, number: signal.Signals) -> Callable[[], None] | None:
    """Have the child end with this process, however this process ends."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def tie() -> None:
        prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:
            os._exit(1)

    return tie


def _end(kept: Sequence[_Kept], seconds: float) -> None:
    processes = [one.process for one in kept]
    for process in processes:
        if process.poll() is None:
            process.terminate()
    until = time.monotonic() + seconds
    for process in processes:
        try:
            process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            _kill_group(process)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
