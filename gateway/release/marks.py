"""What a history is made of: places in time at which something happened to a resource, newest first.

A mark is a version, by its write number, or an end that no version tells of: an erasure, or the moment from
which a reader may no longer see a resource, or may see it again. Marks of all sources are merged by time.
None ever changes its place, so whoever goes on after one meets each of the others once.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import groupby

from gateway.custody import histories, records
from gateway.custody.database import Database
from gateway.custody.histories import Key, Stretch
from gateway.custody.ids import StoredId, Tenant, WriteNo
from gateway.custody.records import StoredVersion
from gateway.stored import Stored

BATCH = 100
_WIDTH = 136
# Stored ids have 128 bits and write numbers 63: a mark of the one kind never equals one of the other.
_BY_ID = 1 << 128
_ABOVE_NUMBERS = WriteNo((1 << 63) - 1)


class Why(Enum):
    """What happened."""

    VERSION = "version"
    ERASED = "erased"
    CONSENT = "consent"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Mark:
    """One place; ``number`` is a write number, or made of ``id`` where there is none."""

    time: int
    number: int
    tenant: Tenant
    type: str
    why: Why = Why.VERSION
    id: StoredId | None = None
    patient: StoredId | None = None

    @property
    def place(self) -> int:
        """Its order among all marks of all tenants, as one number."""
        return self.time << _WIDTH | self.number


@dataclass(frozen=True, slots=True)
class Window:
    """Which marks are asked for; times in microseconds. ``after`` is the place that was shown last."""

    ceilings: Mapping[Tenant, WriteNo]
    since: int = 0
    current: tuple[int, int] | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """What a mark means to its reader; without a body the resource is gone. ``patient`` is for the trail."""

    mark: Mark
    stored: Stored
    patient: StoredId | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class End:
    """Why a resource is seen differently from a time on, without a version of its own, and whose it is."""

    why: Why
    time: int
    tenant: Tenant
    patient: StoredId | None

    def of(self, type_: str, id_: StoredId) -> Mark:
        """The mark of one resource that this befell."""
        number = _BY_ID | int.from_bytes(id_)
        return Mark(self.time, number, self.tenant, type_, self.why, id_, self.patient)


def merged(sources: Iterable[Iterator[Mark]], window: Window) -> Iterator[Mark]:
    """The marks of all sources, newest first, from where the last page ended."""
    every = heapq.merge(*sources, key=lambda mark: mark.place, reverse=True)
    return (mark for mark in every if window.after is None or mark.place < window.after)


def ordered(marks: Iterable[Mark]) -> Iterator[Mark]:
    """Marks that come newest first, those of one moment put into the order of their places."""
    for _, same in groupby(marks, key=lambda mark: mark.time):
        yield from sorted(same, key=lambda mark: mark.place, reverse=True)


def versions(database: Database, tenant: Tenant, type_: str, window: Window) -> Iterator[Mark]:
    """A type's versions, read in batches as they are asked for."""
    # Of the moment at which the last page ended all are read; ``merged`` knows which were shown.
    last = None if window.after is None else Key(window.after >> _WIDTH, _ABOVE_NUMBERS)
    stretch = Stretch(window.ceilings[tenant], window.since, last, window.current)
    while True:
        with database.read() as conn:
            found = histories.keys(conn, tenant, type_, stretch, BATCH)
        yield from (Mark(key.time, key.number, tenant, type_) for key in found)
        if len(found) < BATCH:
            return
        stretch = replace(stretch, before=found[-1])


def erasures(database: Database, tenant: Tenant, type_: str, window: Window) -> Iterator[Mark]:
    """What of a type was erased for good; whose a resource was that is no Patient, nobody can tell."""
    with database.read() as conn:
        found = histories.erased(conn, tenant, type_, window.since)
    for gone in found:
        patient = gone.id if type_ == "Patient" else None
        yield End(Why.ERASED, gone.time, tenant, patient).of(type_, gone.id)


def rows_of(database: Database, marks: Sequence[Mark]) -> dict[int, StoredVersion]:
    """The versions among these marks, by their numbers."""
    numbers = [WriteNo(mark.number) for mark in marks if mark.why is Why.VERSION]
    with database.read() as conn:
        return {int(number): row for number, row in records.by_number(conn, numbers).items()}
