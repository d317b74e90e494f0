"""Pages of the trail, counted and read branch by branch: what is rare is found as fast as what is not.

Newest first: by time, then by log, then by number from the highest; or all of it the other way round. Only
places are collected, until it is certain which of them the page shows; then those events are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, and_, func, or_, select

from gateway.custody.ids import Tenant
from gateway.custody.tables import audit_event
from gateway.fhir.trail_query import Clause, Wish
from gateway.fhir.trail_ways import Branch, branches

_c = audit_event.c
COUNTED = 10_000
"""To count a million events takes longer than to find the newest of them."""
_BITS = 40


class Place(NamedTuple):
    """Where an event stands in the order of pages."""

    time: int
    log: int
    seq: int

    @property
    def order(self) -> tuple[int, int, int]:
        return -self.time, self.log, -self.seq

    def pack(self) -> int:
        return ((self.time << _BITS) | self.log) << _BITS | self.seq

    @classmethod
    def unpack(cls, packed: int) -> Place:
        mask = (1 << _BITS) - 1
        return cls(packed >> 2 * _BITS, packed >> _BITS & mask, packed & mask)


@dataclass(frozen=True, slots=True)
class Ways:
    """The branches of each log, and from which end they are read."""

    parts: Mapping[Tenant, Sequence[Branch]]
    oldest_first: bool = False

    def sorted(self, places: Iterable[Place]) -> list[Place]:
        """Places in the order of pages."""
        return sorted(places, key=lambda place: place.order, reverse=self.oldest_first)


def ways(
    conn: Connection, logs: Iterable[Tenant], wishes: Sequence[Wish], oldest_first: bool = False
) -> Ways:
    """How to find what is wished of these logs."""
    return Ways({log: branches(conn, log, wishes) for log in logs}, oldest_first)


def exact_total(conn: Connection, found: Ways, ceiling: int) -> int:
    """How many events there are up to a time, however long it takes to count them."""
    wheres = (branch.where for parts in found.parts.values() for branch in parts)
    counted = (select(func.count()).select_from(audit_event).where(one, _c.time <= ceiling) for one in wheres)
    return sum(conn.execute(query).scalar_one() for query in counted)


def total(conn: Connection, found: Ways, ceiling: int) -> int | None:
    """How many events there are up to a time; None where there are more than anybody would leaf through."""
    left = COUNTED
    for branch in (one for parts in found.parts.values() for one in parts):
        some = select(_c.seq).where(branch.where, _c.time <= ceiling).limit(left + 1).subquery()
        left -= conn.execute(select(func.count()).select_from(some)).scalar_one()
        if left < 0:
            return None
    return COUNTED - left


def page(conn: Connection, found: Ways, ceiling: int, after: Place | None, count: int) -> list[Row[Any]]:
    """The next events after a place."""
    places: list[Place] = []
    for log, parts in found.parts.items():
        beyond = _above(log, ceiling, after) if found.oldest_first else _below(log, ceiling, after)
        for branch in parts:
            places = _first(conn, (found, branch), beyond, places, count)
    return _events(conn, places)


def _below(log: Tenant, ceiling: int, after: Place | None) -> Clause:
    if after is None:
        return _c.time <= ceiling
    if log == after.log:
        return and_(_c.time <= after.time, or_(_c.time < after.time, _c.seq < after.seq))
    return _c.time <= after.time if log > after.log else _c.time < after.time


def _above(log: Tenant, ceiling: int, after: Place | None) -> Clause:
    """The mirror of ``_below``."""
    if after is None:
        return _c.time <= ceiling
    if log == after.log:
        later = and_(_c.time >= after.time, or_(_c.time > after.time, _c.seq > after.seq))
    else:
        later = _c.time >= after.time if log < after.log else _c.time > after.time
    return and_(later, _c.time <= ceiling)


def _first(
    conn: Connection, way: tuple[Ways, Branch], beyond: Clause, places: Sequence[Place], count: int
) -> list[Place]:
    """The first of these places and of those of one more branch."""
    found, branch = way
    backwards = found.oldest_first
    # What comes behind all of a full page need not be looked at.
    last = places[-1].time if len(places) == count and places else None
    within = [] if last is None else [_c.time <= last if backwards else _c.time >= last]
    order = (_c.time, _c.seq) if backwards else (_c.time.desc(), _c.seq.desc())
    query = select(_c.time, _c.log, _c.seq).where(branch.where, beyond, *within)
    rows = conn.execute(query.order_by(*order).limit(count))
    return found.sorted([*places, *(Place(*row) for row in rows)])[:count]


def _events(conn: Connection, places: Sequence[Place]) -> list[Row[Any]]:
    found: dict[Place, Row[Any]] = {}
    for log in {place.log for place in places}:
        wanted = [place for place in places if place.log == log]
        # The times tell a server in which months to look.
        span = and_(_c.time >= min(wanted).time, _c.time <= max(wanted).time)
        mine = and_(_c.log == log, _c.seq.in_([place.seq for place in wanted]), span)
        rows = conn.execute(select(audit_event).where(mine))
        found |= {Place(row.time, row.log, row.seq): row for row in rows}
    return [found[place] for place in places]
