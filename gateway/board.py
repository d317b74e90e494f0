"""Memory that all gateway processes of one command share: where each counts, and what it holds open.

The supervisor makes it and every process maps it: no file, no path, no server that could be away. Each
process writes to a place of its own, and no other does, so there is nothing to lock between processes. A
place outlives its process and the successor goes on counting there: a total never goes down. It holds names
of routes, status codes and numbers, nothing of anybody.
"""

from __future__ import annotations

import mmap
import os
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Mapping

_WORD = 8
_HEAD_BYTES = 64
_NAME_BYTES = 56
_RECORD_BYTES = _NAME_BYTES + _WORD
_RECORDS = 4_095
_PLACE_BYTES = _HEAD_BYTES + _RECORDS * _RECORD_BYTES
_SERVING, _OPEN, _ANSWERED, _USED = range(4)
"""Words at the head of a place: 1 while its process serves, its open connections, the requests that it has
finished, its records."""


class NoRoom(Exception):  # noqa: N818 - it reads as what happened
    """A place holds ``_RECORDS`` counters already, or the name of one is too long."""


class Place:
    """What one process says of itself. Only that process writes to it; its threads take turns."""

    def __init__(self, memory: memoryview) -> None:
        self._memory, self._words = memory, memory.cast("q")
        self._lock = threading.Lock()
        self._at = dict(self._records())

    @property
    def serving(self) -> bool:
        """Whether its process takes connections now."""
        return bool(self._words[_SERVING])

    @serving.setter
    def serving(self, now: bool) -> None:
        self._words[_SERVING] = int(now)
        self._words[_OPEN] = 0

    @property
    def connections(self) -> int:
        """Its open connections."""
        return self._words[_OPEN]

    @connections.setter
    def connections(self, now: int) -> None:
        self._words[_OPEN] = now

    @property
    def answered(self) -> int:
        """How many requests were finished here, by every process that had this place."""
        return self._words[_ANSWERED]

    def add(self, amounts: Mapping[str, int], answered: int = 0) -> None:
        """Count on, each counter by its name. Raises ``NoRoom``."""
        with self._lock:
            self._words[_ANSWERED] += answered
            for name, amount in amounts.items():
                at = self._at.get(name)
                if at is None:
                    self._begin(name, amount)
                else:
                    self._words[at] += amount

    def counters(self) -> dict[str, int]:
        """What was counted here, by whichever process writes to it."""
        return {name: self._words[at] for name, at in self._records()}

    def _begin(self, name: str, amount: int) -> None:
        used, written = self._words[_USED], name.encode()
        if used == _RECORDS or len(written) > _NAME_BYTES:
            raise NoRoom
        start = _HEAD_BYTES + used * _RECORD_BYTES
        self._memory[start : start + _NAME_BYTES] = written.ljust(_NAME_BYTES, b"\0")
        at = self._at[name] = (start + _NAME_BYTES) // _WORD
        self._words[at] = amount
        # Last: whoever reads meanwhile sees a whole record or none.
        self._words[_USED] = used + 1

    def _records(self) -> Iterator[tuple[str, int]]:
        for number in range(self._words[_USED]):
            start = _HEAD_BYTES + number * _RECORD_BYTES
            name = bytes(self._memory[start : start + _NAME_BYTES]).rstrip(b"\0").decode()
            yield name, (start + _NAME_BYTES) // _WORD


class Board:
    """The places of so many gateway processes, and one more for who keeps them."""

    def __init__(self, memory: mmap.mmap) -> None:
        whole = memoryview(memory)
        places = [whole[at : at + _PLACE_BYTES] for at in range(0, len(whole), _PLACE_BYTES)]
        *gateways, keeper = map(Place, places)
        self.gateways, self.keeper = tuple(gateways), keeper

    @classmethod
    def alone(cls) -> Board:
        """For one process that shares it with nobody."""
        return cls(mmap.mmap(-1, 2 * _PLACE_BYTES))

    @classmethod
    def opened(cls, handle: int) -> Board:
        """The board behind this handle, which may be closed afterwards."""
        return cls(mmap.mmap(handle, 0))

    def counters(self) -> Counter[str]:
        """What all have counted together."""
        total: Counter[str] = Counter()
        for place in (*self.gateways, self.keeper):
            total.update(place.counters())
        return total

    def serving(self) -> int:
        """How many processes serve now."""
        return sum(place.serving for place in self.gateways)

    def fewer_elsewhere(self, number: int) -> bool:
        """Whether another process that serves has fewer open connections than this one."""
        mine = self.gateways[number].connections
        return any(place.serving and place.connections < mine for place in self.gateways)


def shared(gateways: int) -> int:
    """A handle of a new board for so many processes; to be passed to them, and closed by who asked."""
    if hasattr(os, "memfd_create"):
        handle = os.memfd_create("careloom-board", os.MFD_CLOEXEC)
    else:
        with tempfile.TemporaryFile() as file:
            handle = os.dup(file.fileno())
    os.ftruncate(handle, (gateways + 1) * _PLACE_BYTES)
    return handle
