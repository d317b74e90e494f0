"""Numbers of the trail for the overview, each found by an index and none by counting a million events.

Events of a log are numbered without a gap, in about the order of their times. So how many there were in an
hour is the difference of two numbers; writers side by side may put a few on the other side of the hour. What
has to be looked at event by event is looked at for the newest few thousand, and the page says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, select

from gateway.custody.audit import head_of
from gateway.custody.ids import Tenant
from gateway.custody.tables import audit_event
from gateway.fhir import trail_ways
from gateway.fhir.trail_query import wishes

NEWEST = 5_000
NOT_DONE = "4,8,12"
_c = audit_event.c


@dataclass(frozen=True, slots=True)
class Shares:
    """The newest events of a period: how many were looked at, and how they fall by client and outcome."""

    looked_at: int
    clients: Mapping[str | None, int]
    outcomes: Mapping[str, int]


def counts(conn: Connection, logs: Sequence[Tenant], edges: Sequence[int]) -> list[int]:
    """How many events lie between each edge and the next; edges are times in microseconds, ascending."""
    found = [0] * (len(edges) - 1)
    for log in logs:
        places = [_first(conn, log, edge) for edge in edges]
        for at in range(len(found)):
            found[at] += max(0, places[at + 1] - places[at])
    return found


def since(conn: Connection, logs: Sequence[Tenant], moment: int) -> int:
    """How many events came from a moment on."""
    return sum(max(0, head_of(conn, log).size - _first(conn, log, moment)) for log in logs)


def not_done(conn: Connection, logs: Sequence[Tenant], edges: Sequence[int]) -> list[int]:
    """How many of the events between edges were refused or failed; of the newest of each class."""
    found = [0] * (len(edges) - 1)
    width = max(1, edges[1] - edges[0])
    wished = wishes([("outcome", NOT_DONE)], lambda _type, _id: None)
    for log in logs:
        for branch in trail_ways.branches(conn, log, wished):
            within = and_(branch.where, _c.time >= edges[0], _c.time < edges[-1])
            newest = select(_c.time).where(within).order_by(_c.time.desc()).limit(NEWEST)
            for moment in conn.scalars(newest):
                found[min((moment - edges[0]) // width, len(found) - 1)] += 1
    return found


def shares(conn: Connection, logs: Sequence[Tenant], begin: int) -> Shares:
    """Clients and outcomes of the newest events of a period, so many of each log."""
    clients: Counter[str | None] = Counter()
    outcomes: Counter[str] = Counter()
    for log in logs:
        mine = and_(_c.log == log, _c.time >= begin)
        newest = (
            select(_c.client_id, _c.outcome).where(mine).order_by(_c.time.desc()).limit(NEWEST).subquery()
        )
        grouped = select(newest.c.client_id, newest.c.outcome, func.count()).group_by(
            newest.c.client_id, newest.c.outcome
        )
        for client_id, outcome, count in conn.execute(grouped):
            clients[client_id] += count
            outcomes[outcome] += count
    return Shares(sum(outcomes.values()), clients, outcomes)


def _first(conn: Connection, log: Tenant, moment: int) -> int:
    """The number of the first event at or after a moment; behind the last one where there is none."""
    query = select(_c.seq).where(_c.log == log, _c.time >= moment).order_by(_c.time, _c.seq).limit(1)
    seq = conn.scalar(query)
    return head_of(conn, log).size if seq is None else seq
