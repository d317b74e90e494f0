"""Whose turn it is to write an embedded store: first among the threads of a process, then among processes.

SQLite alone would do, but who finds it locked asks again after ever longer pauses, up to a tenth of a
second, and whoever writes one thing after the other gets in between each time: a writer was seen to wait for
more than a second. So each waits here, and asks SQLite only when it is free.

Two locks on files beside the store, which the kernel takes back from a process that dies: ``-turn`` is held
while something is written, ``-next`` by the one who is to have it next. Who has just written and wants to
write again stands behind that one. Neither file ever holds a byte.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.custody.errors import StoreUnavailable

_PAUSES = 0.0001, 0.0003, 0.0005
"""Between two looks, the last one again and again: an event takes less than a thousandth of a second."""


class Turn:
    """The turn at one store, as one ``Database`` waits for it. ``seconds``: how long at most."""

    def __init__(self, path: Path, seconds: float) -> None:
        self._path, self._seconds = path, seconds
        self._thread = threading.Lock()
        self._handles: tuple[int, int] | None = None
        self._owner = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Be the only writer until the block ends; raises ``StoreUnavailable`` where others take too long."""
        until = time.monotonic() + self._seconds
        if not self._thread.acquire(timeout=self._seconds):
            raise StoreUnavailable("The database is busy with another writer of this process.")
        try:
            turn = self._wait(until)
            try:
                yield
            finally:
                fcntl.flock(turn, fcntl.LOCK_UN)
        finally:
            self._thread.release()

    def close(self) -> None:
        """Have no file open."""
        if self._handles is not None and self._owner == os.getpid():
            for handle in self._handles:
                os.close(handle)
        self._handles = None

    def _wait(self, until: float) -> int:
        turn, following = self._opened()
        _lock(following, until)
        try:
            _lock(turn, until)
        finally:
            fcntl.flock(following, fcntl.LOCK_UN)
        return turn

    def _opened(self) -> tuple[int, int]:
        # What a parent has opened would be its lock and ours alike.
        if self._handles is None or self._owner != os.getpid():
            self._handles, self._owner = (self._open("-turn"), self._open("-next")), os.getpid()
        return self._handles

    def _open(self, ending: str) -> int:
        path = self._path.with_name(self._path.name + ending)
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnavailable(f"{path} cannot be opened: {error.strerror}.") from None


def _lock(handle: int, until: float) -> None:
    tries = 0
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise StoreUnavailable("The database is busy with a writer of another process.") from None
            time.sleep(_PAUSES[min(tries, len(_PAUSES) - 1)])
            tries += 1
        else:
            return
